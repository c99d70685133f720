//! SQL of the meter blocks, and nothing else. Every function runs in its caller's transaction.

use std::collections::BTreeMap;

use db::{DbError, Tx, params};
use units::Timestamp;

use super::model::{Block, Quality, Source, Stored};

db::sql! {
    BETWEEN = "SELECT block, revision, import_wh, export_wh, quality, source FROM meter_blocks WHERE \
        meter = $1 AND block >= $2 AND block < $3 ORDER BY block, revision";
    ADD = "INSERT INTO meter_blocks (meter, block, revision, import_wh, export_wh, quality, source, \
        recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    TELL_DAY = "UPDATE ledger_days SET news = news + 1 WHERE day = $1";
}

/// The blocks of a meter that start in `from..until`, each in its latest revision, in order.
pub async fn between(
    tx: &mut Tx,
    meter: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Stored>, DbError> {
    let mut latest = BTreeMap::new();
    for row in tx.query(&BETWEEN, &params![meter, from, until]).await? {
        let (quality, source): (String, String) = (row.get("quality")?, row.get("source")?);
        let unknown = || DbError::Other("a meter block has an unknown kind".to_owned());
        let block = Block {
            start: row.get("block")?,
            import: row.get("import_wh")?,
            export: row.get("export_wh")?,
            quality: Quality::parse(&quality).ok_or_else(unknown)?,
        };
        let source = Source::parse(&source).ok_or_else(unknown)?;
        latest.insert(block.start, Stored { block, revision: row.get("revision")?, source });
    }
    Ok(latest.into_values().collect())
}

/// Adds a revision of a block; false when there is one of that number.
pub async fn add(tx: &mut Tx, meter: &str, stored: &Stored, now: Timestamp) -> Result<bool, DbError> {
    let block = &stored.block;
    let values = params![
        meter,
        block.start,
        stored.revision,
        block.import,
        block.export,
        block.quality.as_str(),
        stored.source.as_str(),
        now,
    ];
    Ok(tx.execute(&ADD, &values).await? == 1)
}

/// Tells every ledger that looks at that delivery day that its meters said something new.
pub async fn tell_day(tx: &mut Tx, day: Timestamp) -> Result<(), DbError> {
    tx.execute(&TELL_DAY, &params![day]).await.map(drop)
}
