//! The JSON-LD contexts and types of the energy attributes, in one place.

use crate::json::{Json, Object};

/// The currency of every price and amount.
pub const CURRENCY: &str = "INR";

/// The unit of every energy value.
pub const ENERGY_UNIT: &str = "KWH";

/// The entry point that a contract policy must name (rule N17 of the network policy).
pub const POLICY_QUERY: &str = "data.deg.contracts.p2p_trading";

/// A published attribute schema: where its context is, and the `@type` that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    pub context: &'static str,
    pub type_name: &'static str,
}

macro_rules! schemas {
    ($($name:ident $path:literal $type_name:literal;)+) => {
        $(
            #[doc = concat!("`", $type_name, "`")]
            pub const $name: Schema = Schema {
                context: concat!("https://schema.nfh.global/", $path, "/context.jsonld"),
                type_name: $type_name,
            };
        )+

        /// All of them.
        pub const ALL: &[Schema] = &[$($name),+];
    };
}

schemas! {
    ENERGY_TRADE_OFFER "EnergyTradeOffer/v2.0" "EnergyTradeOffer";
    ENERGY_RESOURCE "EnergyResource/v2.0" "EnergyResource";
    ENERGY_CUSTOMER "EnergyCustomer/v2.0" "EnergyCustomer";
    DEG_CONTRACT "DEGContract/v2.0" "DEGContract";
    TIME_SERIES "BecknTimeSeries/v1.0" "TimeSeries";
    DISCOM_LEDGER_PROVIDER "DiscomLedgerProvider/v1.0" "DiscomLedgerProvider";
    DATASET_ITEM "DatasetItem/1.1" "DatasetItem";
    SETTLEMENT_TERM "SettlementTerm/2.0" "SettlementTerm";
    PAYMENT_ACTION "PaymentAction/v2.0" "PaymentAction";
    REVENUE_FLOW "RevenueFlow/v2.0" "RevenueFlow";
}

impl Schema {
    /// The two members that every attribute object begins with: `@context` and `@type`.
    pub fn members(self) -> Object {
        [("@context", self.context), ("@type", self.type_name)]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), Json::from(text)))
            .collect()
    }
}

/// Every `@context` inside a message, each once, in order of appearance: the value of
/// `context.schemaContext`.
pub fn contexts_of(message: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(message, &mut found);
    found
}

fn collect(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(object) => {
            for (name, member) in object.iter() {
                match member {
                    Json::String(url) if name == "@context" => {
                        if !found.contains(url) {
                            found.push(url.clone());
                        }
                    }
                    other => collect(other, found),
                }
            }
        }
        _ => {}
    }
}
