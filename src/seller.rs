//! The seller's side (BPP): lists hours, keeps them in the catalog, holds stock at `init`, sells at `confirm`.
//!
//! A message is judged twice. [`admit`] says at once what the message and one read decide (ruling 6), and changes
//! nothing. [`process`] carries it out later, over the revision that it read, in one transaction; what was lost in a
//! race meanwhile is told in the callback, beside the last contract. The buyer is told of success only after our DISCOM's
//! ledger has acknowledged the contract ([`concluded`], ruling 16).

mod admit;
mod answering;
mod calling_off;
mod error;
mod extras;
mod listing;
mod model;
mod publishing;
mod recording;
mod reducing;
mod selling;
mod step;
mod store;
mod terms;
mod time;

use node::{InboxJob, OutboxJob, Outcome, ProcessError};

pub use admit::admit;
pub use calling_off::cancel_order;
pub use error::SellerError;
pub use listing::{change_offer, list_offer, offer, offers, withdraw_offer};
pub use model::{ChangeWish, ListWish, Ordered};
pub use publishing::publish;
pub use recording::push_status;
pub use time::expire;

use crate::network::{Action, Participant};

/// Works off a message that [`admit`] let in.
///
/// # Errors
/// A passing trouble, to be tried again; or the message can never be processed.
pub async fn process(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let done = match job.action {
        Action::Select => answering::select(p, job).await,
        Action::Init => selling::init(p, job).await,
        Action::Confirm => selling::confirm(p, job).await,
        Action::Cancel => calling_off::cancel(p, job).await,
        Action::Update => reducing::update(p, job).await,
        Action::Track | Action::Rate | Action::Support => extras::answer(p, job).await,
        Action::CatalogOnPublish => publishing::on_publish(p, job).await,
        _ => Err(SellerError::Document),
    };
    Ok(done?)
}

/// A message of ours as a seller has come to its end: a callback, a publication, or a leg to our ledger.
///
/// # Errors
/// The message is sent again, which its receiver answers as a duplicate.
pub async fn concluded(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), ProcessError> {
    let done = match (job.purpose.as_str(), job.action) {
        ("ledger.on_confirm", _) => recording::recorded(p, job, outcome).await,
        ("ledger.on_cancel", _) => recording::withdrawn(p, job, outcome).await,
        ("ledger.on_update", _) => recording::reduced(p, job, outcome).await,
        (_, Action::CatalogPublish) => publishing::sent(p, job, outcome).await,
        _ => step::end_alone(p, step::Ends::outbox(job, outcome)).await,
    };
    Ok(done?)
}
