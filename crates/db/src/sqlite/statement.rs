//! Running one statement on an SQLite connection, and the meaning of its errors.

use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Statement, ffi};

use super::constraint;
use crate::row::{Cell, Row, column_error};
use crate::{DbError, Dialect, Sql, Value};

pub(crate) fn execute(connection: &Connection, text: &str, params: &[Value]) -> Result<u64, DbError> {
    let run = || {
        let mut statement = prepare(connection, text, params)?;
        statement.raw_execute()
    };
    match run() {
        Ok(changed) => u64::try_from(changed).map_err(|fault| DbError::Other(fault.to_string())),
        Err(fault) => Err(mapped(connection, fault)),
    }
}

pub(crate) fn query(connection: &Connection, text: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
    let mut statement = prepare(connection, text, params).map_err(|fault| mapped(connection, fault))?;
    let mut rows = statement.raw_query();
    let mut columns: Option<Arc<[String]>> = None;
    let mut found = Vec::new();
    let mut unreadable = None;
    // Stepped to the end even when a value cannot be read: INSERT … RETURNING has then done all its work.
    while let Some(row) = rows.next().map_err(|fault| mapped(connection, fault))? {
        let columns = columns.get_or_insert_with(|| names(row.as_ref()).into());
        let cells = columns.iter().enumerate().map(|(index, name)| match row.get_ref(index) {
            Ok(value) => cell(name, value),
            Err(fault) => Err(column_error(name, fault.to_string())),
        });
        match cells.collect() {
            Ok(cells) => found.push(Row::new(Arc::clone(columns), cells)),
            Err(fault) => unreadable = Some(fault),
        }
    }
    unreadable.map_or(Ok(found), Err)
}

/// Several statements without parameters.
pub(crate) fn batch(connection: &Connection, text: &str) -> Result<(), DbError> {
    connection.execute_batch(text).map_err(|fault| mapped(connection, fault))
}

/// Begins or ends a transaction or a savepoint.
pub(crate) fn control(connection: &Connection, verb: &str) -> Result<(), DbError> {
    let run = || connection.prepare_cached(verb)?.raw_execute();
    run().map(drop).map_err(unmapped)
}

/// The columns of the statement's result; the statement is not run.
pub(crate) fn columns(connection: &Connection, sql: &Sql) -> Result<Vec<String>, DbError> {
    let statement = connection.prepare(&sql.render(Dialect::Sqlite)).map_err(unmapped)?;
    Ok(names(&statement))
}

fn names(statement: &Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

fn prepare<'c>(
    connection: &'c Connection,
    text: &str,
    params: &[Value],
) -> Result<CachedStatement<'c>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(text)?;
    for index in 1..=statement.parameter_count() {
        // To SQLite `$2` is a name, numbered by where it first appears.
        let number =
            statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        match number.and_then(|number| params.get(number.checked_sub(1)?)) {
            Some(Value::I64(value)) => statement.raw_bind_parameter(index, value)?,
            Some(Value::Text(value)) => statement.raw_bind_parameter(index, value)?,
            Some(Value::Bytes(value)) => statement.raw_bind_parameter(index, value)?,
            None => return Err(rusqlite::Error::InvalidParameterCount(params.len(), index)),
        }
    }
    Ok(statement)
}

fn cell(name: &str, value: ValueRef<'_>) -> Result<Cell, DbError> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(value) => Ok(Cell::I64(value)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cell::Text(text.to_owned())),
            Err(_) => Err(column_error(name, "text is not UTF-8")),
        },
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => Err(column_error(name, "is a float; cast it to BIGINT")),
    }
}

/// The meaning of an error, with constraints named as PostgreSQL names them.
fn mapped(connection: &Connection, fault: rusqlite::Error) -> DbError {
    constraint::of(connection, &fault).unwrap_or_else(|| unmapped(fault))
}

/// The meaning of an error that is no constraint's.
pub(crate) fn unmapped(fault: rusqlite::Error) -> DbError {
    use rusqlite::ErrorCode as Code;
    let Some(&ffi::Error { code, .. }) = fault.sqlite_error() else {
        return DbError::Other(fault.to_string());
    };
    match code {
        Code::ReadOnly => DbError::ReadOnly,
        Code::DatabaseBusy
        | Code::DatabaseLocked
        | Code::CannotOpen
        | Code::DiskFull
        | Code::SystemIoFailure => DbError::Unavailable(fault.to_string()),
        _ => DbError::Other(fault.to_string()),
    }
}
