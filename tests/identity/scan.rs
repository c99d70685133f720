//! Looks for texts in every text and every byte column of every table.

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, DbError, Dialect, Row, Sql};

db::sql! {
    SQLITE_COLUMNS = "SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND c.type IN ('TEXT', 'BLOB') ORDER BY m.name, c.name";
    POSTGRES_COLUMNS = "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c \
        FROM information_schema.columns WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea') \
        ORDER BY table_name, column_name";
}

async fn rows(db: &Db, sql: Sql) -> Vec<Row> {
    let read = db.read(move |tx| Box::pin(async move { tx.query(&sql, &[]).await }));
    let rows: Result<Vec<Row>, DbError> = read.await;
    rows.unwrap()
}

/// Where any of these texts stands, in whatever case: `table.column: text`.
pub async fn found(db: &Db, needles: &[&str]) -> BTreeSet<String> {
    let sqlite = db.dialect() == Dialect::Sqlite;
    let columns = rows(db, if sqlite { SQLITE_COLUMNS } else { POSTGRES_COLUMNS }).await;
    assert!(columns.len() > 150, "{} columns", columns.len());
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in columns {
        tables.entry(row.get("t").unwrap()).or_default().push(row.get("c").unwrap());
    }
    let mut places = BTreeSet::new();
    for (table, columns) in tables {
        let text = format!("SELECT {} FROM {table}", columns.join(", "));
        for row in rows(db, Sql::new("tests::scan", Box::leak(text.into_boxed_str()))).await {
            for column in &columns {
                let cell = text_of(&row, column);
                for needle in needles.iter().filter(|needle| cell.contains(&needle.to_lowercase())) {
                    places.insert(format!("{table}.{column}: {needle}"));
                }
            }
        }
    }
    places
}

fn text_of(row: &Row, column: &str) -> String {
    let text = row.get::<Option<String>>(column).map(Option::unwrap_or_default);
    let bytes = || row.get::<Option<Vec<u8>>>(column).unwrap().unwrap_or_default();
    text.unwrap_or_else(|_| String::from_utf8_lossy(&bytes()).into_owned()).to_lowercase()
}
