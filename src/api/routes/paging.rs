//! Query parameters, and lists in pages: `limit`, `cursor`, and `Link: <…>; rel="next"` (RFC 8288).

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::problem::Problem;

/// Items of a page unless told otherwise, and at most.
const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(value_type = Option<String>)]
    pub next_cursor: Option<Uuid>,
}

/// Which part of a list is asked for.
pub struct Asked {
    pub limit: i64,
    /// Items before this one.
    pub before: Option<Uuid>,
    others: BTreeMap<String, String>,
}

impl Asked {
    /// Reads the query; `others` are the further parameters of the route.
    ///
    /// # Errors
    /// 422 with the parameter that is unknown or cannot be read.
    pub fn read(request: &HttpRequest, others: &[&str]) -> Result<Self, Problem> {
        let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
        let mut given = query.map_err(|_| Problem::field("query", "The query cannot be read."))?.into_inner();
        let limit = match given.remove("limit") {
            None => LIMIT,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
                    Problem::field("limit", format!("A whole number from 1 to {LIMIT_MAX} is expected."))
                })?
            }
        };
        let cursor = given.remove("cursor").map(|text| Uuid::parse_str(&text)).transpose();
        let before = cursor
            .map_err(|_| Problem::field("cursor", "The next_cursor of an earlier page is expected."))?;
        match given.keys().find(|name| !others.contains(&name.as_str())) {
            Some(name) => Err(Problem::field(name.as_str(), "There is no such query parameter.")),
            None => Ok(Self { limit, before, others: given }),
        }
    }

    /// A further parameter.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.get(name).map(String::as_str)
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
        let next_cursor = rows.last().filter(|_| more).map(id);
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = next_cursor {
            let mut link = format!("<{}?limit={}&cursor={cursor}", request.path(), self.limit);
            for (name, value) in &self.others {
                link.push_str(&format!("&{name}={value}"));
            }
            response.insert_header((header::LINK, format!("{link}>; rel=\"next\"")));
        }
        (Page { items: rows.iter().map(show).collect(), next_cursor }, response)
    }
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
}
