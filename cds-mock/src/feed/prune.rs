//! Forgets what nobody can ask for any more, in short transactions.

use db::{Db, DbError, Row, Sql, params};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::{Feed, store};

/// How often.
pub(super) const EVERY: Span = Span::from_hours(1);
/// Publications are kept a day longer than a pull may look back, and for as long as a dead letter names them.
const PUBLICATIONS_KEPT: Span = Span::from_hours(8 * 24);
const DEAD_KEPT: Span = Span::from_hours(30 * 24);
const DELIVERED_KEPT: Span = Span::from_hours(24);
/// Rows of one transaction, and transactions of one round.
const ROWS: i64 = 256;
const ROUNDS: usize = 64;

impl Feed {
    /// One round; what is left is for the next one.
    pub async fn prune(&self) {
        if let Err(error) = prune(&self.db, self.clocks.wire.now()).await {
            tracing::warn!(%error, "old publications were not removed");
        }
    }
}

async fn prune(db: &Db, now: Timestamp) -> Result<(), DbError> {
    db.write(move |tx| {
        Box::pin(async move {
            tx.execute(&store::EXPIRED_DOWNLOADS, &params![now]).await?;
            tx.execute(&store::OLD_DEAD, &params![now.saturating_sub(DEAD_KEPT)]).await.map(|_| ())
        })
    })
    .await?;
    for _ in 0..ROUNDS {
        let ids = old(db, &store::OLD_PUSHES, now.saturating_sub(DELIVERED_KEPT)).await?;
        if ids.is_empty() {
            break;
        }
        let ids: Vec<Uuid> = ids.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?;
        db.write(move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                for id in ids {
                    node::outbox::forget(tx, id).await?;
                    tx.execute(&store::DROP_PUSH, &params![id]).await?;
                }
                Ok::<_, DbError>(())
            })
        })
        .await?;
    }
    for _ in 0..ROUNDS {
        let rows = old(db, &store::OLD_PUBLICATIONS, now.saturating_sub(PUBLICATIONS_KEPT)).await?;
        if rows.is_empty() {
            break;
        }
        let numbers: Vec<i64> = rows.iter().map(|row| row.get("seq")).collect::<Result<_, _>>()?;
        db.write(move |tx| {
            let numbers = numbers.clone();
            Box::pin(async move {
                for seq in &numbers {
                    tx.execute(&store::DROP_PUBLICATION, &params![*seq]).await?;
                }
                let highest = numbers.iter().max().copied().unwrap_or_default();
                tx.execute(&store::SET_PRUNED, &params![highest]).await.map(|_| ())
            })
        })
        .await?;
    }
    Ok(())
}

async fn old(db: &Db, sql: &'static Sql, before: Timestamp) -> Result<Vec<Row>, DbError> {
    db.read(move |tx| Box::pin(async move { tx.query(sql, &params![before, ROWS]).await })).await
}
