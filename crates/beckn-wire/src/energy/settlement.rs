//! Money in a contract: settlement terms, payments and revenue flows, under `consideration` and
//! `settlements`.
//!
//! Bank details are personal data: they are left out of `Debug` and of what a ledger is sent.

use std::fmt;

use units::Paise;

use super::deg::RevenueFlow;
use super::money::{Money, PayTo};
use super::path::{
    Members, Path, equal_as_written, has_type, put_child, put_code, put_list, put_text, put_texts,
};
use super::schema;
use crate::code::WireError;
use crate::json::{Json, Object};

/// `SettlementTerm` 2.0: how and when a contract is paid.
#[derive(Clone)]
pub struct SettlementTerm {
    pub amount: Option<Money>,
    pub pay_to: Option<PayTo>,
    pub accepted_payment_methods: Vec<String>,
    /// `ON_FULFILLMENT` for a postpaid trade.
    pub payment_trigger: Option<String>,
    /// `PENDING` or `COMPLETE`.
    pub settlement_status: Option<String>,
    pub rest: Object,
}

equal_as_written!(SettlementTerm, PaymentAction, RevenueFlows, Consideration, Settlement);

impl SettlementTerm {
    /// A term that is paid after delivery and is still open.
    pub fn on_fulfillment(pay_to: Option<PayTo>) -> Self {
        let by_bank = matches!(pay_to, Some(PayTo::Bank { .. }));
        Self {
            amount: None,
            pay_to,
            accepted_payment_methods: if by_bank { vec!["BANK_TRANSFER".to_owned()] } else { Vec::new() },
            payment_trigger: Some("ON_FULFILLMENT".to_owned()),
            settlement_status: Some("PENDING".to_owned()),
            rest: schema::SETTLEMENT_TERM.members(),
        }
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        let pay_to =
            members.get("payTo").map(|value| PayTo::read(value, &path.member("payTo"))).transpose()?;
        Ok(Self {
            amount: members.child("amount", Money::read)?,
            pay_to,
            accepted_payment_methods: members.texts("acceptedPaymentMethods")?,
            payment_trigger: members.text("paymentTrigger")?,
            settlement_status: members.text("settlementStatus")?,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_child(&mut object, "amount", self.amount.as_ref().map(Money::to_json));
        let spelled = object.get("payTo").and_then(|value| PayTo::read(value, &Path::new("payTo")).ok());
        if spelled != self.pay_to {
            put_child(&mut object, "payTo", self.pay_to.as_ref().map(PayTo::to_json));
        }
        put_texts(&mut object, "acceptedPaymentMethods", &self.accepted_payment_methods);
        put_text(&mut object, "paymentTrigger", self.payment_trigger.as_deref());
        put_text(&mut object, "settlementStatus", self.settlement_status.as_deref());
        object.into()
    }
}

impl fmt::Debug for SettlementTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettlementTerm")
            .field("amount", &self.amount)
            .field("pay_to", &self.pay_to)
            .field("settlement_status", &self.settlement_status)
            .finish_non_exhaustive()
    }
}

/// `PaymentAction` 2.0: a payment that was asked for or made.
#[derive(Clone, Debug)]
pub struct PaymentAction {
    pub amount: Option<Money>,
    /// `method` of `paymentMethod`: `UPI`, `BANK_TRANSFER`.
    pub method: Option<String>,
    pub payment_status: Option<String>,
    pub payment_url: Option<String>,
    pub txn_ref: Option<String>,
    /// RFC 3339, as it was written.
    pub paid_at: Option<String>,
    pub rest: Object,
}

impl PaymentAction {
    pub fn new(amount: Paise, method: &str, status: &str) -> Self {
        Self {
            amount: Some(Money::inr(amount)),
            method: Some(method.to_owned()),
            payment_status: Some(status.to_owned()),
            payment_url: None,
            txn_ref: None,
            paid_at: None,
            rest: schema::PAYMENT_ACTION.members(),
        }
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            amount: members.child("amount", Money::read)?,
            method: members.code(&["paymentMethod", "method"])?,
            payment_status: members.text("paymentStatus")?,
            payment_url: members.text("paymentUrl")?,
            txn_ref: members.text("txnRef")?,
            paid_at: members.text("paidAt")?,
            rest: members.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_child(&mut object, "amount", self.amount.as_ref().map(Money::to_json));
        put_code(&mut object, &["paymentMethod", "method"], self.method.as_deref());
        put_text(&mut object, "paymentStatus", self.payment_status.as_deref());
        put_text(&mut object, "paymentUrl", self.payment_url.as_deref());
        put_text(&mut object, "txnRef", self.txn_ref.as_deref());
        put_text(&mut object, "paidAt", self.paid_at.as_deref());
        object.into()
    }
}

/// What a consideration or a settlement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyAttributes {
    Term(SettlementTerm),
    Payment(PaymentAction),
    Flows(RevenueFlows),
    Other(Json),
}

/// `RevenueFlow` v2.0: the flows of the contract policy, summing to zero.
#[derive(Clone, Debug)]
pub struct RevenueFlows {
    pub flows: Vec<RevenueFlow>,
    pub rest: Object,
}

impl RevenueFlows {
    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self { flows: members.list("revenueFlows", RevenueFlow::read)?, rest: members.rest() })
    }

    fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_list(&mut object, "revenueFlows", &self.flows, RevenueFlow::to_json);
        object.into()
    }
}

impl MoneyAttributes {
    pub fn flows(flows: Vec<RevenueFlow>) -> Self {
        Self::Flows(RevenueFlows { flows, rest: schema::REVENUE_FLOW.members() })
    }

    fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        if has_type(json, schema::SETTLEMENT_TERM.type_name) {
            SettlementTerm::read(json, path).map(Self::Term)
        } else if has_type(json, schema::PAYMENT_ACTION.type_name) {
            PaymentAction::read(json, path).map(Self::Payment)
        } else if has_type(json, schema::REVENUE_FLOW.type_name) {
            RevenueFlows::read(json, path).map(Self::Flows)
        } else {
            Ok(Self::Other(json.clone()))
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Term(term) => term.to_json(),
            Self::Payment(payment) => payment.to_json(),
            Self::Flows(flows) => flows.to_json(),
            Self::Other(json) => json.clone(),
        }
    }
}

/// An entry of `consideration`. `status` is required by one text of the protocol and missing in older
/// messages.
#[derive(Clone, Debug)]
pub struct Consideration {
    pub id: Option<String>,
    /// The code of the status.
    pub status: Option<String>,
    pub attributes: Option<MoneyAttributes>,
    pub rest: Object,
}

impl Consideration {
    pub fn new(id: &str, status: &str, attributes: MoneyAttributes) -> Self {
        Self {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            attributes: Some(attributes),
            rest: Object::new(),
        }
    }

    pub(super) fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            status: members.code(&["status", "code"])?,
            attributes: members.child("considerationAttributes", MoneyAttributes::read)?,
            rest: members.rest(),
        })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_code(&mut object, &["status", "code"], self.status.as_deref());
        put_child(
            &mut object,
            "considerationAttributes",
            self.attributes.as_ref().map(MoneyAttributes::to_json),
        );
        object.into()
    }
}

/// An entry of `settlements`.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub id: Option<String>,
    pub consideration_id: Option<String>,
    /// `DRAFT`, `COMMITTED` or `COMPLETE`.
    pub status: Option<String>,
    pub attributes: Option<MoneyAttributes>,
    pub rest: Object,
}

impl Settlement {
    pub fn new(id: &str, status: &str, attributes: MoneyAttributes) -> Self {
        Self {
            id: Some(id.to_owned()),
            consideration_id: None,
            status: Some(status.to_owned()),
            attributes: Some(attributes),
            rest: Object::new(),
        }
    }

    pub(super) fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let mut members = Members::of(json, path)?;
        Ok(Self {
            id: members.text("id")?,
            consideration_id: members.text("considerationId")?,
            status: members.text("status")?,
            attributes: members.child("settlementAttributes", MoneyAttributes::read)?,
            rest: members.rest(),
        })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "id", self.id.as_deref());
        put_text(&mut object, "considerationId", self.consideration_id.as_deref());
        put_text(&mut object, "status", self.status.as_deref());
        put_child(
            &mut object,
            "settlementAttributes",
            self.attributes.as_ref().map(MoneyAttributes::to_json),
        );
        object.into()
    }

    /// The settlement as a ledger sees it: its id and status.
    #[must_use]
    pub fn stripped(&self) -> Self {
        Self {
            id: self.id.clone(),
            consideration_id: None,
            status: self.status.clone(),
            attributes: None,
            rest: Object::new(),
        }
    }
}
