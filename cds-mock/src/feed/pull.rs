//! `catalog/pull`: the latest version of each catalog, or every publication of a time, inline or as a download (Beckn
//! 2.0; facts, beckn-wire b.5).
//!
//! A pull is scoped by a subscription of the puller: its networks and types decide. Publications tell what was accepted
//! when they were made; a catalog that disappeared from the puller's networks is told by `isActive: false`.

use std::collections::BTreeSet;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::Path;
use beckn_wire::energy::feed::{Pull, PullMode, WINDOW_MAX};
use beckn_wire::json::{Json, Object};
use db::{DbError, params};
use node::{Admission, Incoming, Record, Refusal};
use units::Timestamp;
use uuid::Uuid;

use super::answer::{Page, refuse};
use super::current::{self, Cut};
use super::publication::{Interest, Meeting, Publication, Reach};
use super::sink::{Done, Full, Sink};
use super::{Feed, store};
use crate::discover::Viewer;

/// Publications whose reach is looked at in one read.
const CHUNK: i64 = 2_000;

/// A window of publications, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

/// # Errors
/// The window is empty or longer than seven days.
fn window(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Result<Window, WireError> {
    let to = to.unwrap_or(now);
    let window = Window { from: from.unwrap_or_else(|| to.saturating_sub(WINDOW_MAX)), to };
    if window.from > window.to {
        let why = "the window ends before it begins";
        return Err(WireError::new(ErrorCode::SchSchemaValidationFailed, why).at("message/toDate"));
    }
    if window.to.since(window.from) > WINDOW_MAX {
        let why = "the window is longer than seven days";
        return Err(WireError::new(ErrorCode::SchSchemaValidationFailed, why).at("message/fromDate"));
    }
    Ok(window)
}

impl Feed {
    /// Judges `catalog/pull`. The answer has the form of both texts, and names the request by an id.
    ///
    /// # Errors
    /// 400 for a window that is too long or a subscription that has ended, 403 for another's, 404 for none.
    pub async fn admit_pull(&self, incoming: &Incoming) -> Result<Admission, Refusal> {
        let message = incoming.document.get("message").unwrap_or(&Json::Null);
        let pull = Pull::read(message, &Path::new("message"))?;
        if let PullMode::Incremental { from, to } = pull.mode {
            window(from, to, self.clocks.wire.now())?;
        }
        let id = super::answer::uuid(&pull.subscription_id)?;
        let found = self.find(id, &incoming.sender.subscriber_id).await?;
        if !found.active {
            let why = "the subscription has ended";
            let code = ErrorCode::BizInvalidStateTransition;
            return Err(refuse(400, code, why, "message/subscriptionId"));
        }
        let id = incoming.envelope.context.message_id.as_str();
        let ack = [("status", Json::from("ACK")), ("messageId", Json::from(id))];
        Ok(Admission::QueueAs(Json::object([
            ("status", Json::from("ACK")),
            ("requestId", Json::from(incoming.inbox_id.to_string())),
            ("message", Json::object(ack)),
        ])))
    }

    /// The message of `catalog/on_pull`. `request` names the download, if it becomes one; `received_at` is when an
    /// open window ends.
    ///
    /// # Errors
    /// Those of the database; what else goes wrong is told in the message.
    pub async fn pull(
        &self,
        request: Uuid,
        record: &Record,
        message: &Json,
        received_at: Timestamp,
    ) -> Result<Json, DbError> {
        let _turn = self.pulls.acquire().await.map_err(|_| DbError::Closed)?;
        let pull = match Pull::read(message, &Path::new("message")) {
            Ok(pull) => pull,
            Err(error) => return Ok(failed(&error)),
        };
        let Ok(id) = Uuid::try_parse(&pull.subscription_id) else {
            return Ok(failed(&WireError::format("message/subscriptionId", "must be a UUID")));
        };
        let stored = self.db.read(move |tx| Box::pin(async move { store::find(tx, id).await })).await?;
        let stored = stored.filter(|stored| stored.active && stored.subscriber == record.subscriber_id);
        let Some(stored) = stored else {
            let error = WireError::new(ErrorCode::BizItemNotFound, "the subscription has ended");
            return Ok(failed(&error.at("message/subscriptionId")));
        };
        let interest = Interest::of(&stored, &self.common(record)).at_any_time();
        let page = Page { limit: pull.limit, offset: pull.offset };
        let mut sink = Sink::new(true);
        let written = match pull.mode {
            PullMode::Full => self.full(&mut sink, record, &interest, page).await,
            PullMode::Incremental { from, to } => match window(from, to, received_at) {
                Ok(window) => self.incremental(&mut sink, record, &interest, page, window).await,
                Err(error) => return Ok(failed(&error)),
            },
        };
        let (count, done) = match written {
            Ok(total) => (page.told(total, sink.len()), tokio::task::spawn_blocking(|| sink.finish()).await),
            Err(Cut::Full(_)) => return Ok(too_large()),
            Err(Cut::Db(error)) => return Err(error),
        };
        let mut told = Object::new();
        told.set("status", "COMPLETED");
        match done.map_err(|_| DbError::Closed)? {
            Ok(Done::Inline(text)) => match Json::parse(&text) {
                Ok(list) => told.set("catalogs", list),
                Err(_) => return Ok(too_large()),
            },
            Ok(Done::Packed(packed)) => {
                let manifest = self.keep(request, &record.subscriber_id, packed).await?;
                told.set("downloadManifest", manifest.to_json());
            }
            Err(Full) => return Ok(too_large()),
        }
        told.set("pagination", count);
        Ok(Json::Object(told))
    }

    /// Writes a page of the current catalogs; gives how many there are.
    async fn full(
        &self,
        sink: &mut Sink,
        record: &Record,
        interest: &Interest,
        page: Page,
    ) -> Result<usize, Cut> {
        let now = self.clocks.market.now();
        let viewer = Self::viewer(record, interest.networks());
        let all = current::catalogs(&self.db, interest.networks(), "", now).await?;
        let mine = |types: &BTreeSet<String>| types.is_empty() || interest.wants(types);
        let all: Vec<_> = all.into_iter().filter(|catalog| mine(&catalog.types)).collect();
        for catalog in all.iter().skip(index(page.offset)).take(index(page.limit)) {
            current::write(&self.db, sink, catalog, &viewer, now).await?;
        }
        Ok(all.len())
    }

    /// Writes a page of the publications of a time; gives how many there are.
    async fn incremental(
        &self,
        sink: &mut Sink,
        record: &Record,
        interest: &Interest,
        page: Page,
        window: Window,
    ) -> Result<usize, Cut> {
        let interests = [interest.clone()];
        let (first, last) = (index(page.offset), index(page.offset).saturating_add(index(page.limit)));
        let (mut total, mut behind) = (0_usize, 0_i64);
        loop {
            let read = self.db.read(move |tx| {
                let key = params![window.from, window.to, behind, CHUNK];
                Box::pin(async move { tx.query(&store::WINDOW, &key).await })
            });
            let rows = read.await?;
            let Some(end) = rows.last() else { break };
            behind = end.get("seq")?;
            for row in &rows {
                let seq: i64 = row.get("seq")?;
                let Some(meeting) = Reach::read(row)?.meets(seq, &interests) else { continue };
                if total >= first && total < last {
                    self.one(sink, record, seq, &meeting).await?;
                }
                total = total.saturating_add(1);
            }
        }
        Ok(total)
    }

    async fn one(&self, sink: &mut Sink, record: &Record, seq: i64, meeting: &Meeting) -> Result<(), Cut> {
        let read = self.db.read(move |tx| {
            Box::pin(async move { tx.query_opt(&store::ONE_PUBLICATION, &params![seq]).await })
        });
        let Some(row) = read.await? else { return Ok(()) };
        let (Meeting::Seen(networks) | Meeting::Withdrawn(networks)) = meeting;
        let viewer: Viewer = Self::viewer(record, networks);
        if let Some(catalog) = Publication::read(&row)?.catalog(meeting, &viewer) {
            sink.catalog(&catalog.to_bytes())?;
        }
        Ok(())
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn too_large() -> Json {
    let why = "the result is larger than what is given at once; ask with a smaller limit";
    failed(&WireError::new(ErrorCode::PolNpCapacityExceeded, why).at("message/limit"))
}

fn failed(error: &WireError) -> Json {
    let error = beckn_wire::ack::Refusal::from(error).to_json();
    Json::object([("status", Json::from("FAILED")), ("error", error)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::Span;

    #[test]
    fn a_window_has_two_ends_and_at_most_seven_days() {
        let now = Timestamp::from_seconds(1_793_520_000);
        let week_ago = now.saturating_sub(WINDOW_MAX);
        assert_eq!(window(None, None, now), Ok(Window { from: week_ago, to: now }));
        assert_eq!(window(Some(week_ago), Some(now), now), Ok(Window { from: week_ago, to: now }));
        let second = Span::from_secs(1);
        let early = Some(week_ago.saturating_sub(second));
        let paths = [window(early, None, now), window(Some(now.saturating_add(second)), None, now)];
        let paths = paths.map(|refused| refused.unwrap_err().path.unwrap_or_default());
        assert_eq!(paths, ["message/fromDate", "message/toDate"]);
    }
}
