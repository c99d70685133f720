//! Amounts of money and where they are to be paid.
//!
//! Bank details are personal data: they are left out of `Debug`.

use std::fmt;

use units::{NumberError, Paise};

use super::path::{Members, Path, equal_as_written, put_text};
use super::schema;
use crate::code::WireError;
use crate::json::{Json, Object};

/// An amount of money, the number as it was written.
#[derive(Clone, Debug)]
pub struct Money {
    pub currency: Option<String>,
    pub value: String,
    pub rest: Object,
}

equal_as_written!(Money);

impl Money {
    pub fn inr(value: Paise) -> Self {
        Self { currency: Some(schema::CURRENCY.to_owned()), value: value.to_inr_text(), rest: Object::new() }
    }

    pub(super) fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        Ok(Self {
            currency: members.text("currency")?,
            value: members.number("value")?.ok_or_else(|| members.missing("value"))?,
            rest: members.rest(),
        })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut object = self.rest.clone();
        put_text(&mut object, "currency", self.currency.as_deref());
        object.set("value", Json::Number(self.value.clone()));
        object.into()
    }

    /// The value in paise.
    ///
    /// # Errors
    /// Finer than one paisa, or out of range.
    pub fn paise(&self) -> Result<Paise, NumberError> {
        Paise::from_inr_text(&self.value)
    }
}

/// Where the money goes.
#[derive(Clone, PartialEq, Eq)]
pub enum PayTo {
    /// A bank account; the IFSC travels as `branchCode`.
    Bank {
        holder: String,
        account: String,
        ifsc: String,
        bank: Option<String>,
    },
    /// A UPI address.
    Vpa(String),
    PaymentUrl(String),
    /// A form that we do not know.
    Other(Json),
}

impl PayTo {
    pub(super) fn read(json: &Json, path: &Path<'_>) -> Result<Self, WireError> {
        let members = Members::of(json, path)?;
        if let Some(vpa) = members.text("vpa")? {
            return Ok(Self::Vpa(vpa));
        }
        if let Some(url) = members.text("paymentUrl")? {
            return Ok(Self::PaymentUrl(url));
        }
        let holder = members.text("accountHolderName")?;
        let (account, ifsc) = (members.text("accountNumber")?, members.text("branchCode")?);
        match (holder, account, ifsc) {
            (Some(holder), Some(account), Some(ifsc)) => {
                Ok(Self::Bank { holder, account, ifsc, bank: members.text("bankName")? })
            }
            _ => Ok(Self::Other(json.clone())),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Bank { holder, account, ifsc, bank } => {
                let mut object = Object::new();
                object.set("accountHolderName", holder.as_str());
                object.set("accountNumber", account.as_str());
                object.set("branchCode", ifsc.as_str());
                put_text(&mut object, "bankName", bank.as_deref());
                object.into()
            }
            Self::Vpa(vpa) => Json::object([("vpa", Json::from(vpa.as_str()))]),
            Self::PaymentUrl(url) => Json::object([("paymentUrl", Json::from(url.as_str()))]),
            Self::Other(json) => json.clone(),
        }
    }
}

impl fmt::Debug for PayTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bank { .. } => "Bank",
            Self::Vpa(_) => "Vpa",
            Self::PaymentUrl(_) => "PaymentUrl",
            Self::Other(_) => "Other",
        })
    }
}
