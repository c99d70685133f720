//! Catalogs: `catalog/publish`, its answer, and what `on_discover` brings.

use super::offer::{Offer, Provider};
use super::path::{Members, Path, equal_as_written, put_child, put_list, put_text, put_texts};
use super::resource::Resource;
use crate::code::WireError;
use crate::json::{Json, Object};

/// A catalog of one platform. Its lists are bounded by the size of the message only.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub id: Option<String>,
    pub provider: Option<Provider>,
    pub bpp_id: Option<String>,
    pub bpp_uri: Option<String>,
    pub resources: Vec<Resource>,
    pub offers: Vec<Offer>,
    /// The descriptor is here.
    pub rest: Object,
}

equal_as_written!(Catalog, PublishDirective, Catalogs, PublishResult, PublishResults);

impl Catalog {
    /// # Errors
    /// A member of the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            provider: members.child("provider", Provider::read)?,
            bpp_id: members.text("bppId")?,
            bpp_uri: members.text("bppUri")?,
            resources: members.long_list("resources", Resource::read)?,
            offers: members.long_list("offers", Offer::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_text(&mut object, "bppId", self.bpp_id.as_deref());
        put_text(&mut object, "bppUri", self.bpp_uri.as_deref());
        put_child(&mut object, "provider", self.provider.as_ref().map(Provider::to_json));
        put_list(&mut object, "resources", &self.resources, Resource::to_json);
        put_list(&mut object, "offers", &self.offers, Offer::to_json);
        object.into()
    }

    pub fn descriptor(&self) -> Option<&Json> {
        self.rest.get("descriptor")
    }

    /// The resource of that id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|r| r.id.as_deref() == Some(id))
    }

    /// A catalog is active unless it says that it is not.
    pub fn is_active(&self) -> bool {
        self.rest.get("isActive").and_then(Json::as_bool).unwrap_or(true)
    }
}

/// How a catalog is to be taken in.
#[derive(Clone, Debug)]
pub struct PublishDirective {
    pub catalog_id: String,
    /// `REGULAR` or `MASTER`.
    pub catalog_type: Option<String>,
    /// `MERGE` (the default) or `FULL`.
    pub update_mode: Option<String>,
    /// Networks; empty leaves it to the message's network.
    pub visible_to: Vec<String>,
    pub rest: Object,
}

impl PublishDirective {
    /// # Errors
    /// `catalogId` is missing, or a member has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            catalog_id: members.required_text("catalogId")?,
            catalog_type: members.text("catalogType")?,
            update_mode: members.text("updateMode")?,
            visible_to: members.texts("visibleTo")?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "catalogId", Some(&self.catalog_id));
        put_text(&mut object, "catalogType", self.catalog_type.as_deref());
        put_text(&mut object, "updateMode", self.update_mode.as_deref());
        put_texts(&mut object, "visibleTo", &self.visible_to);
        object.into()
    }
}

/// The message of `catalog/publish`; without directives also that of `on_discover`.
#[derive(Clone, Debug)]
pub struct Catalogs {
    pub directives: Vec<PublishDirective>,
    pub catalogs: Vec<Catalog>,
    pub rest: Object,
}

impl Catalogs {
    /// # Errors
    /// `catalogs` is missing, or a member has the wrong type.
    pub fn read(message: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(message, path)?;
        if members.get("catalogs").is_none() {
            return Err(members.missing("catalogs"));
        }
        Ok(Self {
            directives: members.long_list("publishDirectives", PublishDirective::read)?,
            catalogs: members.long_list("catalogs", Catalog::read)?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_list(&mut object, "publishDirectives", &self.directives, PublishDirective::to_json);
        object.set("catalogs", Json::array(self.catalogs.iter().map(Catalog::to_json)));
        object.into()
    }

    /// The directive for a catalog.
    pub fn directive(&self, catalog_id: &str) -> Option<&PublishDirective> {
        self.directives.iter().find(|d| d.catalog_id == catalog_id)
    }
}

/// What became of one published catalog.
#[derive(Clone, Debug)]
pub struct PublishResult {
    pub catalog_id: String,
    /// `ACCEPTED`, `PARTIAL` or `REJECTED`.
    pub status: String,
    /// Error objects, as they came.
    pub errors: Vec<Json>,
    pub rest: Object,
}

impl PublishResult {
    pub fn new(catalog_id: &str, status: &str) -> Self {
        Self {
            catalog_id: catalog_id.to_owned(),
            status: status.to_owned(),
            errors: Vec::new(),
            rest: Object::new(),
        }
    }

    /// # Errors
    /// `catalogId` or `status` is missing, or a member has the wrong type.
    pub fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            catalog_id: members.required_text("catalogId")?,
            status: members.required_text("status")?,
            errors: members.list("errors", |error, _| Ok(error.clone()))?,
            rest: members.rest(),
        })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "catalogId", Some(&self.catalog_id));
        put_text(&mut object, "status", Some(&self.status));
        put_list(&mut object, "errors", &self.errors, Json::clone);
        object.into()
    }
}

/// The message of `catalog/on_publish`.
#[derive(Clone, Debug)]
pub struct PublishResults {
    pub results: Vec<PublishResult>,
    pub rest: Object,
}

impl PublishResults {
    /// # Errors
    /// `results` is missing, or a member has the wrong type.
    pub fn read(message: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(message, path)?;
        if members.get("results").is_none() {
            return Err(members.missing("results"));
        }
        Ok(Self { results: members.long_list("results", PublishResult::read)?, rest: members.rest() })
    }

    pub fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        object.set("results", Json::array(self.results.iter().map(PublishResult::to_json)));
        object.into()
    }
}
