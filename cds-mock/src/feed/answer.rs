//! Answers in the HTTP response itself, and the questions without a body.

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::json::{Json, Object};
use db::DbError;
use node::Refusal;
use uuid::Uuid;

use super::Feed;

/// Longest query that is read, in bytes.
const QUERY_MAX: usize = 4096;
/// Pages of lists: so many items unless asked otherwise, and at most.
pub(super) const PAGE_DEFAULT: u32 = 20;
const PAGE_MOST: u32 = 100;

/// A refusal with its HTTP status.
pub(super) fn refuse(status: u16, code: ErrorCode, why: &str, path: &str) -> Refusal {
    let error = WireError::new(code, why);
    Refusal { error: if path.is_empty() { error } else { error.at(path) }, status: Some(status) }
}

/// What a caller is told when our database does not answer.
pub(super) fn unavailable(error: &DbError) -> Refusal {
    tracing::error!(%error, "the feed's database did not answer");
    refuse(503, ErrorCode::NetOverloaded, "this cannot be answered now; try again", "")
}

/// Which part of a list, and of how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: u32,
    pub(super) offset: u32,
}

impl Page {
    /// The pagination of an answer with `count` items out of `total`: one text names the one, the other the other.
    pub(super) fn told(self, total: usize, count: usize) -> Json {
        let number = |n: usize| Json::Number(n.to_string());
        Json::object([
            ("total", number(total)),
            ("count", number(count)),
            ("limit", Json::Number(self.limit.to_string())),
            ("offset", Json::Number(self.offset.to_string())),
        ])
    }
}

/// The members of a query string.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// # Errors
    /// It is too long, or not percent-encoded text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = || refuse(400, ErrorCode::SchInvalidFormat, "the query cannot be read", "");
        if text.len() > QUERY_MAX {
            return Err(bad());
        }
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        };
        pairs.map(|pair| read(pair).ok_or_else(bad)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// The value is no UUID.
    pub(super) fn id(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        self.get(name).map(uuid).transpose()
    }

    /// # Errors
    /// `limit` is not from 1 to 100, or `offset` no number.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let number = |name: &str, default: u32| {
            let why =
                || refuse(400, ErrorCode::SchInvalidFormat, "limit is 1 to 100, offset at least 0", name);
            self.get(name).map_or(Ok(default), |text| text.parse::<u32>().map_err(|_| why()))
        };
        let page = Page { limit: number("limit", PAGE_DEFAULT)?, offset: number("offset", 0)? };
        match page.limit {
            1..=PAGE_MOST => Ok(page),
            _ => Err(refuse(400, ErrorCode::SchInvalidFormat, "limit is 1 to 100", "limit")),
        }
    }
}

/// # Errors
/// The text is no UUID in its usual form.
pub(super) fn uuid(text: &str) -> Result<Uuid, Refusal> {
    let why = || refuse(400, ErrorCode::SchInvalidFormat, "a subscription id is a UUID", "subscriptionId");
    if text.len() != 36 {
        return Err(why());
    }
    Uuid::try_parse(text).map_err(|_| why())
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Feed {
    /// The body of an answer. It names the ids of what was asked, or new ones when that had none.
    pub(super) fn answer(
        &self,
        action: &str,
        asked: Option<&Context>,
        caller: &str,
        message: Json,
    ) -> Result<Object, Refusal> {
        let node = self.node().ok_or_else(|| refuse(503, ErrorCode::NetOverloaded, "not ready", ""))?;
        let mut context = match asked {
            Some(asked) => {
                let mut context =
                    Context::new(Action::CatalogOnSearch, &asked.transaction_id, &asked.message_id);
                context.bap_id.clone_from(&asked.bap_id);
                context.bap_uri.clone_from(&asked.bap_uri);
                context.bpp_id.clone_from(&asked.bpp_id);
                context.bpp_uri.clone_from(&asked.bpp_uri);
                context.network_id.clone_from(&asked.network_id);
                context
            }
            None => {
                let id = || node.ids().uuid().to_string();
                let mut context = Context::new(Action::CatalogOnSearch, id(), id());
                context.bap_id = Some(caller.to_owned());
                context
            }
        };
        context.timestamp = Some(self.clocks.wire.now());
        let mut context = context.to_json();
        if let Some(object) = context.as_object_mut() {
            object.set("action", action);
        }
        let mut body = Object::new();
        body.set("context", context);
        body.set("message", message);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_with_their_escapes() {
        let query = Query::parse("a=b%20c&limit=100&&offset=3&x").unwrap();
        assert_eq!((query.get("a"), query.get("x"), query.get("y")), (Some("b c"), Some(""), None));
        let page = query.page().unwrap();
        assert_eq!((page.limit, page.offset), (100, 3));
        for text in ["a=%", "a=%zz", "a=%ff", "limit=0", "limit=101", "limit=-1", "offset=x", "limit=1e9"] {
            assert!(Query::parse(text).and_then(|query| query.page().map(|_| ())).is_err(), "{text}");
        }
        assert!(Query::parse(&"a".repeat(5000)).is_err());
        assert!(
            Query::parse("subscriptionId=f47ac10b58cc4372a5670e02b2c3d479")
                .unwrap()
                .id("subscriptionId")
                .is_err()
        );
    }
}
