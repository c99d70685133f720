//! The two dialects of every migration mean the same: tables, columns, types, nullability, keys and indexes are compared
//! on a real SQLite and a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, DbError, Migration, Sql, Value};
use futures_util::FutureExt;
use test_support::database::{Backend, TestDb};

const COMPONENTS: &[(&str, &[Migration])] = &[
    (node::COMPONENT, node::MIGRATIONS),
    (wattmandi::COMPONENT, wattmandi::MIGRATIONS),
    (cds_mock::COMPONENT, cds_mock::MIGRATIONS),
    (discom_mock::ledger::COMPONENT, discom_mock::ledger::MIGRATIONS),
];

static SQLITE_COLUMNS: Sql = Sql::new(
    "SQLITE_COLUMNS",
    "SELECT t.name AS table_name, c.name AS column_name, c.type AS kind, c.\"notnull\" AS required, c.pk AS pk \
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' \
     AND t.name <> 'schema_migrations'",
);
static SQLITE_INDEXES: Sql = Sql::new(
    "SQLITE_INDEXES",
    "SELECT t.name AS table_name, i.name AS index_name, i.\"unique\" AS is_unique, x.seqno AS place, x.name AS column_name \
     FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) x \
     WHERE t.type = 'table' AND i.origin = 'c'",
);
static POSTGRES_COLUMNS: Sql = Sql::new(
    "POSTGRES_COLUMNS",
    "SELECT c.table_name::text AS table_name, c.column_name::text AS column_name, c.data_type::text AS kind, \
     CAST(c.is_nullable = 'NO' AS INT)::bigint AS required, \
     COALESCE((SELECT k.ordinal_position::bigint FROM information_schema.key_column_usage k \
       JOIN information_schema.table_constraints tc ON tc.constraint_name = k.constraint_name \
       AND tc.table_schema = k.table_schema AND tc.table_name = k.table_name \
       WHERE tc.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name \
       AND k.column_name = c.column_name), 0::bigint) AS pk \
     FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name <> 'schema_migrations'",
);
static POSTGRES_INDEXES: Sql = Sql::new(
    "POSTGRES_INDEXES",
    "SELECT t.relname::text AS table_name, i.relname::text AS index_name, CAST(x.indisunique AS INT)::bigint AS is_unique, \
     (k.n - 1)::bigint AS place, a.attname::text AS column_name \
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
     JOIN pg_namespace s ON s.oid = t.relnamespace \
     CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, n) \
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum \
     WHERE s.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid) \
     AND t.relname <> 'schema_migrations'",
);

/// `table.column` → what it is; `table/index` → its columns.
type Shape = BTreeMap<String, String>;

async fn shape(db: &Db, columns: &'static Sql, indexes: &'static Sql) -> Shape {
    db.read(move |tx| {
        async move {
            let none: &[Value] = &[];
            let mut shape = Shape::new();
            for row in tx.query(columns, none).await? {
                let key =
                    format!("{}.{}", row.get::<String>("table_name")?, row.get::<String>("column_name")?);
                let kind = match row.get::<String>("kind")?.to_lowercase().as_str() {
                    "integer" | "bigint" => "integer".to_owned(),
                    "blob" | "bytea" => "bytes".to_owned(),
                    other => other.to_owned(),
                };
                let pk = row.get::<i64>("pk")?;
                // SQLite leaves a primary key column without NOT NULL formally nullable.
                let required = row.get::<i64>("required")? == 1 || pk > 0;
                shape.insert(key, format!("{kind} required={required} pk={pk}"));
            }
            let mut found: BTreeMap<String, (i64, BTreeMap<i64, String>)> = BTreeMap::new();
            for row in tx.query(indexes, none).await? {
                let key =
                    format!("{}/{}", row.get::<String>("table_name")?, row.get::<String>("index_name")?);
                let entry = found.entry(key).or_insert((row.get("is_unique")?, BTreeMap::new()));
                entry.1.insert(row.get("place")?, row.get("column_name")?);
            }
            for (key, (unique, columns)) in found {
                let columns: Vec<String> = columns.into_values().collect();
                shape.insert(key, format!("unique={unique} ({})", columns.join(", ")));
            }
            Ok::<_, DbError>(shape)
        }
        .boxed()
    })
    .await
    .unwrap()
}

async fn migrated(test: &TestDb) {
    for (component, migrations) in COMPONENTS {
        test.migrate(component, migrations).await;
    }
}

#[test]
fn both_dialects_make_the_same_tables() {
    let (send, receive) = std::sync::mpsc::channel();
    let other = send.clone();
    test_support::database::run(Backend::Sqlite, &[], |test: TestDb| async move {
        migrated(&test).await;
        send.send(("sqlite", shape(test.db(), &SQLITE_COLUMNS, &SQLITE_INDEXES).await)).unwrap();
    });
    test_support::database::run(Backend::Postgres, &[], |test: TestDb| async move {
        migrated(&test).await;
        other.send(("postgres", shape(test.db(), &POSTGRES_COLUMNS, &POSTGRES_INDEXES).await)).unwrap();
    });
    let shapes: BTreeMap<&str, Shape> = receive.try_iter().collect();
    let (Some(sqlite), Some(postgres)) = (shapes.get("sqlite"), shapes.get("postgres")) else {
        println!("skipped: there is no PostgreSQL to compare with");
        return;
    };
    assert!(sqlite.len() > 100, "only {} columns and indexes were found", sqlite.len());
    let keys: BTreeSet<&String> = sqlite.keys().chain(postgres.keys()).collect();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| sqlite.get(*key) != postgres.get(*key))
        .map(|key| format!("{key}: sqlite {:?}, postgres {:?}", sqlite.get(key), postgres.get(key)))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
