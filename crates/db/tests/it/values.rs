//! Values go in and come out unchanged, nulls included.

use db::{Db, DbError, Migration, Sql, Value, params};
use test_support::both_databases;
use units::{DeliverySlot, Paise, Price, Timestamp, WattHours};
use uuid::Uuid;

const THINGS: &[Migration] = &[Migration {
    version: 1,
    name: "things",
    sqlite: "CREATE TABLE things (n INTEGER, t TEXT, b BLOB, flag INTEGER) STRICT",
    postgres: "CREATE TABLE things (n BIGINT, t TEXT, b BYTEA, flag INTEGER)",
}];

db::sql! {
    INSERT = "INSERT INTO things (n, t, b, flag) VALUES ($1, $2, $3, $4) RETURNING n, t, b, flag";
    // In the text the second parameter comes first, and one is used twice.
    SWAPPED = "SELECT CAST($2 AS TEXT) AS second, CAST($1 AS TEXT) AS first, CAST($2 AS TEXT) AS again";
    BY_NULL = "SELECT COUNT(*) AS found FROM things WHERE t IS NOT DISTINCT FROM $1";
    EXPRESSIONS = "SELECT EXISTS (SELECT 1 FROM things) AS present, 1 = 2 AS same,
                          CAST(NULL AS TEXT) AS absent";
    FLOAT = "SELECT n * 1.5 AS product FROM things";
}

async fn stored(db: &Db, values: [Value; 4]) -> db::Row {
    let row: Result<db::Row, DbError> = db
        .write(move |tx| {
            let values = values.clone();
            Box::pin(async move { tx.query_one(&INSERT, &values).await })
        })
        .await;
    row.unwrap()
}

both_databases! {
    migrations = [("test", THINGS)];

    async fn statements_prepare(db: Db) {
        assert_eq!(db.check_statements(STATEMENTS).await, Ok(()));
    }

    async fn the_extremes_survive(db: Db) {
        let all_bytes: Vec<u8> = (0..=255).collect();
        for n in [i64::MIN, -1, 0, i64::MAX] {
            let row = stored(&db, params![n, "ऊर्जा ⚡ '\"$1", all_bytes.clone(), true]).await;
            assert_eq!(row.get::<i64>("n"), Ok(n));
            assert_eq!(row.get::<String>("t").unwrap(), "ऊर्जा ⚡ '\"$1");
            assert_eq!(row.get::<Vec<u8>>("b").unwrap(), all_bytes);
            assert_eq!(row.get::<bool>("flag"), Ok(true));
        }
    }

    async fn nulls_have_the_type_of_their_column(db: Db) {
        let nothing = params![None::<Paise>, None::<Uuid>, None::<Vec<u8>>, None::<bool>];
        let row = stored(&db, nothing).await;
        assert_eq!(row.get::<Option<Paise>>("n"), Ok(None));
        assert_eq!(row.get::<Option<Uuid>>("t"), Ok(None));
        assert_eq!(row.get::<Option<Vec<u8>>>("b"), Ok(None));
        assert_eq!(row.get::<Option<bool>>("flag"), Ok(None));
        assert!(matches!(row.get::<i64>("n"), Err(DbError::Column { column, .. }) if column == "n"));
        let found: Result<i64, DbError> = db
            .read(|tx| Box::pin(async { tx.query_one(&BY_NULL, &params![None::<&str>]).await?.get("found") }))
            .await;
        assert_eq!(found, Ok(1));
    }

    async fn units_are_their_integers(db: Db) {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000));
        let id = Uuid::from_u128(7);
        let row = stored(&db, params![Paise::new(-43_715), id, [7_u8; 3], false]).await;
        assert_eq!(row.get::<Paise>("n"), Ok(Paise::new(-43_715)));
        assert_eq!(row.get::<Uuid>("t"), Ok(id));
        assert_eq!(row.get::<[u8; 3]>("b"), Ok([7; 3]));
        assert_eq!(row.get::<bool>("flag"), Ok(false));
        let row = stored(&db, params![slot, "", Vec::new(), false]).await;
        assert_eq!(row.get::<DeliverySlot>("n"), Ok(slot));
        assert_eq!(row.get::<Timestamp>("n"), Ok(slot.start()));
        let row = stored(&db, params![WattHours::new(20_500), "", Vec::new(), false]).await;
        assert_eq!(row.get::<WattHours>("n"), Ok(WattHours::new(20_500)));
        assert_eq!(row.get::<Price>("n"), Ok(Price::new(20_500)));
    }

    async fn parameters_are_found_by_number(db: Db) {
        let row: Result<db::Row, DbError> = db
            .read(|tx| Box::pin(async move { tx.query_one(&SWAPPED, &params!["one", "two"]).await }))
            .await;
        let row = row.unwrap();
        assert_eq!(row.get::<String>("first").unwrap(), "one");
        assert_eq!(row.get::<String>("second").unwrap(), "two");
        assert_eq!(row.get::<String>("again").unwrap(), "two");
        assert_eq!(row.columns(), ["second", "first", "again"]);
    }

    async fn comparisons_are_flags(db: Db) {
        let row: Result<db::Row, DbError> =
            db.read(|tx| Box::pin(async move { tx.query_one(&EXPRESSIONS, &[]).await })).await;
        let row = row.unwrap();
        assert_eq!((row.get("present"), row.get("same")), (Ok(false), Ok(false)));
        assert_eq!(row.get::<Option<String>>("absent"), Ok(None));
    }

    async fn a_float_never_comes_out(db: Db) {
        stored(&db, params![3, "", Vec::new(), false]).await;
        let read: Result<db::Row, DbError> =
            db.read(|tx| Box::pin(async move { tx.query_one(&FLOAT, &[]).await })).await;
        assert!(matches!(read, Err(DbError::Column { ref column, .. }) if column == "product"), "{read:?}");
    }

    async fn a_column_takes_only_its_type(db: Db) {
        const TEXT_IN_INTEGER: Sql = Sql::new("text", "INSERT INTO things (n) VALUES ('x')");
        let refused: Result<u64, DbError> =
            db.write(|tx| Box::pin(async move { tx.execute(&TEXT_IN_INTEGER, &[]).await })).await;
        assert!(matches!(refused, Err(DbError::Other(_))), "{refused:?}");
    }
}
