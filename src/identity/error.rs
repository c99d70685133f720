//! What goes wrong when people show who they are, and what they are told of it.

use db::DbError;

use crate::error::{Code, Coded};

/// Why an account is not opened, changed or shown.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the e-mail address or the password is not right")]
    CredentialsWrong,
    #[error("the code is not right, or not good any more")]
    CodeWrong,
    #[error("the link was used, was replaced by a newer one, or is too old")]
    LinkInvalid,
    #[error("the refresh token is not good any more")]
    RefreshInvalid,
    #[error("the account is locked")]
    Locked,
    #[error("an e-mail address of the form name@host.example is expected")]
    EmailInvalid,
    #[error("a mobile number is expected, with its country code or of India")]
    PhoneInvalid,
    #[error("a name has 1 to 100 characters, none of them a control character")]
    NameInvalid,
    #[error("a device has a name of at most 100 characters, none of them a control character")]
    DeviceInvalid,
    #[error("a language tag as en or hi-IN is expected")]
    LanguageInvalid,
    #[error("a payment address of the form name@bank is expected")]
    PayoutInvalid,
    #[error("a password has 8 to 128 characters")]
    PasswordLength,
    #[error("this password is among the first that anybody would try")]
    PasswordCommon,
    #[error("this account has no password")]
    PasswordNone,
    #[error("the present password is not right")]
    PasswordWrong,
    #[error("a scope is one of read, trade, money, account, admin")]
    ScopeUnknown,
    #[error("a token is good for 1 to 365 days")]
    TokenLife,
    #[error("an account has at most {0} tokens that are good")]
    TokensFull(i64),
    #[error("a role is one of prosumer, consumer, producer, utility, admin")]
    RoleUnknown,
    #[error("a utility, and nobody else, has the DISCOM whose desk it is")]
    DiscomMisplaced,
    #[error("nobody changes the own role or locks the own account")]
    OwnAccount,
    #[error("the e-mail address belongs to another account")]
    EmailTaken,
    #[error("the mobile number belongs to another account: sign in by it")]
    PhoneTaken,
    #[error("the account has an address of this kind already")]
    AddressPresent(&'static str),
    #[error("nothing else opens this account")]
    LastWayIn,
    #[error("the account with this address does not take this issuer's word any more: sign in another way")]
    Unlinked,
    #[error("too many people sign in at this moment")]
    Busy,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("no token can be signed: {0}")]
    Signing(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Coded for IdentityError {
    fn code(&self) -> Code {
        use IdentityError as E;
        match self {
            E::CredentialsWrong => Code::CredentialsWrong,
            E::CodeWrong | E::LinkInvalid => Code::CodeInvalid,
            E::RefreshInvalid => Code::RefreshInvalid,
            E::Locked => Code::AccountLocked,
            E::PasswordLength | E::PasswordCommon => Code::PasswordWeak,
            E::EmailInvalid
            | E::PhoneInvalid
            | E::NameInvalid
            | E::DeviceInvalid
            | E::LanguageInvalid
            | E::PayoutInvalid
            | E::PasswordNone
            | E::PasswordWrong
            | E::ScopeUnknown
            | E::TokenLife
            | E::RoleUnknown
            | E::DiscomMisplaced
            | E::OwnAccount
            | E::EmailTaken
            | E::PhoneTaken
            | E::AddressPresent(_) => Code::FieldInvalid,
            E::LastWayIn => Code::LastWayIn,
            E::Unlinked => Code::IssuerUnlinked,
            E::TokensFull(_) => Code::AccountFull,
            E::Busy => Code::RateLimited,
            E::NotFound(_) => Code::NotFound,
            E::Signing(_) | E::Db(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        use IdentityError as E;
        let field = match self {
            E::EmailInvalid | E::EmailTaken => "email",
            E::PhoneInvalid | E::PhoneTaken => "phone",
            E::AddressPresent(kind) => kind,
            E::NameInvalid => "name",
            E::DeviceInvalid => "device",
            E::LanguageInvalid => "language",
            E::PayoutInvalid => "payout_vpa",
            E::PasswordLength | E::PasswordCommon => "password",
            E::PasswordNone | E::PasswordWrong => "current_password",
            E::ScopeUnknown => "scopes",
            E::TokenLife => "expires_in_days",
            E::RoleUnknown | E::OwnAccount => "role",
            E::DiscomMisplaced => "discom",
            _ => return None,
        };
        Some(field.to_owned())
    }
}
