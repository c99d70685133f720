//! Whose word counts: issuers by DISCOM, decided by the operator.

use std::collections::BTreeMap;

use crate::key::VerificationKey;

/// An issuer that is believed, for the meters of one DISCOM.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The DISCOM's code in the network, `TPDDL`.
    pub discom: String,
    /// Keys by the fragment that names them; an empty name fits every fragment. Empty: they are resolved from the DID.
    pub keys: Vec<(String, VerificationKey)>,
}

/// Every issuer that is believed, by its DID (or the URL by which it names itself).
#[derive(Clone, Debug, Default)]
pub struct TrustList(BTreeMap<String, Issuer>);

impl TrustList {
    pub fn new(issuers: impl IntoIterator<Item = (String, Issuer)>) -> Self {
        Self(issuers.into_iter().collect())
    }

    /// The issuer of exactly that id.
    pub fn find(&self, id: &str) -> Option<&Issuer> {
        self.0.get(id)
    }
}
