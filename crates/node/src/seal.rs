//! Messages at rest (ruling 10): their bytes are sealed under a data key of their transaction, which is stored wrapped
//! under the vault's key. A transaction is finer than a user, and known before anybody has read whose message it is;
//! the data keys of a user are those of his transactions, and are destroyed together.
//!
//! A database that was opened without a vault stores the bytes as they are; each row says which. Invariants: a key
//! outlives every message that is sealed under it (whoever seals holds the key's row until his commit); with another
//! vault nothing begins ([`check`]).

use std::sync::Arc;

use db::{DataKey, Db, DbError, Row, Tx, Vault, params};

/// What the vault wraps in [`check`].
const CHECK: &str = "storage check";

db::sql! {
    HELD = "SELECT wrapped FROM message_keys WHERE transaction_id = $1 {FOR KEY SHARE}";
    ADD = "INSERT INTO message_keys (transaction_id, wrapped) VALUES ($1, $2) ON CONFLICT (transaction_id) DO NOTHING";
    pub(crate) LOCK = "SELECT wrapped FROM message_keys WHERE transaction_id = $1 {FOR UPDATE}";
    pub(crate) DESTROY = "DELETE FROM message_keys WHERE transaction_id = $1";
    pub(crate) DESTROY_UNUSED = "DELETE FROM message_keys WHERE transaction_id = $1 \
        AND NOT EXISTS (SELECT 1 FROM inbox WHERE transaction_id = $1) \
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE transaction_id = $1)";
    ADD_CHECK = "INSERT INTO storage_check (id, wrapped) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    THE_CHECK = "SELECT wrapped FROM storage_check WHERE id = 1";
}

/// Whether this database was sealed under the vault that it was opened with; the first time it says so for ever. One
/// transaction.
///
/// # Errors
/// [`DbError::Sealed`] when it was another vault, or there is none now; and those of the database.
pub async fn check(db: &Db) -> Result<(), DbError> {
    let fresh = db.vault().map(|vault| vault.new_key(CHECK)).transpose()?.map(|(_, wrapped)| wrapped);
    db.write(move |tx| {
        let fresh = fresh.clone();
        Box::pin(async move {
            if let Some(fresh) = fresh {
                tx.execute(&ADD_CHECK, &params![fresh]).await?;
            }
            let Some(row) = tx.query_opt(&THE_CHECK, &[]).await? else { return Ok(()) };
            let vault = tx.vault().ok_or(DbError::Sealed)?;
            vault.unwrap_key(CHECK, &row.get::<Vec<u8>>("wrapped")?).map(drop)
        })
    })
    .await
}

/// What the bytes of a transaction's messages are sealed with; nothing without a vault.
pub(crate) struct Sealer(Option<DataKey>);

impl Sealer {
    /// Holds the key until the end of the database's transaction; the first message makes it.
    pub(crate) async fn of(tx: &mut Tx, transaction_id: &str) -> Result<Self, DbError> {
        let Some(vault) = tx.vault().map(Arc::clone) else { return Ok(Self(None)) };
        if let Some(row) = tx.query_opt(&HELD, &params![transaction_id]).await? {
            return vault.unwrap_key(transaction_id, &row.get::<Vec<u8>>("wrapped")?).map(Some).map(Self);
        }
        let (key, wrapped) = vault.new_key(transaction_id)?;
        if tx.execute(&ADD, &params![transaction_id, wrapped]).await? == 1 {
            return Ok(Self(Some(key)));
        }
        let row = tx.query_one(&HELD, &params![transaction_id]).await?;
        vault.unwrap_key(transaction_id, &row.get::<Vec<u8>>("wrapped")?).map(Some).map(Self)
    }

    pub(crate) fn seals(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn seal(&self, place: &str, bytes: &[u8]) -> Result<Vec<u8>, DbError> {
        self.0.as_ref().map_or_else(|| Ok(bytes.to_vec()), |key| key.seal(place, bytes))
    }
}

/// The bytes in a column of a row that also has `sealed`, `transaction_id`, and `wrapped` of the transaction's key.
pub(crate) fn opened(
    vault: Option<&Arc<Vault>>,
    row: &Row,
    (column, place, sealed): (&str, &str, &str),
) -> Result<Vec<u8>, DbError> {
    let bytes: Vec<u8> = row.get(column)?;
    if !row.get::<bool>(sealed)? {
        return Ok(bytes);
    }
    let wrapped: Option<Vec<u8>> = row.get("wrapped")?;
    let (vault, wrapped) = vault.zip(wrapped).ok_or(DbError::Sealed)?;
    vault.unwrap_key(&row.get::<String>("transaction_id")?, &wrapped)?.open(place, &bytes)
}
