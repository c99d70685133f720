//! The actions of the protocol (Beckn 2.0, section "endpoints"): names, pairs, and whose identity signs
//! which.
//!
//! An action is at once the value of `context.action` and the path under the receiver's base address.

use std::fmt;

/// The two identities that a context names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The consumer's side: `bapId`.
    Bap,
    /// The provider's side: `bppId`.
    Bpp,
}

macro_rules! actions {
    ($($variant:ident $text:literal,)+) => {
        /// What a message asks for or answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $text] $variant,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The value of `context.action`, and the path under the receiver's base: `on_select`,
            /// `catalog/publish`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The action of exactly that name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

actions! {
    Discover "discover",
    OnDiscover "on_discover",
    Select "select",
    OnSelect "on_select",
    Init "init",
    OnInit "on_init",
    Confirm "confirm",
    OnConfirm "on_confirm",
    Update "update",
    OnUpdate "on_update",
    Status "status",
    OnStatus "on_status",
    Cancel "cancel",
    OnCancel "on_cancel",
    Track "track",
    OnTrack "on_track",
    Rate "rate",
    OnRate "on_rate",
    Support "support",
    OnSupport "on_support",
    CatalogPublish "catalog/publish",
    CatalogOnPublish "catalog/on_publish",
    CatalogPush "catalog/push",
    CatalogSubscription "catalog/subscription",
    CatalogOnSubscription "catalog/on_subscription",
    CatalogPull "catalog/pull",
    CatalogOnPull "catalog/on_pull",
    CatalogSearch "catalog/search",
    CatalogOnSearch "catalog/on_search",
    CatalogMasterSearch "catalog/master_search",
}

impl Action {
    /// As [`Action::parse`], and the underscore spellings that older texts use for the catalog actions.
    pub fn parse_alias(text: &str) -> Option<Self> {
        match text {
            "catalog_publish" => Some(Self::CatalogPublish),
            "on_catalog_publish" | "catalog_on_publish" => Some(Self::CatalogOnPublish),
            "catalog_push" => Some(Self::CatalogPush),
            "catalog_pull" => Some(Self::CatalogPull),
            "on_catalog_pull" | "catalog_on_pull" => Some(Self::CatalogOnPull),
            other => Self::parse(other),
        }
    }

    /// Whether this is an answer (`on_…`). An answer may also come unasked: `on_status`, `on_update`,
    /// `on_cancel`.
    pub fn is_callback(self) -> bool {
        self.as_str().rsplit('/').next().is_some_and(|name| name.starts_with("on_"))
    }

    /// The callback that answers this request later. `None` for callbacks, for a push, and for what is
    /// answered in the HTTP response itself (subscription, search).
    pub fn callback(self) -> Option<Self> {
        Some(match self {
            Self::Discover => Self::OnDiscover,
            Self::Select => Self::OnSelect,
            Self::Init => Self::OnInit,
            Self::Confirm => Self::OnConfirm,
            Self::Update => Self::OnUpdate,
            Self::Status => Self::OnStatus,
            Self::Cancel => Self::OnCancel,
            Self::Track => Self::OnTrack,
            Self::Rate => Self::OnRate,
            Self::Support => Self::OnSupport,
            Self::CatalogPublish => Self::CatalogOnPublish,
            Self::CatalogPull => Self::CatalogOnPull,
            _ => return None,
        })
    }

    /// The request that this callback answers.
    pub fn request(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|request| request.callback() == Some(self))
    }

    /// The identity on the sending side: consumers send requests, providers send callbacks; for the catalog
    /// the provider publishes and searches, and a discovery service (as `bapId`) subscribes and pulls.
    pub fn sender(self) -> Role {
        match self {
            Self::CatalogPublish | Self::CatalogSearch | Self::CatalogMasterSearch => Role::Bpp,
            Self::CatalogPush => Role::Bpp,
            Self::CatalogOnPublish | Self::CatalogOnSearch => Role::Bap,
            other if other.is_callback() => Role::Bpp,
            _ => Role::Bap,
        }
    }

    /// The identity on the receiving side; the other one than [`Action::sender`].
    pub fn receiver(self) -> Role {
        match self.sender() {
            Role::Bap => Role::Bpp,
            Role::Bpp => Role::Bap,
        }
    }

    /// Whether a catalog service sends it. The context has no member for that service, so its identity is in
    /// the signature only.
    pub fn from_catalog_service(self) -> bool {
        matches!(
            self,
            Self::CatalogOnPublish
                | Self::CatalogPush
                | Self::CatalogOnSubscription
                | Self::CatalogOnPull
                | Self::CatalogOnSearch
        )
    }

    /// Whether `context.try` and `context.requestDigest` mean something: elsewhere they are ignored.
    pub fn has_preview(self) -> bool {
        matches!(self, Self::Update | Self::OnUpdate | Self::Cancel | Self::OnCancel)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_pairs_are_symmetric() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(*action));
            assert_eq!(Action::parse_alias(action.as_str()), Some(*action));
            assert_ne!(action.sender(), action.receiver());
            if let Some(callback) = action.callback() {
                assert!(callback.is_callback() && !action.is_callback());
                assert_eq!(callback.request(), Some(*action));
                assert_eq!(callback.sender(), action.receiver());
            }
        }
        assert_eq!(Action::parse("catalog_publish"), None);
        assert_eq!(Action::parse_alias("on_catalog_publish"), Some(Action::CatalogOnPublish));
        assert_eq!(Action::parse_alias("Select"), None);
    }

    #[test]
    fn identities_follow_the_direction() {
        assert_eq!((Action::Select.sender(), Action::OnSelect.sender()), (Role::Bap, Role::Bpp));
        assert_eq!(
            (Action::CatalogPublish.sender(), Action::CatalogPublish.callback()),
            (Role::Bpp, Some(Action::CatalogOnPublish))
        );
        assert!(
            Action::CatalogOnPublish.from_catalog_service() && !Action::OnDiscover.from_catalog_service()
        );
        assert!(Action::CatalogSubscription.callback().is_none());
    }
}
