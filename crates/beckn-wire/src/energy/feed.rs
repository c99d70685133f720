//! The feed of a catalog service (Beckn 2.0, catalog subscription, push and pull): what a subscriber sends and what it
//! reads.
//!
//! What is written here is valid under both texts: `networkIds` in every subscription, `mode` and `subscriptionId` in
//! every pull. Deleting and listing have no body: they are a method and a target, signed over the digest of nothing.

use units::Timestamp;

use super::catalog::{Catalog, Catalogs};
use super::path::{Members, Path, equal_as_written, put_text, put_texts, put_timestamp};
use crate::ack::Refusal;
use crate::code::{ErrorCode, WireError};
use crate::json::{Json, Object};

/// Path of subscriptions below the catalog service's base; also the name of the action.
pub const SUBSCRIPTION_PATH: &str = "catalog/subscription";
/// The longest time that one incremental pull may ask for.
pub const WINDOW_MAX: units::Span = units::Span::from_hours(7 * 24);

/// The message of `POST catalog/subscription`: to be told of catalogs in these networks with any of these schema types.
/// No type means all of them. A type is the URL of a schema (`https://schema.nfh.global/EnergyTradeOffer/v2.0`), with
/// or without `#` and the type's name.
pub fn subscribe(networks: &[String], schema_types: &[String]) -> Json {
    let list = |texts: &[String]| Json::array(texts.iter().map(|text| Json::from(text.as_str())));
    let interest = [("networkIds", list(networks)), ("schemaTypes", list(schema_types))];
    Json::object([("subscription", Json::object(interest))])
}

/// The target, below the service's base, of a change (`POST`), a deletion (`DELETE`) or a look (`GET`) at one
/// subscription.
pub fn subscription_target(id: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let quoted: String =
        id.bytes().map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    format!("{SUBSCRIPTION_PATH}?subscriptionId={quoted}")
}

/// The message of a push: the accepted catalogs, each with its directive. `isActive: false` in a catalog tells that it
/// was withdrawn; `updateMode` FULL that what it does not name is gone.
///
/// # Errors
/// `catalogs` is missing, or a member has the wrong type.
pub fn read_push(message: &Json, path: &Path<'_>) -> Result<Catalogs, WireError> {
    Catalogs::read(message, path)
}

/// A subscription as the service keeps it.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub id: String,
    pub networks: Vec<String>,
    pub schema_types: Vec<String>,
    /// `ACTIVE`; otherwise nothing is pushed.
    pub active: bool,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub rest: Object,
}

equal_as_written!(Subscription);

impl Subscription {
    /// # Errors
    /// The id or the status is missing, or a member has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        let id = members.any_text(&["subscriptionId", "id"])?;
        Ok(Self {
            id: id.ok_or_else(|| members.missing("subscriptionId"))?,
            networks: members.texts("networkIds")?,
            schema_types: members.texts("schemaTypes")?,
            active: members.required_text("status")? == "ACTIVE",
            created_at: members.timestamp("createdAt")?,
            updated_at: members.timestamp("updatedAt")?,
            rest: members.rest(),
        })
    }

    /// Both names of the id: the texts differ in it.
    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "subscriptionId", Some(&self.id));
        put_text(&mut object, "id", Some(&self.id));
        put_texts(&mut object, "networkIds", &self.networks);
        put_texts(&mut object, "schemaTypes", &self.schema_types);
        put_text(&mut object, "status", Some(if self.active { "ACTIVE" } else { "INACTIVE" }));
        for (name, time) in [("createdAt", self.created_at), ("updatedAt", self.updated_at)] {
            if let Some(time) = time {
                put_timestamp(&mut object, name, time);
            }
        }
        object.into()
    }
}

/// The subscriptions in the body that answers `catalog/subscription`, whichever method asked.
///
/// # Errors
/// There is no list of subscriptions in it, or one of the wrong form.
pub fn read_subscriptions(body: &Json) -> Result<Vec<Subscription>, WireError> {
    let root = Path::new("message");
    let path = root.member("subscriptions");
    let list = body.at(&["message", "subscriptions"]).and_then(Json::as_array);
    let list = list.ok_or_else(|| WireError::required(path.to_string()))?;
    list.iter().enumerate().map(|(at, one)| Subscription::read(one, &path.element(at))).collect()
}

/// Which part a pull asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullMode {
    /// The latest version of each catalog.
    Full,
    /// Every version that was published in this time, both ends included; at most [`WINDOW_MAX`]. An absent end is the
    /// present, an absent start seven days before the end.
    Incremental { from: Option<Timestamp>, to: Option<Timestamp> },
}

/// The message of `catalog/pull`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    pub subscription_id: String,
    pub mode: PullMode,
    /// 1 to 100 catalogs.
    pub limit: u32,
    pub offset: u32,
}

impl Pull {
    /// # Errors
    /// A member is missing or has the wrong form; the specification's defaults stand for what may be absent.
    pub fn read(message: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(message, path)?;
        let mode = match members.text("mode")?.as_deref() {
            None | Some("FULL") => PullMode::Full,
            Some("INCREMENTAL") => PullMode::Incremental {
                from: members.timestamp("fromDate")?,
                to: members.timestamp("toDate")?,
            },
            Some(_) => {
                let error = WireError::new(ErrorCode::SchInvalidEnum, "must be FULL or INCREMENTAL");
                return Err(error.at(path.member("mode").to_string()));
            }
        };
        Ok(Self {
            subscription_id: members.required_text("subscriptionId")?,
            mode,
            limit: count(&members, path, "limit")?.unwrap_or(20),
            offset: count(&members, path, "offset")?.unwrap_or(0),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.set("subscriptionId", self.subscription_id.as_str());
        match self.mode {
            PullMode::Full => object.set("mode", "FULL"),
            PullMode::Incremental { from, to } => {
                object.set("mode", "INCREMENTAL");
                for (name, time) in [("fromDate", from), ("toDate", to)] {
                    if let Some(time) = time {
                        put_timestamp(&mut object, name, time);
                    }
                }
            }
        }
        object.set("limit", i64::from(self.limit));
        object.set("offset", i64::from(self.offset));
        object.into()
    }
}

fn count(members: &Members<'_>, path: &Path<'_>, name: &str) -> Result<Option<u32>, WireError> {
    let Some(text) = members.number(name)? else { return Ok(None) };
    let whole = text.parse().map_err(|_| {
        WireError::new(ErrorCode::SchSchemaValidationFailed, "is outside the allowed range")
            .at(path.member(name).to_string())
    })?;
    Ok(Some(whole))
}

/// Where a large result of a pull lies: fetched by `GET` without any header, verified before use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    pub url: String,
    /// `json`, or `json.gz`, which has to be unpacked after the checksum was compared.
    pub format: String,
    /// Of what is served, after packing.
    pub size: u64,
    /// `sha256:` and hexadecimal digits, over what is served.
    pub checksum: String,
    pub expires_at: Timestamp,
}

impl Download {
    /// # Errors
    /// A member is missing or has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        let size = members.number("sizeBytes")?.ok_or_else(|| members.missing("sizeBytes"))?;
        let why = || WireError::format(path.member("sizeBytes").to_string(), "must be a number of bytes");
        Ok(Self {
            url: members.required_text("url")?,
            format: members.required_text("format")?,
            size: size.parse().map_err(|_| why())?,
            checksum: members.required_text("checksum")?,
            expires_at: members.timestamp("expiresAt")?.ok_or_else(|| members.missing("expiresAt"))?,
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.set("url", self.url.as_str());
        object.set("format", self.format.as_str());
        object.set("sizeBytes", Json::Number(self.size.to_string()));
        object.set("checksum", self.checksum.as_str());
        put_timestamp(&mut object, "expiresAt", self.expires_at);
        object.into()
    }
}

/// The message of `catalog/on_pull`.
#[derive(Clone, Debug)]
pub enum Pulled {
    Inline(Vec<Catalog>),
    Download(Download),
    Failed(Option<Refusal>),
}

impl Pulled {
    /// # Errors
    /// Neither catalogs nor a manifest in a result that calls itself complete, or both; a member of the wrong form.
    pub fn read(message: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(message, path)?;
        match members.required_text("status")?.as_str() {
            "COMPLETED" => {}
            "FAILED" => return Ok(Self::Failed(message.get("error").and_then(Refusal::read))),
            _ => {
                let error = WireError::new(ErrorCode::SchInvalidEnum, "must be COMPLETED or FAILED");
                return Err(error.at(path.member("status").to_string()));
            }
        }
        let download = members.child("downloadManifest", Download::read)?;
        match (message.get("catalogs").is_some(), download) {
            (true, None) => Ok(Self::Inline(members.long_list("catalogs", Catalog::read)?)),
            (false, Some(download)) => Ok(Self::Download(download)),
            _ => Err(path.refuse("needs exactly one of catalogs and downloadManifest")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::validate::{Answer, Text, validate_answer};
    use crate::validate::{sendable, validate_json};

    const ID: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    const AT: Timestamp = Timestamp::from_seconds(1_793_520_000);

    fn body(action: Action, message: Json) -> Json {
        let context = crate::context::Context::new(action, ID, ID).to_json();
        Json::object([("context", context), ("message", message)])
    }

    #[test]
    fn what_is_sent_is_valid_under_both_texts() {
        let message = subscribe(&["n/one".to_owned()], &[]);
        assert_eq!(sendable(&body(Action::CatalogSubscription, message)), Ok(()));
        for mode in [PullMode::Full, PullMode::Incremental { from: Some(AT), to: None }] {
            let pull = Pull { subscription_id: ID.to_owned(), mode, limit: 100, offset: 3 };
            let message = pull.to_json();
            assert_eq!(Pull::read(&message, &Path::new("message")), Ok(pull));
            assert_eq!(sendable(&body(Action::CatalogPull, message)), Ok(()));
        }
    }

    #[test]
    fn a_target_names_the_subscription_and_nothing_else() {
        assert_eq!(subscription_target(ID), format!("catalog/subscription?subscriptionId={ID}"));
        assert_eq!(subscription_target("a&b=c"), "catalog/subscription?subscriptionId=a%26b%3Dc");
    }

    #[test]
    fn subscriptions_are_read_under_either_name_of_the_id() {
        let kept = Subscription {
            id: ID.to_owned(),
            networks: vec!["n/one".to_owned()],
            schema_types: vec![],
            active: true,
            created_at: Some(AT),
            updated_at: Some(AT),
            rest: Object::new(),
        };
        let answer = body(
            Action::CatalogOnSubscription,
            Json::object([("subscriptions", Json::array([kept.to_json()]))]),
        );
        assert_eq!(validate_answer(Answer::Subscriptions, &answer), Ok(()));
        assert_eq!(read_subscriptions(&answer).unwrap(), [kept]);
        let old = Json::parse(br#"{"message":{"subscriptions":[{"id":"x","status":"DELETED"}]}}"#).unwrap();
        let [old] = &read_subscriptions(&old).unwrap()[..] else { panic!("one") };
        assert!(!old.active && old.id == "x");
        assert!(read_subscriptions(&Json::parse(b"{}").unwrap()).is_err());
    }

    #[test]
    fn a_result_is_inline_or_a_download_and_never_both() {
        let read = |text: String| Pulled::read(&Json::parse(text.as_bytes()).unwrap(), &Path::new("message"));
        let download = Download {
            url: "https://cds.example/x".to_owned(),
            format: "json.gz".to_owned(),
            size: 12,
            checksum: "sha256:00".to_owned(),
            expires_at: AT,
        };
        let manifest = download.to_json();
        let done = format!(r#"{{"status":"COMPLETED","downloadManifest":{manifest}}}"#);
        let message = Json::parse(done.as_bytes()).unwrap();
        assert_eq!(validate_json(Text::Main, &body(Action::CatalogOnPull, message)), Ok(()));
        assert!(matches!(read(done), Ok(Pulled::Download(read)) if read == download));
        let inline = r#"{"status":"COMPLETED","catalogs":[]}"#.to_owned();
        assert!(matches!(read(inline), Ok(Pulled::Inline(list)) if list.is_empty()));
        let both = format!(r#"{{"status":"COMPLETED","catalogs":[],"downloadManifest":{manifest}}}"#);
        assert!(read(both).is_err());
        assert!(read(r#"{"status":"COMPLETED"}"#.to_owned()).is_err());
        let failed = r#"{"status":"FAILED","error":{"code":"X","message":"y"}}"#.to_owned();
        assert!(matches!(read(failed), Ok(Pulled::Failed(Some(refusal))) if refusal.code == "X"));
    }
}
