//! What our users are not shown of other people: meters and customer numbers, but for their last characters. Pure.

use beckn_wire::energy::normalize_meter;
use beckn_wire::json::{Json, Object};

/// Members of messages that name a meter, and the connection that it hangs on.
const METERS: &[&str] = &["meterId", "sourceMeterId", "meterNumber"];
const CUSTOMERS: &[&str] = &["utilityCustomerId", "customerNumber", "consumerNumber"];

/// What is one's own, and so not masked.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Normalized.
    pub meters: Vec<String>,
    pub customers: Vec<String>,
}

impl Own {
    fn has_meter(&self, id: &str) -> bool {
        self.meters.contains(&normalize_meter(id))
    }
}

/// The last four characters, `••••A234`, in capitals however they are spelled; of a short text fewer, so that it does not
/// show whole.
pub fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let shown = (chars.len() / 2).min(4);
    let tail: String = chars.iter().skip(chars.len().saturating_sub(shown)).collect();
    format!("••••{}", tail.to_uppercase())
}

/// A message of the network as the party of whom `own` is may read it: `other` is the normalized meter of the other
/// party, masked wherever it stands. `None` for what is no JSON.
pub fn masked_message(text: &str, own: &Own, other: Option<&str>) -> Option<String> {
    Some(shown(&Json::parse_text(text).ok()?, own, other).to_string())
}

fn shown(json: &Json, own: &Own, other: Option<&str>) -> Json {
    match json {
        Json::Array(items) => Json::array(items.iter().map(|item| shown(item, own, other))),
        Json::Object(members) => {
            let one =
                |(name, value): (&str, &Json)| (name.to_owned(), member(members, name, value, own, other));
            Json::object(members.iter().map(one))
        }
        Json::String(text) if other.is_some_and(|other| normalize_meter(text) == other) => {
            masked(text).into()
        }
        plain => plain.clone(),
    }
}

fn member(members: &Object, name: &str, value: &Json, own: &Own, other: Option<&str>) -> Json {
    let hidden = |text: &str| {
        let mine = members.get("meterId").and_then(Json::as_str).is_some_and(|meter| own.has_meter(meter));
        let known = || own.customers.iter().any(|customer| customer == text);
        METERS.contains(&name) && !own.has_meter(text) || CUSTOMERS.contains(&name) && !mine && !known()
    };
    match value {
        Json::String(text) if hidden(text) => masked(text).into(),
        Json::Number(number) if hidden(number) => masked(number).into(),
        value => shown(value, own, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_at_most_half_and_at_most_four() {
        assert_eq!(masked("TEST_METER_000123"), "••••0123");
        assert_eq!(masked("test_meter_asha"), masked("TEST_METER_ASHA"));
        assert_eq!(masked("abcd"), "••••CD");
        assert_eq!(masked("a"), "••••");
        assert_eq!(masked(""), "••••");
    }

    #[test]
    fn of_a_message_one_sees_what_is_ones_own() {
        let own = Own { meters: vec!["m_dev_0001".into()], customers: vec!["C-4711-0815".into()] };
        let message = r#"{"parties":[{"meterId":"M_ASHA_0001","utilityCustomerId":"CUST-ASHA"},"#.to_owned()
            + r#"{"meterId":"der://meter/M_DEV_0001","utilityCustomerId":"CUST-DEV"},"#
            + r#"{"customerNumber":"C-4711-0815","consumerNumber":47110816}],"#
            + r#""resources":[{"id":"der://meter/m_asha_0001","quantity":1.50}]}"#;
        let shown = masked_message(&message, &own, Some("m_asha_0001")).unwrap();
        let expected = r#"{"parties":[{"meterId":"••••0001","utilityCustomerId":"••••ASHA"},"#.to_owned()
            + r#"{"meterId":"der://meter/M_DEV_0001","utilityCustomerId":"CUST-DEV"},"#
            + r#"{"customerNumber":"C-4711-0815","consumerNumber":"••••0816"}],"#
            + r#""resources":[{"id":"••••0001","quantity":1.50}]}"#;
        assert_eq!(shown, expected);
        assert_eq!(masked_message("no JSON", &own, None), None);
    }
}
