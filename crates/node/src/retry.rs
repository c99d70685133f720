//! When to try again, and when to give up. Pure: the clock and the dice are arguments.

use beckn_wire::ack::{AckVerdict, parse_ack};
use beckn_wire::code::ErrorCode;
use units::{Span, Timestamp};

use crate::outbox::Outcome;

/// Waiting times after the first, second, … failure, in seconds; the last one is repeated.
const TABLE: [i64; 8] = [1, 2, 5, 15, 60, 300, 900, 3600];
/// A message without a deadline is given up after this.
const LIFE_MAX: Span = Span::from_hours(5 * 24);
/// So often a refused callback is sent again: the refusal may be a passing one (CON-008-18).
const CALLBACK_REFUSALS_MAX: u32 = 3;

/// The waiting time after `failures` failures in a row, ±20 % by `dice`, which is below 1,000,000.
///
/// What the peer asks for (`Retry-After`) is honored within the table's time and twice of it.
pub fn delay(failures: u32, dice: u64, retry_after: Option<Span>) -> Span {
    let index =
        usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX).min(TABLE.len().saturating_sub(1));
    let base = TABLE.get(index).copied().unwrap_or(3600).saturating_mul(1_000_000);
    let dice = i64::try_from(dice.min(1_000_000)).unwrap_or(0);
    // 80 % of the base, and up to 40 % of it more.
    let spread = base.checked_div(10).unwrap_or(0).saturating_mul(4);
    let share = spread.saturating_mul(dice).checked_div(1_000_000).unwrap_or(0);
    let jittered = base.saturating_sub(spread.checked_div(2).unwrap_or(0)).saturating_add(share);
    let wished = retry_after.map_or(0, |span| span.micros().clamp(base, base.saturating_mul(2)));
    Span::from_micros(jittered.max(wished))
}

/// What came of one attempt.
pub(crate) enum Met<'a> {
    Answer {
        status: u16,
        body: &'a [u8],
    },
    /// No answer; the text is for the log.
    Nothing(&'a str),
}

/// What is known of the message when an attempt has ended.
pub(crate) struct Facts {
    pub(crate) callback: bool,
    /// Whether the signature was chained and the peer's mode is not pinned, so that plain may be tried.
    pub(crate) may_unchain: bool,
    /// Refusals before this attempt.
    pub(crate) refusals: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Conclude(Outcome),
    /// The peer did not answer usably: it is left alone for a while, and so is this message.
    PeerFailed(String),
    /// The peer refused this callback; this message waits, others do not.
    Refused(String),
    /// Send again at once, signed plainly, and remember that.
    Unchain,
}

/// Judges one attempt: the HTTP status first, then the body (Beckn section b.3).
pub(crate) fn judge(met: &Met<'_>, facts: &Facts) -> Next {
    let (status, body) = match *met {
        Met::Nothing(why) => return failed(why.to_owned(), facts),
        Met::Answer { status, body } => (status, body),
    };
    let ack = parse_ack(status, body);
    if let AckVerdict::Ack { .. } | AckVerdict::AckNoCallback { .. } = ack {
        return Next::Conclude(Outcome::Delivered { ack, duplicate: false });
    }
    let (code, message) = match &ack {
        AckVerdict::Nack { refusal, .. } => (refusal.code.clone(), refusal.message.clone()),
        _ => (String::new(), format!("HTTP status {status}")),
    };
    if status == 400 && code == ErrorCode::CtxMessageIdDuplicate.as_str() {
        return Next::Conclude(Outcome::Delivered { ack, duplicate: true });
    }
    match status {
        401 if facts.may_unchain => Next::Unchain,
        408 | 429 => failed(format!("HTTP status {status}"), facts),
        200..=299 | 400..=499 => refused(code, message, facts),
        _ => failed(format!("HTTP status {status}"), facts),
    }
}

fn failed(why: String, facts: &Facts) -> Next {
    if facts.deadline.is_some_and(|deadline| deadline <= facts.now) {
        return Next::Conclude(Outcome::Expired);
    }
    if facts.deadline.is_none() && facts.now.since(facts.created_at) >= LIFE_MAX {
        return Next::Conclude(Outcome::Dead { reason: why });
    }
    Next::PeerFailed(why)
}

fn refused(code: String, message: String, facts: &Facts) -> Next {
    if !facts.callback {
        return Next::Conclude(Outcome::Refused { code, message });
    }
    if facts.refusals >= CALLBACK_REFUSALS_MAX {
        return Next::Conclude(Outcome::Dead { reason: format!("refused: {code} {message}") });
    }
    Next::Refused(format!("{code} {message}"))
}

/// The value of `Retry-After` in its form of seconds.
pub(crate) fn retry_after(value: Option<&str>) -> Option<Span> {
    let seconds: i64 = value?.trim().parse().ok()?;
    (seconds >= 0).then(|| Span::from_secs(seconds.min(86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);

    fn facts(callback: bool) -> Facts {
        Facts { callback, may_unchain: false, refusals: 0, created_at: NOW, deadline: None, now: NOW }
    }

    fn nack(code: &str) -> Vec<u8> {
        format!(r#"{{"message":{{"status":"NACK","error":{{"code":"{code}","message":"no"}}}}}}"#)
            .into_bytes()
    }

    fn answer(status: u16, body: &[u8], facts: &Facts) -> Next {
        judge(&Met::Answer { status, body }, facts)
    }

    #[test]
    fn the_table_with_its_jitter_and_the_wish_of_the_peer() {
        assert_eq!(delay(1, 0, None), Span::from_millis(800));
        assert_eq!(delay(1, 1_000_000, None), Span::from_millis(1200));
        assert_eq!(delay(3, 500_000, None), Span::from_secs(5));
        assert_eq!(delay(u32::MAX, 500_000, None), Span::from_secs(3600));
        assert_eq!(delay(3, 0, Some(Span::from_secs(1))), Span::from_secs(5));
        assert_eq!(delay(3, 0, Some(Span::from_secs(7))), Span::from_secs(7));
        assert_eq!(delay(3, 0, Some(Span::from_secs(9999))), Span::from_secs(10));
        assert_eq!(retry_after(Some(" 7 ")), Some(Span::from_secs(7)));
        assert_eq!(retry_after(Some("-7")), None);
        assert_eq!(retry_after(Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }

    #[test]
    fn acks_and_duplicates_are_delivered() {
        for body in [
            &br#"{"message":{"status":"ACK","messageId":"m"}}"#[..],
            br#"{"message":{"ack":{"status":"ACK"}}}"#,
            br#"{"status":"ACK","signature":"x"}"#,
            br#"{"ack_status":"ACK"}"#,
            b"",
        ] {
            assert!(matches!(
                answer(200, body, &facts(false)),
                Next::Conclude(Outcome::Delivered { duplicate: false, .. })
            ));
        }
        let again = answer(400, &nack("CTX_MESSAGE_ID_DUPLICATE"), &facts(false));
        assert!(matches!(again, Next::Conclude(Outcome::Delivered { duplicate: true, .. })));
    }

    #[test]
    fn a_refused_request_is_final_and_a_refused_callback_is_tried_again_three_times() {
        for status in [200, 400, 401, 403, 404] {
            let Next::Conclude(Outcome::Refused { code, .. }) = answer(status, &nack("POL_X"), &facts(false))
            else {
                panic!("{status}")
            };
            assert_eq!(code, "POL_X");
            assert!(matches!(answer(status, &nack("POL_X"), &facts(true)), Next::Refused(_)), "{status}");
        }
        let last = Facts { refusals: 3, ..facts(true) };
        assert!(matches!(answer(400, &nack("X"), &last), Next::Conclude(Outcome::Dead { .. })));
    }

    #[test]
    fn a_chained_401_is_unchained_once() {
        let chained = Facts { may_unchain: true, ..facts(true) };
        assert_eq!(answer(401, &nack("AUT_SIGNATURE_INVALID"), &chained), Next::Unchain);
        assert!(matches!(answer(401, b"", &facts(true)), Next::Refused(_)));
    }

    #[test]
    fn silence_is_retried_until_the_deadline_or_five_days() {
        for status in [301, 408, 429, 500, 502, 503, 504] {
            assert!(matches!(answer(status, b"", &facts(false)), Next::PeerFailed(_)), "{status}");
        }
        let nothing = Met::Nothing("no answer in time");
        let late = Facts { deadline: Some(NOW), ..facts(false) };
        assert_eq!(judge(&nothing, &late), Next::Conclude(Outcome::Expired));
        let old = Facts { created_at: NOW.saturating_sub(Span::from_hours(120)), ..facts(true) };
        assert!(matches!(judge(&nothing, &old), Next::Conclude(Outcome::Dead { .. })));
        let with_deadline = Facts { deadline: Some(NOW.saturating_add(Span::from_secs(1))), ..old };
        assert!(matches!(judge(&nothing, &with_deadline), Next::PeerFailed(_)));
    }
}
