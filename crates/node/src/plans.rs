//! What the loops ask again and again costs as much as there is to do, not as much as was ever done.
//!
//! The rows of both queues are kept, bodies included: a statement that reads the table to find the few unfinished rows
//! grows slower with each message.

use db::{Db, DbError, Migration, Sql, Value};
use test_support::database::{Backend, run};

use crate::{COMPONENT, MIGRATIONS, inbox, outbox, overview, prune};

const STEPS: &[(&str, &[Migration])] = &[(COMPONENT, MIGRATIONS)];

/// How SQLite would run the statement, one step a line. Statements are constants, so the text of this one is leaked.
async fn plan(db: &Db, sql: &Sql, parameters: &'static [i64]) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {}", sql.text());
    let sql = Sql::new("plans::plan", Box::leak(text.into_boxed_str()));
    let rows = db.read(move |tx| {
        Box::pin(async move {
            let values: Vec<Value> = parameters.iter().map(|number| Value::from(*number)).collect();
            tx.query(&sql, &values).await
        })
    });
    let detail = |row: &db::Row| row.get("detail");
    rows.await.unwrap().iter().map(detail).collect::<Result<_, DbError>>().unwrap()
}

fn assert_indexed(name: &str, plan: &[String], table: &str, index: &str) {
    let walked: Vec<&String> = plan.iter().filter(|step| step.starts_with(table)).collect();
    assert!(!walked.is_empty(), "{name}: {plan:#?}");
    assert!(walked.iter().all(|step| step.ends_with(index)), "{name} reads the whole table: {plan:#?}");
}

#[test]
fn finished_messages_cost_the_loops_nothing() {
    run(Backend::Sqlite, STEPS, |db: Db| async move {
        let due = plan(&db, &outbox::DUE, &[0, 8, 512]).await;
        assert_indexed("outbox::DUE", &due, "SCAN o", "USING INDEX outbox_due");
        let due = plan(&db, &inbox::DUE, &[0, 16]).await;
        assert_indexed("inbox::DUE", &due, "SCAN i", "USING INDEX inbox_due");
    });
}

#[test]
fn the_operators_view_and_housekeeping_read_indexes() {
    run(Backend::Sqlite, STEPS, |db: Db| async move {
        for (name, sql, due, finished) in [
            ("OUTBOX_COUNTS", &overview::OUTBOX_COUNTS, "INDEX outbox_due", "COVERING INDEX outbox_prune"),
            ("INBOX_COUNTS", &overview::INBOX_COUNTS, "INDEX inbox_due", "COVERING INDEX inbox_prune"),
        ] {
            let steps = plan(&db, sql, &[]).await;
            let scans: Vec<&String> = steps.iter().filter(|step| step.starts_with("SCAN ")).collect();
            assert!(
                scans.len() == 2 && scans[0].ends_with(due) && scans[1].ends_with(finished),
                "{name}: {steps:#?}"
            );
        }
        for (name, sql, index) in [
            ("OUTBOX_ENDED_BADLY", &overview::OUTBOX_ENDED_BADLY, "outbox_ended_badly"),
            ("INBOX_ENDED_BADLY", &overview::INBOX_ENDED_BADLY, "inbox_failed"),
        ] {
            let steps = plan(&db, sql, &[9]).await;
            assert!(steps.len() == 1 && steps[0].ends_with(index), "{name}: {steps:#?}");
        }
        for (name, sql, parameters, index) in [
            ("RECEIVED", &prune::RECEIVED, &[0, 0, 9][..], "inbox_prune"),
            ("RECEIVED_WHEN_ASKED", &prune::RECEIVED_WHEN_ASKED, &[0, 0, 9, 0], "inbox_prune"),
            ("SENT", &prune::SENT, &[0, 0, 9], "outbox_prune"),
            ("SENT_WHEN_ASKED", &prune::SENT_WHEN_ASKED, &[0, 0, 9], "outbox_prune"),
        ] {
            let steps = plan(&db, sql, parameters).await;
            let found = format!("USING INDEX {index} (action=? AND");
            assert!(steps[0].contains(&found), "{name}: {steps:#?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{name}: {steps:#?}");
        }
    });
}
