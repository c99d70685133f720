//! A recorded publication, and what of it one subscriber is told. Pure.

use std::collections::BTreeSet;

use beckn_wire::json::{Json, Object};
use db::{DbError, Row};

use super::schema_type::{Wanted, any_wanted, wanted};
use super::store::{self, Stored};
use super::strings;
use crate::discover::{Viewer, may_see};

/// One part of a publication as it was stored.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) seq: i64,
    publisher: String,
    catalog_id: String,
    kind: String,
    mode: String,
    pub(super) reach: Reach,
    restricted: bool,
    directives: Vec<u8>,
    body: Vec<u8>,
}

/// Whom a publication concerns.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    networks: BTreeSet<String>,
    left: BTreeSet<String>,
    types: BTreeSet<String>,
}

/// What a subscriber is told of: networks of which it still is a member, and types.
#[derive(Clone, Debug)]
pub(super) struct Interest {
    since: i64,
    networks: BTreeSet<String>,
    types: Vec<Wanted>,
}

/// Where a publication meets an interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    Seen(BTreeSet<String>),
    /// It was seen in these networks and is no more.
    Withdrawn(BTreeSet<String>),
}

impl Interest {
    /// `common` are the networks of which the subscriber is a member now.
    pub(super) fn of(stored: &Stored, common: &BTreeSet<String>) -> Self {
        Self {
            since: stored.since,
            networks: stored.networks.intersection(common).cloned().collect(),
            types: wanted(&stored.types),
        }
    }

    /// The same, whenever it was published.
    pub(super) fn at_any_time(mut self) -> Self {
        self.since = 0;
        self
    }

    pub(super) fn networks(&self) -> &BTreeSet<String> {
        &self.networks
    }

    pub(super) fn wants(&self, types: &BTreeSet<String>) -> bool {
        any_wanted(&self.types, types)
    }
}

impl Reach {
    pub(super) fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            networks: store::texts(row, "networks")?,
            left: store::texts(row, "left_networks")?,
            types: store::texts(row, "types")?,
        })
    }

    /// Where it meets one of these interests, if it does. A publication without any item, such as the end of a catalog,
    /// has no types, and concerns whoever sees its networks.
    pub(super) fn meets(&self, seq: i64, interests: &[Interest]) -> Option<Meeting> {
        let mine = || interests.iter().filter(|interest| interest.since < seq);
        let typed = |interest: &&Interest| self.types.is_empty() || interest.wants(&self.types);
        let in_both = |interest: &Interest, networks: &BTreeSet<String>| -> Vec<String> {
            interest.networks.intersection(networks).cloned().collect()
        };
        let seen: BTreeSet<String> = mine().filter(typed).flat_map(|i| in_both(i, &self.networks)).collect();
        if !seen.is_empty() {
            return Some(Meeting::Seen(seen));
        }
        // Whoever still sees it elsewhere has not lost it.
        let elsewhere = mine().any(|i| !in_both(i, &self.networks).is_empty());
        let left: BTreeSet<String> = mine().flat_map(|i| in_both(i, &self.left)).collect();
        (!left.is_empty() && !elsewhere).then_some(Meeting::Withdrawn(left))
    }
}

impl Publication {
    pub(super) fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            seq: row.get("seq")?,
            publisher: row.get("publisher")?,
            catalog_id: row.get("catalog_id")?,
            kind: row.get("kind")?,
            mode: row.get("update_mode")?,
            reach: Reach::read(row)?,
            restricted: row.get("restricted")?,
            directives: row.get("directives")?,
            body: row.get("body")?,
        })
    }

    /// The catalog as this viewer is told of it; `None` when there is nothing in it for them.
    pub(super) fn catalog(&self, meeting: &Meeting, viewer: &Viewer) -> Option<Json> {
        if let Meeting::Withdrawn(_) = meeting {
            return Some(self.end());
        }
        let mut catalog = Json::parse(&self.body).ok()?;
        if self.restricted {
            let object = catalog.as_object_mut()?;
            let had = object.get("offers").and_then(Json::as_array).unwrap_or_default();
            let seen: Vec<Json> = had.iter().filter(|offer| may_see(offer, viewer)).cloned().collect();
            if seen.is_empty() && !had.is_empty() && self.mode == "MERGE" {
                return None;
            }
            keep_named(object, &seen);
            object.set("offers", seen);
        }
        Some(catalog)
    }

    /// Says of the catalog only that it is not shown any more.
    fn end(&self) -> Json {
        let empty = || Json::array([]);
        let provider =
            [("id", Json::from(self.publisher.as_str())), ("descriptor", Json::Object(Object::new()))];
        Json::object([
            ("id", Json::from(self.catalog_id.as_str())),
            ("descriptor", Json::Object(Object::new())),
            ("provider", Json::object(provider)),
            ("bppId", Json::from(self.publisher.as_str())),
            ("isActive", Json::Bool(false)),
            ("resources", empty()),
            ("offers", empty()),
        ])
    }

    /// The message of a push. It names no network but those that both sides are members of.
    pub(super) fn push(&self, meeting: &Meeting, viewer: &Viewer) -> Option<Json> {
        let (Meeting::Seen(networks) | Meeting::Withdrawn(networks)) = meeting;
        let withdrawn = matches!(meeting, Meeting::Withdrawn(_));
        let mut directive = Object::new();
        directive.set("catalogId", self.catalog_id.as_str());
        directive.set("catalogType", self.kind.as_str());
        directive.set("updateMode", if withdrawn { "FULL" } else { self.mode.as_str() });
        directive.set("visibleTo", strings(networks));
        if !withdrawn
            && !self.directives.is_empty()
            && let Ok(list) = Json::parse(&self.directives)
        {
            directive.set("resourceDirectives", list);
        }
        let catalog = self.catalog(meeting, viewer)?;
        Some(Json::object([
            ("publishDirectives", Json::array([Json::Object(directive)])),
            ("catalogs", Json::array([catalog])),
        ]))
    }
}

/// Leaves out resources that belonged to offers which are not shown: those that no shown offer names. Resources of a
/// catalog without offers stay.
fn keep_named(object: &mut Object, seen: &[Json]) {
    let had = object.get("offers").and_then(Json::as_array).unwrap_or_default();
    let named = |offers: &[Json]| -> BTreeSet<String> {
        let ids = offers.iter().filter_map(|offer| offer.get("resourceIds").and_then(Json::as_array));
        ids.flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    };
    let hidden: BTreeSet<String> = named(had).difference(&named(seen)).cloned().collect();
    let resources = object.get("resources").and_then(Json::as_array).unwrap_or_default();
    let id = |resource: &Json| resource.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    let kept: Vec<Json> = resources.iter().filter(|one| !hidden.contains(&id(one))).cloned().collect();
    object.set("resources", kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn interest(since: i64, networks: &[&str], types: &[&str]) -> Interest {
        Interest { since, networks: set(networks), types: wanted(&set(types)) }
    }

    fn reach(networks: &[&str], left: &[&str], types: &[&str]) -> Reach {
        Reach { networks: set(networks), left: set(left), types: set(types) }
    }

    #[test]
    fn networks_types_and_the_beginning_decide() {
        let seen = |texts: &[&str]| Some(Meeting::Seen(set(texts)));
        let solar = reach(&["a", "b"], &[], &["u#Solar"]);
        assert_eq!(solar.meets(5, &[interest(4, &["a"], &[])]), seen(&["a"]));
        assert_eq!(solar.meets(5, &[interest(5, &["a"], &[])]), None);
        assert_eq!(solar.meets(5, &[interest(0, &["c"], &[])]), None);
        assert_eq!(solar.meets(5, &[interest(0, &["a"], &["Wind"])]), None);
        let both = [interest(0, &["a"], &["Wind"]), interest(0, &["b", "c"], &["Solar"])];
        assert_eq!(solar.meets(5, &both), seen(&["b"]));
        assert_eq!(reach(&["a"], &[], &[]).meets(5, &[interest(0, &["a"], &["Wind"])]), seen(&["a"]));
    }

    #[test]
    fn who_lost_sight_of_a_catalog_is_told_once() {
        let moved = reach(&["b"], &["a"], &["u#Solar"]);
        let withdrawn = Some(Meeting::Withdrawn(set(&["a"])));
        assert_eq!(moved.meets(5, &[interest(0, &["a"], &[])]), withdrawn);
        assert_eq!(moved.meets(5, &[interest(0, &["a"], &["Wind"])]), withdrawn);
        assert_eq!(moved.meets(5, &[interest(0, &["a", "b"], &[])]), Some(Meeting::Seen(set(&["b"]))));
        assert_eq!(moved.meets(5, &[interest(0, &["a", "b"], &["Wind"])]), None);
    }
}
