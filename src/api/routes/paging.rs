//! Query parameters, and lists in pages: `limit`, `cursor`, and `Link: <…>; rel="next"` (RFC 8288).
//!
//! A cursor names the last row that was shown, so that rows which come and go in between shift nothing. It is one user's
//! and one list's with its filters: any other one is refused rather than taken for a place in this list.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::error::Code;

/// How a list that was read whole is ordered by the ids of its rows: the page goes on where the row of the cursor was,
/// even when that row is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The highest id first.
    Falling,
    /// The lowest id first.
    Rising,
    /// By something else: the row of the cursor must still be there.
    Ranked,
}

/// Items of a page unless told otherwise, and at most.
const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which part of a list is asked for.
pub struct Asked {
    pub limit: i64,
    /// Items before this one.
    pub before: Option<Uuid>,
    others: BTreeMap<String, String>,
    list: List,
}

/// Whose list it is, and which.
struct List([u8; 32]);

/// Bytes of a cursor that say to which list it belongs.
const MARK: usize = 8;

impl List {
    fn of(request: &HttpRequest, others: &BTreeMap<String, String>) -> Self {
        let user = Caller::known(request).map(|user| user.to_string()).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(request.path());
        for part in
            [user.as_str()].into_iter().chain(others.iter().flat_map(|(name, value)| [&**name, &**value]))
        {
            hash.update([0]);
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    fn mark(&self, row: Uuid) -> [u8; MARK] {
        let whole = Sha256::new().chain_update(self.0).chain_update(row.as_bytes()).finalize();
        let mut mark = [0; MARK];
        for (place, byte) in mark.iter_mut().zip(whole) {
            *place = byte;
        }
        mark
    }

    fn cursor(&self, row: Uuid) -> String {
        URL_SAFE_NO_PAD.encode([&row.as_bytes()[..], &self.mark(row)].concat())
    }

    fn read(&self, cursor: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (row, mark) = bytes.split_first_chunk::<16>()?;
        let row = Uuid::from_bytes(*row);
        (mark == self.mark(row)).then_some(row)
    }
}

impl Asked {
    /// Reads the query; `others` are the further parameters of the route.
    ///
    /// # Errors
    /// 422 with the parameter that is unknown or cannot be read, 400 for the cursor of another list.
    pub fn read(request: &HttpRequest, others: &[&str]) -> Result<Self, Problem> {
        let mut given = query(request)?;
        let limit = match given.remove("limit") {
            None => LIMIT,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
                    Problem::field("limit", format!("A whole number from 1 to {LIMIT_MAX} is expected."))
                })?
            }
        };
        let cursor = given.remove("cursor");
        known(&given, others)?;
        let list = List::of(request, &given);
        let before = cursor.map(|text| {
            list.read(&text).ok_or_else(|| {
                let detail = "The next_cursor of an earlier page of this list is expected.";
                Problem::new(Code::CursorInvalid, detail).at("cursor")
            })
        });
        Ok(Self { limit, before: before.transpose()?, others: given, list })
    }

    /// A further parameter.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.get(name).map(String::as_str)
    }

    /// A further parameter that has one of these values, when it is given.
    ///
    /// # Errors
    /// 422 for another value.
    pub fn one_of(&self, name: &str, values: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let Some(given) = self.other(name) else { return Ok(None) };
        let known = values.iter().find(|value| **value == given);
        let wrong = || Problem::field(name, format!("One of {} is expected.", values.join(", ")));
        known.copied().map(Some).ok_or_else(wrong)
    }

    /// One more than the page holds: whether it comes says whether there is a next page.
    pub fn rows(&self) -> i64 {
        self.limit.saturating_add(1)
    }

    /// The page made of rows that were read with [`Self::rows`].
    pub fn answer<R, T: Serialize>(
        &self,
        request: &HttpRequest,
        rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        show: impl Fn(&R) -> T,
    ) -> HttpResponse {
        let (page, mut response) = self.cut(request, rows, id, show);
        response.json(page)
    }

    /// The page of a list that was read whole.
    ///
    /// # Errors
    /// 400 when a ranked list has changed, and the row of the cursor is no longer in it.
    pub fn of_whole<R, T: Serialize>(
        &self,
        request: &HttpRequest,
        mut rows: Vec<R>,
        order: Order,
        id: impl Fn(&R) -> Uuid,
        show: impl Fn(&R) -> T,
    ) -> Result<HttpResponse, Problem> {
        if let Some(before) = self.before {
            match order {
                Order::Falling => rows.retain(|row| id(row) < before),
                Order::Rising => rows.retain(|row| id(row) > before),
                Order::Ranked => {
                    let place = rows.iter().position(|row| id(row) == before).ok_or_else(|| {
                        let detail = "The list has changed: begin again at its first page.";
                        Problem::new(Code::CursorInvalid, detail).at("cursor")
                    })?;
                    rows.drain(..=place);
                }
            }
        }
        Ok(self.answer(request, rows, id, show))
    }

    /// As [`Self::answer`], for a page that is a part of a document: beside it the answer with its `Link`.
    pub fn cut<R, T: Serialize>(
        &self,
        request: &HttpRequest,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        show: impl Fn(&R) -> T,
    ) -> (Page<T>, HttpResponseBuilder) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| self.list.cursor(id(row)));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            let mut link = format!("<{}?limit={}&cursor={cursor}", request.path(), self.limit);
            for (name, value) in &self.others {
                link.push_str(&format!("&{name}={}", encoded(value)));
            }
            response.insert_header((header::LINK, format!("{link}>; rel=\"next\"")));
        }
        (Page { items: rows.iter().map(show).collect(), next_cursor }, response)
    }
}

/// The query of a read that is no list: these parameters, and no others.
///
/// # Errors
/// 422 with the parameter that is unknown.
pub fn only(request: &HttpRequest, names: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let given = query(request)?;
    known(&given, names)?;
    Ok(given)
}

fn query(request: &HttpRequest) -> Result<BTreeMap<String, String>, Problem> {
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
    Ok(query.map_err(|_| Problem::field("query", "The query cannot be read."))?.into_inner())
}

fn known(given: &BTreeMap<String, String>, names: &[&str]) -> Result<(), Problem> {
    match given.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(Problem::field(name.as_str(), "There is no such query parameter.")),
        None => Ok(()),
    }
}

/// The id of a row that is named by texts, for its cursor.
pub fn row_of(names: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name);
        hash.update([0]);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    for (place, byte) in id.iter_mut().zip(digest) {
        *place = byte;
    }
    Uuid::from_bytes(id)
}

/// A value of a query, for any character.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(query: &str) -> Result<Asked, Problem> {
        Asked::read(&TestRequest::with_uri(&format!("/x?{query}")).to_http_request(), &["side"])
    }

    #[test]
    fn parameters_are_read_strictly() {
        let asked = read("limit=5&side=buyer").unwrap();
        assert_eq!((asked.limit, asked.other("side"), asked.before), (5, Some("buyer"), None));
        assert_eq!(read("").unwrap().limit, LIMIT);
        for wrong in ["limit=0", "limit=101", "limit=1.5", "limit=x", "cursor=x", "colour=red"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_of_one_list_with_its_filters() {
        let row = Uuid::from_u128(7);
        let cursor = read("side=buyer").unwrap().list.cursor(row);
        assert_eq!(read(&format!("side=buyer&limit=3&cursor={cursor}")).unwrap().before, Some(row));
        for other in ["side=seller&", ""] {
            assert!(read(&format!("{other}cursor={cursor}")).is_err(), "{other}");
        }
        let elsewhere = TestRequest::with_uri(&format!("/y?side=buyer&cursor={cursor}")).to_http_request();
        assert!(Asked::read(&elsewhere, &["side"]).is_err());
        for garbage in ["", "x", &cursor[1..], &row.to_string(), &format!("{cursor}AA"), "%FF"] {
            assert!(read(&format!("side=buyer&cursor={garbage}")).is_err(), "{garbage}");
        }
        assert_eq!(encoded("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }

    #[tokio::test]
    async fn a_list_that_is_read_whole_goes_on_where_it_stopped() {
        let request = TestRequest::with_uri("/x").to_http_request();
        let page = async |query: &str, rows: &[u128], order| {
            let asked = read(query).unwrap();
            let rows = rows.to_vec();
            let answer = asked.of_whole(&request, rows, order, |row| Uuid::from_u128(*row), |row| *row)?;
            let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
            Ok::<_, Problem>(serde_json::from_slice::<serde_json::Value>(&body).unwrap())
        };
        for (order, rows, after) in [
            (Order::Falling, [9, 7, 5], [9, 5]),
            (Order::Rising, [5, 7, 9], [5, 9]),
            (Order::Ranked, [7, 9, 5], [9, 5]),
        ] {
            let first = page("limit=2", &rows, order).await.unwrap();
            assert_eq!(first["items"], serde_json::json!(&rows[..2]), "{order:?}");
            let cursor = format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
            let next = page(&cursor, &rows, order).await.unwrap();
            assert_eq!(next, serde_json::json!({"items": [rows[2]], "next_cursor": null}), "{order:?}");
            // Without the row that the cursor names.
            let gone = page(&cursor.replace("limit=2", "limit=1"), &after, order).await;
            match order {
                Order::Ranked => assert_eq!(gone.unwrap()["items"], serde_json::json!([5])),
                _ => assert_eq!(gone.unwrap()["items"], serde_json::json!([rows[2]]), "{order:?}"),
            }
        }
        let cursor = read("").unwrap().list.cursor(Uuid::from_u128(1));
        let gone = page(&format!("cursor={cursor}"), &[2, 3], Order::Ranked).await;
        assert!(gone.is_err());
        assert_ne!(row_of(&["a", "b"]), row_of(&["ab", ""]));
    }
}
