//! `catalog/search` and `catalog/master/*`: catalogs as they are now, in the HTTP response (Beckn 2.0; facts,
//! beckn-wire b.1).
//!
//! What would make the answer too long for a message is left out, and the pagination tells how much there is. The first
//! catalog of a page may be cut itself; a pull gives it whole.

use std::collections::BTreeSet;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::{Json, Object};
use node::{Admission, Incoming, Record, Refusal};

use super::answer::{PAGE_DEFAULT, Page, refuse, unavailable};
use super::current::{self, Current, Cut};
use super::schema_type::{any_wanted, wanted};
use super::sink::{Done, Sink};
use super::{Feed, strings};

/// The answers' actions in the two texts.
const ON_SEARCH: &str = "catalog/on_search";
const ON_MASTER_SEARCH: &str = "on_catalog_master_search";
/// Longest id of a master resource that is looked for, in bytes.
const ID_MAX: usize = 255;

impl Feed {
    /// Answers `catalog/search`, or `catalog/master_search` with its own form of message.
    ///
    /// # Errors
    /// 400 for what cannot be read, 503 when the database does not answer.
    pub async fn search(&self, incoming: &Incoming, master: bool) -> Result<Admission, Refusal> {
        let message = incoming.document.get("message").unwrap_or(&Json::Null);
        let paging = if master { message.get("pagination").unwrap_or(&Json::Null) } else { message };
        let page = Page {
            limit: number(paging, "limit")?.unwrap_or(PAGE_DEFAULT),
            offset: number(paging, "offset")?.unwrap_or(0),
        };
        let kind = match message.at(&["filters", "type"]).and_then(Json::as_str) {
            Some("REGULAR") if !master => "REGULAR",
            _ => "MASTER",
        };
        let list = |name: &str| -> BTreeSet<String> {
            let items = message.at(&["filters", name]).and_then(Json::as_array).unwrap_or_default();
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let (networks, types) = (list("networkIds"), list("schemaTypes"));
        let mut seen = self.common(&incoming.sender);
        if !networks.is_empty() {
            seen.retain(|network| networks.contains(network));
        }
        let found = self.page(&incoming.sender, &seen, &types, kind, page).await;
        let (list, told) = found.map_err(|cut| match cut {
            Cut::Db(error) => unavailable(&error),
            Cut::Full(_) => refuse(503, ErrorCode::NetOverloaded, "this cannot be answered now", ""),
        })?;
        let action = if master { ON_MASTER_SEARCH } else { ON_SEARCH };
        let message = Json::object([("catalogs", list), ("pagination", told)]);
        let context = Some(&incoming.envelope.context);
        let body = self.answer(action, context, &incoming.sender.subscriber_id, message)?;
        Ok(Admission::Read(Json::Object(body)))
    }

    async fn page(
        &self,
        record: &Record,
        networks: &BTreeSet<String>,
        types: &BTreeSet<String>,
        kind: &'static str,
        page: Page,
    ) -> Result<(Json, Json), Cut> {
        let now = self.clocks.market.now();
        let viewer = Self::viewer(record, networks);
        let wanted = wanted(types);
        let fits = |catalog: &Current| {
            catalog.active && (catalog.types.is_empty() || any_wanted(&wanted, &catalog.types))
        };
        let all = current::catalogs(&self.db, networks, kind, now).await?;
        let all: Vec<Current> = all.into_iter().filter(fits).collect();
        let (from, most) = (usize::try_from(page.offset), usize::try_from(page.limit));
        let mut sink = Sink::new(false);
        for catalog in all.iter().skip(from.unwrap_or(usize::MAX)).take(most.unwrap_or(usize::MAX)) {
            let mark = sink.mark();
            match current::write(&self.db, &mut sink, catalog, &viewer, now).await {
                Ok(()) => {}
                Err(Cut::Full(_)) => {
                    sink.back_to(mark);
                    if sink.len() == 0 {
                        self.head_only(&mut sink, catalog).await?;
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let told = page.told(all.len(), sink.len());
        let Done::Inline(text) = sink.finish()? else { return Err(Cut::Full(super::sink::Full)) };
        let list = Json::parse(&text).map_err(|_| Cut::Full(super::sink::Full))?;
        Ok((list, told))
    }

    /// A catalog that alone is too long for an answer, without what is in it.
    async fn head_only(&self, sink: &mut Sink, catalog: &Current) -> Result<(), Cut> {
        let bare = Current { active: false, ..catalog.clone() };
        let nobody = crate::discover::Viewer { id: String::new(), kind: String::new(), networks: Vec::new() };
        current::write(&self.db, sink, &bare, &nobody, self.clocks.market.now()).await
    }

    /// The schema types of the master catalogs that the caller may see.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn schema_types(&self, caller: &Record) -> Result<Json, Refusal> {
        let (networks, now) = (self.common(caller), self.clocks.market.now());
        let all = current::catalogs(&self.db, &networks, "MASTER", now).await;
        let all = all.map_err(|error| unavailable(&error))?;
        let active = all.into_iter().filter(|catalog| catalog.active);
        let types: BTreeSet<String> = active.flat_map(|catalog| catalog.types).collect();
        let message = Json::object([("schemaTypes", strings(&types))]);
        self.answer(ON_MASTER_SEARCH, None, &caller.subscriber_id, message).map(Json::Object)
    }

    /// One resource of a master catalog, with its catalog around it.
    ///
    /// # Errors
    /// 400 for an id that cannot be one, 404 when the caller may see none of it.
    pub async fn master(&self, caller: &Record, id: &str) -> Result<Json, Refusal> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte);
        if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(fits) {
            let why = "the id has letters, digits and _-:. only";
            return Err(refuse(400, ErrorCode::SchInvalidFormat, why, "masterItemId"));
        }
        let (networks, now) = (self.common(caller), self.clocks.market.now());
        let found = current::master_resource(&self.db, &networks, id, now).await;
        let catalog = found.map_err(|error| unavailable(&error))?.and_then(|text| Json::parse(&text).ok());
        let Some(catalog) = catalog else {
            return Err(refuse(
                404,
                ErrorCode::BizItemNotFound,
                "there is no such master item",
                "masterItemId",
            ));
        };
        let mut message = Object::new();
        message.set("catalogs", Json::array([catalog]));
        self.answer(ON_MASTER_SEARCH, None, &caller.subscriber_id, Json::Object(message)).map(Json::Object)
    }
}

fn number(json: &Json, name: &str) -> Result<Option<u32>, WireError> {
    let Some(text) = json.get(name).and_then(Json::as_number) else { return Ok(None) };
    let why = || WireError::format(format!("message/{name}"), "is outside the allowed range");
    text.parse().map(Some).map_err(|_| why())
}
