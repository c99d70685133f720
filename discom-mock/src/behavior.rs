//! Faults on demand: how a ledger misbehaves when a test or a demonstration asks for it.
//!
//! A fault is set per ledger and action, for the next so many messages or until it is lifted. Only messages
//! that have passed every check of signature and sender use a fault up, so that a stranger cannot spend them.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;

/// What a ledger does with a message instead of its duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Records nothing and answers NACK with that code.
    Refuse(ErrorCode),
    /// Records nothing and lets the sender wait until it gives up, at most for
    /// [`crate::config::Config::hold`].
    Timeout,
    /// Records, and closes the connection without an answer.
    LoseAck,
}

/// A fault with its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behavior {
    pub fault: Fault,
    /// The messages it applies to.
    pub action: Action,
    /// How many of them; None until it is lifted.
    pub times: Option<u32>,
}

impl Behavior {
    /// The fault on every `on_confirm`.
    pub const fn always(fault: Fault) -> Self {
        Self { fault, action: Action::OnConfirm, times: None }
    }

    /// The fault on the next `times` messages `on_confirm`.
    pub const fn next(fault: Fault, times: u32) -> Self {
        Self { fault, action: Action::OnConfirm, times: Some(times) }
    }

    /// The same fault on another action.
    #[must_use]
    pub const fn on(mut self, action: Action) -> Self {
        self.action = action;
        self
    }
}

impl fmt::Display for Behavior {
    /// As [`Setting`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Fault::Refuse(code) => write!(f, "refuse:{code}")?,
            Fault::Timeout => f.write_str("timeout")?,
            Fault::LoseAck => f.write_str("lose-ack")?,
        }
        if let Some(times) = self.times {
            write!(f, ":{times}")?;
        }
        write!(f, "@{}", self.action)
    }
}

/// A behavior that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BehaviorError {
    #[error("a behavior is normal, refuse, timeout or lose-ack, then optionally :CODE, :TIMES and @ACTION")]
    Form,
    #[error("{0} is not an error code of the protocol")]
    Code(String),
    #[error("a fault can be put on on_confirm, on_cancel and on_update")]
    Action,
}

/// The setting of one ledger as text: `normal`, `refuse`, `refuse:2`, `refuse:POL_ENGAGEMENT_REFUSED:2`,
/// `timeout:1@on_cancel`, `lose-ack:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(pub Option<Behavior>);

impl FromStr for Setting {
    type Err = BehaviorError;

    fn from_str(text: &str) -> Result<Self, BehaviorError> {
        let (what, action) = match text.split_once('@') {
            None => (text, Action::OnConfirm),
            Some((what, action)) => (what, Action::parse(action).ok_or(BehaviorError::Action)?),
        };
        if !matches!(action, Action::OnConfirm | Action::OnCancel | Action::OnUpdate) {
            return Err(BehaviorError::Action);
        }
        let mut parts = what.split(':');
        let name = parts.next().unwrap_or_default();
        let (mut code, mut times) = (None, None);
        for part in parts {
            if part.starts_with(|c: char| c.is_ascii_digit()) && times.is_none() {
                times = Some(part.parse::<u32>().map_err(|_| BehaviorError::Form)?);
            } else if name == "refuse" && code.is_none() && times.is_none() {
                code = Some(ErrorCode::parse(part).ok_or_else(|| BehaviorError::Code(part.to_owned()))?);
            } else {
                return Err(BehaviorError::Form);
            }
        }
        let fault = match name {
            "normal" if times.is_none() => return Ok(Self(None)),
            "refuse" => Fault::Refuse(code.unwrap_or(ErrorCode::PolEngagementRefused)),
            "timeout" => Fault::Timeout,
            "lose-ack" => Fault::LoseAck,
            _ => return Err(BehaviorError::Form),
        };
        Ok(Self(Some(Behavior { fault, action, times })))
    }
}

/// The faults now in force, by ledger; a handle that can be cloned and changed while the process runs.
#[derive(Clone, Debug, Default)]
pub struct Behaviors(Arc<Mutex<HashMap<String, Behavior>>>);

impl Behaviors {
    /// Puts a ledger under a fault, in place of the one before; None lifts it.
    pub fn set(&self, ledger_id: &str, behavior: Option<Behavior>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match behavior.filter(|behavior| behavior.times != Some(0)) {
            Some(behavior) => all.insert(ledger_id.to_owned(), behavior),
            None => all.remove(ledger_id),
        };
    }

    /// The fault that a ledger is under.
    pub fn get(&self, ledger_id: &str) -> Option<Behavior> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(ledger_id).copied()
    }

    /// Uses up one message's worth of a fault on `action`, if `wanted` says that it happens at this stage.
    pub fn take(&self, ledger_id: &str, action: Action, wanted: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let behavior = all.get_mut(ledger_id).filter(|b| b.action == action && wanted(b.fault))?;
        let fault = behavior.fault;
        if let Some(times) = &mut behavior.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                all.remove(ledger_id);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_documented() {
        let read = |text: &str| text.parse::<Setting>().map(|setting| setting.0);
        let refuse = Fault::Refuse(ErrorCode::PolEngagementRefused);
        assert_eq!(read("normal"), Ok(None));
        assert_eq!(read("refuse"), Ok(Some(Behavior::always(refuse))));
        assert_eq!(read("refuse:2"), Ok(Some(Behavior::next(refuse, 2))));
        assert_eq!(
            read("refuse:BIZ_GENERIC_ERROR:3"),
            Ok(Some(Behavior::next(Fault::Refuse(ErrorCode::BizGenericError), 3)))
        );
        assert_eq!(
            read("timeout:1@on_cancel"),
            Ok(Some(Behavior::next(Fault::Timeout, 1).on(Action::OnCancel)))
        );
        assert_eq!(read("lose-ack:1"), Ok(Some(Behavior::next(Fault::LoseAck, 1))));
        assert_eq!(read("refuse:NO_SUCH"), Err(BehaviorError::Code("NO_SUCH".to_owned())));
        assert_eq!(read("timeout@status"), Err(BehaviorError::Action));
        for behavior in [Behavior::always(refuse), Behavior::next(Fault::Timeout, 3).on(Action::OnUpdate)] {
            assert_eq!(read(&behavior.to_string()), Ok(Some(behavior)));
        }
        for wrong in
            ["", "sulk", "normal:1", "timeout:BIZ_GENERIC_ERROR", "refuse:1:1", "refuse:1x", "lose-ack:-1"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_is_used_up_by_its_own_action_at_its_own_stage() {
        let all = Behaviors::default();
        all.set("ledger", Some(Behavior::next(Fault::LoseAck, 2)));
        let lost = |fault| fault == Fault::LoseAck;
        assert_eq!(all.take("ledger", Action::OnCancel, lost), None);
        assert_eq!(all.take("other", Action::OnConfirm, lost), None);
        assert_eq!(all.take("ledger", Action::OnConfirm, |fault| !lost(fault)), None);
        assert_eq!(all.take("ledger", Action::OnConfirm, lost), Some(Fault::LoseAck));
        assert_eq!(all.get("ledger").and_then(|b| b.times), Some(1));
        assert_eq!(all.take("ledger", Action::OnConfirm, lost), Some(Fault::LoseAck));
        assert_eq!(all.take("ledger", Action::OnConfirm, lost), None);
        assert_eq!(all.get("ledger"), None);
        all.set("ledger", Some(Behavior::always(Fault::Timeout)));
        for _ in 0..3 {
            assert_eq!(all.take("ledger", Action::OnConfirm, |_| true), Some(Fault::Timeout));
        }
        all.set("ledger", None);
        assert_eq!(all.get("ledger"), None);
    }
}
