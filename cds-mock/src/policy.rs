//! The contract policy of the network's DISCOMs: its record in the registry, and the module itself (ruling 29).
//!
//! The record has the lookup shape of DeDi; `details` name where the module is and the SHA-256 of its bytes,
//! so that whoever fetches it knows whether it is the one that was published.

use beckn_wire::json::{Json, Object};
use sha2::{Digest as _, Sha256};

/// Our own module for the rules of the network.
pub const MODULE: &str = include_str!("../../policies/p2p-trading.rego");
/// Where the module is, below the service's base.
pub const MODULE_PATH: &str = "/policies/p2p-trading.rego";
/// The record: namespace, registry and name, below `/registry/dedi/lookup/`.
pub const RECORD: [&str; 3] =
    ["indiaenergystack.in", "ies-rulesets", "p2p-trading-ies-contractpolicy-common"];
/// So long the record may be kept, in seconds: two days.
const TTL_SECS: i64 = 172_800;

/// The document of the record, if this is its address.
pub fn document(base_url: &str, namespace: &str, registry: &str, name: &str) -> Option<Json> {
    if [namespace, registry, name] != RECORD {
        return None;
    }
    let checksum = hex::encode(Sha256::digest(MODULE.as_bytes()));
    let details = Json::object([
        ("data_url", Json::from(format!("{}{MODULE_PATH}", base_url.trim_end_matches('/')))),
        ("data_url_checksum", Json::from(checksum)),
    ]);
    let mut data = Object::new();
    data.set("record_id", Json::from(name));
    data.set("details", details);
    data.set("meta", Object::new());
    data.set("ttl", TTL_SECS);
    data.set("is_revoked", false);
    Some(Json::object([("message", Json::from("Record retrieved")), ("data", Json::Object(data))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_the_module_and_its_checksum() {
        let [namespace, registry, name] = RECORD;
        let record = document("http://cds.example/", namespace, registry, name).unwrap();
        let detail = |key: &str| record.at(&["data", "details", key]).and_then(Json::as_str).unwrap();
        assert_eq!(detail("data_url"), "http://cds.example/policies/p2p-trading.rego");
        assert_eq!(detail("data_url_checksum"), hex::encode(Sha256::digest(MODULE.as_bytes())));
        assert!(document("http://cds.example", namespace, registry, "other").is_none());
    }
}
