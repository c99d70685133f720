//! From a path to a face and an action. Pure.

use std::sync::Arc;

use beckn_wire::action::Action;

use crate::address::{Face, base_path};
use crate::identity::Identity;

/// Where a message came in.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) face: Face,
    pub(super) action: Action,
    /// Whose base path it was, when the path has one.
    pub(super) identity: Option<Arc<Identity>>,
}

/// Reads `[base]/bap/receiver/on_select`, `[base]/callbacks/on_select` (ruling 2: one handler), and for
/// services without faces `[base]/discover`. The base is absent, or the path of one of our own addresses.
pub(super) fn route(path: &str, identities: &[Arc<Identity>]) -> Option<Route> {
    let (before, last) = path.rsplit_once('/')?;
    let two = before.rsplit_once('/').and_then(|(shorter, middle)| {
        Action::parse(&format!("{middle}/{last}")).map(|action| (shorter, action))
    });
    // The one address of three steps, in the older text.
    let three = path.strip_suffix("/catalog/master/search").map(|base| (base, Action::CatalogMasterSearch));
    let (before, action) =
        two.or(three).or_else(|| Action::parse_alias(last).map(|action| (before, action)))?;
    let faces = [
        ("/bap/receiver", Face::BapReceiver),
        ("/callbacks", Face::BapReceiver),
        ("/bpp/receiver", Face::BppReceiver),
    ];
    let found =
        faces.into_iter().find_map(|(suffix, face)| before.strip_suffix(suffix).map(|base| (base, face)));
    let (base, face) = found.unwrap_or((before, Face::Base));
    if base.is_empty() {
        return Some(Route { face, action, identity: None });
    }
    let owner =
        identities.iter().find(|identity| base_path(&identity.base_url).is_ok_and(|path| path == base))?;
    Some(Route { face, action, identity: Some(Arc::clone(owner)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::signature::{KeyId, SigningKey};

    fn identities() -> Vec<Arc<Identity>> {
        vec![Arc::new(Identity {
            subscriber_id: "a.example".to_owned(),
            key_id: KeyId::new("a.example", "k1").unwrap(),
            signing_key: SigningKey::from_seed(&[1; 32]),
            base_url: "https://a.example/beckn/".to_owned(),
        })]
    }

    #[test]
    fn paths_of_both_receivers_the_callbacks_and_the_base() {
        let ours = identities();
        for (path, face, action, based) in [
            ("/bap/receiver/on_select", Face::BapReceiver, Action::OnSelect, false),
            ("/callbacks/on_select", Face::BapReceiver, Action::OnSelect, false),
            ("/bpp/receiver/catalog/on_publish", Face::BppReceiver, Action::CatalogOnPublish, false),
            ("/catalog/publish", Face::Base, Action::CatalogPublish, false),
            ("/catalog/push", Face::Base, Action::CatalogPush, false),
            ("/beckn/catalog/push", Face::Base, Action::CatalogPush, true),
            ("/bap/receiver/catalog/on_pull", Face::BapReceiver, Action::CatalogOnPull, false),
            ("/catalog/master/search", Face::Base, Action::CatalogMasterSearch, false),
            ("/discover", Face::Base, Action::Discover, false),
            ("/beckn/bpp/receiver/init", Face::BppReceiver, Action::Init, true),
            ("/beckn/discover", Face::Base, Action::Discover, true),
        ] {
            let route = route(path, &ours).unwrap();
            assert_eq!((route.face, route.action, route.identity.is_some()), (face, action, based), "{path}");
        }
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in [
            "",
            "/",
            "select",
            "/bap/receiver/",
            "/bap/receiver/nothing",
            "/other/bap/receiver/on_select",
            "//select",
            "/bap/caller/select",
        ] {
            assert!(route(path, &identities()).is_none(), "{path}");
        }
    }
}
