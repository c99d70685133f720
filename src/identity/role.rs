//! What an account may be, and what an API token may be used for.

/// What a user does on this platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Buys and sells: what everybody is who was not made something else.
    Prosumer,
    /// Only buys.
    Consumer,
    /// Only sells.
    Producer,
    /// The desk of a DISCOM: sees its own meters and the trades on them.
    Utility,
    /// Keeps the accounts of this platform.
    Admin,
}

impl Role {
    pub const ALL: &'static [Role] =
        &[Role::Prosumer, Role::Consumer, Role::Producer, Role::Utility, Role::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Prosumer => "prosumer",
            Role::Consumer => "consumer",
            Role::Producer => "producer",
            Role::Utility => "utility",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }
}

/// What a request does, as far as an API token may be confined to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Looks at what is the user's.
    Read,
    /// Offers, buys, calls off.
    Trade,
    /// Moves money to and from the user's bank.
    Money,
    /// Changes who the user is: profile, meters, proofs.
    Account,
    /// Changes other people's accounts.
    Admin,
    /// Never a token's: for somebody who has signed in, with a password or the like.
    Session,
}

impl Scope {
    /// What a token can be given.
    pub const GRANTED: &'static [Scope] =
        &[Scope::Read, Scope::Trade, Scope::Money, Scope::Account, Scope::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Trade => "trade",
            Scope::Money => "money",
            Scope::Account => "account",
            Scope::Admin => "admin",
            Scope::Session => "session",
        }
    }

    /// The scope of that name that a token can be given.
    pub fn parse(text: &str) -> Option<Self> {
        Self::GRANTED.iter().copied().find(|scope| scope.as_str() == text)
    }
}
