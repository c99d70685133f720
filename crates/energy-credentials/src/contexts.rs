//! The JSON-LD contexts that are held here: nothing is ever fetched.
//!
//! A context decides what was signed, so it is data of this program or of its operator. The texts are our own, written
//! from what each published context maps; they hold what credentials use of it. A credential that names any other
//! context is unknown until the operator adds that context.

mod electricity;

use std::collections::BTreeMap;
use std::sync::Arc;

/// The context of the older signature suite, which signers add when it is missing.
pub(crate) const SUITE_2020: &str = "https://w3id.org/security/suites/ed25519-2020/v1";

/// Contexts by their address. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Contexts(Arc<BTreeMap<String, String>>);

impl Default for Contexts {
    fn default() -> Self {
        Self::with([])
    }
}

impl Contexts {
    /// What is held here, and these (address, text); one that is given stands before one that is held.
    pub fn with(more: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut all: BTreeMap<String, String> = held().into_iter().collect();
        all.extend(more);
        Self(Arc::new(all))
    }

    pub(crate) fn get(&self, url: &str) -> Option<&str> {
        self.0.get(url).map(String::as_str)
    }
}

fn held() -> Vec<(String, String)> {
    let mut all = vec![
        (
            "https://www.w3.org/2018/credentials/v1".to_owned(),
            include_str!("../contexts/credentials-v1.json").to_owned(),
        ),
        (
            "https://www.w3.org/ns/credentials/v2".to_owned(),
            include_str!("../contexts/credentials-v2.json").to_owned(),
        ),
        (SUITE_2020.to_owned(), include_str!("../contexts/ed25519-2020.json").to_owned()),
        (
            "https://w3id.org/security/data-integrity/v2".to_owned(),
            include_str!("../contexts/data-integrity.json").to_owned(),
        ),
        // Every word means itself; the words that have a type of their own there do not occur in energy credentials.
        (
            "https://schema.org/".to_owned(),
            r#"{"@context":{"id":"@id","type":"@type","@vocab":"http://schema.org/"}}"#.to_owned(),
        ),
    ];
    for profile in PROFILES {
        all.push((profile.eos_url(), profile.eos()));
        all.push((profile.store_url(), profile.store()));
    }
    all.push((electricity::URL.to_owned(), electricity::text()));
    all
}

/// One of the four profiles of the pilots.
struct Profile {
    /// As the addresses write it: `generation-profile`.
    name: &'static str,
    prefix: &'static str,
    kind: &'static str,
    /// Term, what it means (a name under the prefix, or of schema.org), its type.
    terms: &'static [(&'static str, &'static str, &'static str)],
    /// Terms of the credential store's context, which give all of them one meaning.
    store_terms: &'static [&'static str],
}

const NAME: (&str, &str, &str) = ("fullName", "schema:name", "string");

const PROFILES: [Profile; 4] = [
    Profile {
        name: "utility-customer",
        prefix: "utility",
        kind: "UtilityCustomerCredential",
        terms: &[
            ("consumerNumber", "", "string"),
            ("maskedIdNumber", "", "string"),
            NAME,
            ("meterNumber", "", "string"),
            ("serviceConnectionDate", "", "date"),
        ],
        store_terms: &[
            "consumerNumber",
            "fullName",
            "maskedIdNumber",
            "installationAddress",
            "meterNumber",
            "serviceConnectionDate",
        ],
    },
    Profile {
        name: "consumption-profile",
        prefix: "consumption",
        kind: "ConsumptionProfileCredential",
        terms: &[
            ("consumerNumber", "", "string"),
            NAME,
            ("premisesType", "", "string"),
            ("connectionType", "", "string"),
            ("sanctionedLoadKW", "", "decimal"),
            ("tariffCategoryCode", "", "string"),
            ("meterNumber", "", "string"),
        ],
        store_terms: &[
            "consumerNumber",
            "fullName",
            "premisesType",
            "connectionType",
            "sanctionedLoadKW",
            "tariffCategoryCode",
            "meterNumber",
        ],
    },
    Profile {
        name: "generation-profile",
        prefix: "generation",
        kind: "GenerationProfileCredential",
        terms: &[
            ("consumerNumber", "", "string"),
            NAME,
            ("meterNumber", "", "string"),
            ("assetId", "", "string"),
            ("generationType", "", "string"),
            ("capacityKW", "", "decimal"),
            ("commissioningDate", "", "date"),
            ("manufacturer", "schema:manufacturer", "string"),
            ("modelNumber", "", "string"),
        ],
        store_terms: &[
            "consumerNumber",
            "fullName",
            "generationType",
            "capacityKW",
            "commissioningDate",
            "meterNumber",
            "assetId",
            "equipmentManufacturer",
            "equipmentModel",
        ],
    },
    Profile {
        name: "storage-profile",
        prefix: "storage",
        kind: "StorageProfileCredential",
        terms: &[
            ("consumerNumber", "", "string"),
            NAME,
            ("meterNumber", "", "string"),
            ("assetId", "", "string"),
            ("storageCapacityKWh", "", "decimal"),
            ("powerRatingKW", "", "decimal"),
            ("commissioningDate", "", "date"),
            ("storageType", "", "string"),
        ],
        store_terms: &[
            "consumerNumber",
            "fullName",
            "storageType",
            "storageCapacityKWh",
            "powerRatingKW",
            "commissioningDate",
            "meterNumber",
            "assetId",
        ],
    },
];

/// The parts of an address in the customer's profile: term, meaning.
const ADDRESS: [(&str, &str); 6] = [
    ("fullAddress", "schema:streetAddress"),
    ("city", "schema:addressLocality"),
    ("district", "utility:district"),
    ("stateProvince", "schema:addressRegion"),
    ("postalCode", "schema:postalCode"),
    ("country", "schema:addressCountry"),
];

impl Profile {
    fn eos_url(&self) -> String {
        format!(
            "https://nfh-trust-labs.github.io/vc-schemas/energy-credentials/{}-vc/context.jsonld",
            self.name
        )
    }

    fn store_url(&self) -> String {
        format!("https://anusree-j.github.io/vc_context/energy/{}-context.json", self.name)
    }

    fn eos(&self) -> String {
        let prefix = self.prefix;
        let mut terms: Vec<String> = self
            .terms
            .iter()
            .map(|(term, meaning, kind)| {
                let meaning =
                    if meaning.is_empty() { format!("{prefix}:{term}") } else { (*meaning).to_owned() };
                format!(r#""{term}":{{"@id":"{meaning}","@type":"xsd:{kind}"}}"#)
            })
            .collect();
        if prefix == "utility" {
            let parts = ADDRESS
                .map(|(term, meaning)| format!(r#""{term}":{{"@id":"{meaning}","@type":"xsd:string"}}"#));
            terms.push(format!(
                r#""installationAddress":{{"@id":"utility:installationAddress","@type":"@id","@context":{{{}}}}}"#,
                parts.join(",")
            ));
        }
        let scoped = format!(r#"{ALIASES},{}"#, terms.join(","));
        let issuer = format!(
            r#"{ALIASES},"name":{{"@id":"schema:name","@type":"xsd:string"}},
            "licenseNumber":{{"@id":"{prefix}:licenseNumber","@type":"xsd:string"}}"#
        );
        format!(
            r#"{{"@context":{{{ALIASES},"schema":"https://schema.org/","xsd":"http://www.w3.org/2001/XMLSchema#",
            "{prefix}":"{}#","{kind}":{{"@id":"{prefix}:{kind}","@context":{{{scoped}}}}},
            "UtilityIssuer":{{"@id":"{prefix}:UtilityIssuer","@context":{{{issuer}}}}}}}}}"#,
            self.eos_url(),
            kind = self.kind,
        )
    }

    fn store(&self) -> String {
        let terms: Vec<String> =
            self.store_terms.iter().map(|term| format!(r#""{term}":"schema:Text""#)).collect();
        format!(
            r#"{{"@context":{{"@version":1.1,"@protected":true,"id":"@id","schema":"https://schema.org/",
            "{kind}":{{"@id":"{}#{kind}","@context":{{"@version":1.1,"id":"@id",{}}}}}}}}}"#,
            self.store_url(),
            terms.join(","),
            kind = self.kind,
        )
    }
}

const ALIASES: &str = r#""@version":1.1,"@protected":true,"id":"@id","type":"@type""#;
