//! The buyer's platform (BAP): what our users ask of the network, and what its answers do to their contracts.
//!
//! Each wish is checked, made into a message and stored with it in one transaction; the answer to the user is only
//! that it is on its way. The outcome comes as a callback ([`admit`], [`process`]) or as the end of our own message
//! ([`concluded`]), and is told by an event. Invariants: a trade stands only after our user's DISCOM has recorded it
//! (ruling 16); what a seller answers must be what was asked for, or the user is told and nothing is bought; a
//! contract counts against the sanctioned load of its meter exactly while its `holds` says so; a cancellation or a
//! change is previewed, then committed (Beckn 2.0, `try` and `requestDigest`).
//!
//! Draft → Quoted → Offered → Confirming → Recording → Standing → Cancelling → Cancelled, and Rejected, Expired,
//! Disputed (architecture, section 8).

mod admit;
mod agreement;
mod answers;
mod asking;
mod calling_off;
mod changing;
mod concluded;
mod error;
mod expiry;
mod extras;
mod interests;
mod model;
mod offers;
mod order;
mod plans;
mod preview;
mod ranking;
mod reading;
mod step;
mod store;
mod terms;

use node::{InboxJob, ProcessError};

use crate::network::{Action, Participant};

pub use admit::admit;
pub use asking::{confirm, init, select};
pub use calling_off::cancel;
pub use changing::update;
pub use concluded::concluded;
pub use error::BuyerError;
pub use expiry::expire;
pub use extras::{rate, status, support, track};
pub use interests::{
    Interest, InterestAccepted, InterestWish, advance as advance_interests, close as close_interest,
    create as create_interest, list as list_interests, read as read_interest, subscribe,
};
pub use model::{
    Accepted, CancelWish, ConfirmWish, DiscoverWish, Exchange, FoundOffer, FoundSlot, InitWish, Obstacle,
    Purchase, RateWish, Search, SearchState, SelectWish, SlotGate, SlotWish, StatusWish, SupportWish,
    TrackWish, UpdateWish,
};
pub use offers::discover;
pub use plans::{
    CancelResult, Cover, Part, PartMerits, PartResult, PartSlot, PartState, Plan, PlanAccepted,
    PlanCancelled, PlanState, PlanView, PlanWanted, PlanWish, Proposal, Short, Substitute,
    advance as advance_plans, cancel as cancel_plan, confirm as confirm_plan, create as create_plan,
    list as list_plans, read as read_plan,
};
pub use ranking::{Merits, Place, ProviderTrust, Rank, RankWish, Refusal};
pub use reading::{change_under_way, exchanges, found_offers, search};

/// Works off a callback to a buyer of ours. One transaction holds its effects and the end of the inbox row.
///
/// # Errors
/// A passing trouble, to be tried again; a message that can never be processed.
pub async fn process(participant: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    match job.action {
        Action::OnDiscover => offers::answered(participant, job).await,
        Action::OnSelect | Action::OnInit | Action::OnConfirm => answers::process(participant, job).await,
        Action::OnCancel => calling_off::process(participant, job).await,
        Action::CatalogPush => interests::pushed(participant, job).await,
        Action::OnUpdate => changing::process(participant, job).await,
        _ => extras::answered(participant, job).await,
    }
}
