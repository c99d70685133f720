//! The name of the constraint that refused a row.
//!
//! SQLite reports the columns of a unique constraint and the name of a check. So that the domain can match on
//! one name, the columns are looked up among the table's indexes, and an unnamed one is called what
//! PostgreSQL calls it. Two unique indexes over the same columns (partial ones) cannot be told apart: avoid
//! them.

use rusqlite::{Connection, ffi};

use crate::DbError;

const UNIQUE: &str = "UNIQUE constraint failed: ";
const CHECK: &str = "CHECK constraint failed: ";
const NOT_NULL: &str = "NOT NULL constraint failed: ";

/// The constraint error that `fault` stands for, if it is one.
pub(crate) fn of(connection: &Connection, fault: &rusqlite::Error) -> Option<DbError> {
    let rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, Some(message)) = fault else {
        return None;
    };
    match *extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            let described = message.strip_prefix(UNIQUE)?;
            Some(DbError::Unique { constraint: unique_name(connection, described) })
        }
        ffi::SQLITE_CONSTRAINT_CHECK => {
            Some(DbError::Check { constraint: message.strip_prefix(CHECK)?.to_owned() })
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            Some(DbError::NotNull { column: message.strip_prefix(NOT_NULL)?.to_owned() })
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(DbError::ForeignKey),
        _ => None,
    }
}

/// `described` is `table.a, table.b`, or `index 'name'` for an index over expressions.
fn unique_name(connection: &Connection, described: &str) -> String {
    if let Some(name) = described.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return name.to_owned();
    }
    let pairs: Option<Vec<(&str, &str)>> = described.split(", ").map(|part| part.split_once('.')).collect();
    let Some(pairs) = pairs else { return described.to_owned() };
    let Some(&(table, _)) = pairs.first() else { return described.to_owned() };
    let columns: Vec<&str> = pairs.iter().map(|&(_, column)| column).collect();
    // Without an index of its own, the columns are the rowid under its name.
    index_over(connection, table, &columns).ok().flatten().unwrap_or_else(|| format!("{table}_pkey"))
}

fn index_over(connection: &Connection, table: &str, columns: &[&str]) -> rusqlite::Result<Option<String>> {
    let mut indexes = connection.prepare_cached(
        "SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" = 1 ORDER BY seq DESC",
    )?;
    let mut members = connection.prepare_cached("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut found = indexes.query([table])?;
    while let Some(index) = found.next()? {
        let name: String = index.get("name")?;
        let origin: String = index.get("origin")?;
        let members: Vec<Option<String>> =
            members.query_map([&name], |member| member.get(0))?.collect::<rusqlite::Result<_>>()?;
        if members.iter().map(Option::as_deref).eq(columns.iter().map(|&column| Some(column))) {
            return Ok(Some(match origin.as_str() {
                "pk" => format!("{table}_pkey"),
                "u" => format!("{table}_{}_key", columns.join("_")),
                _ => name,
            }));
        }
    }
    Ok(None)
}
