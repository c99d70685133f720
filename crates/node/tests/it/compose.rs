//! What we write is valid under both texts, or is not written.

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use beckn_wire::validate::{Text, validate};
use node::{ComposeError, Draft};
use test_support::both_databases;
use units::Span;

use crate::world::{BUYER, NETWORK, NOW, SELLER, STRANGER, World, contract, transaction};

fn draft(action: Action, identity: &str, message: Json) -> Draft {
    Draft::new(action, identity, NETWORK, &transaction("t"), &transaction("m"), message)
        .to(STRANGER, "https://stranger.example/beckn/bpp/receiver")
}

both_databases! {
    migrations = [("node", node::MIGRATIONS)];

    async fn our_side_and_theirs_are_where_the_action_says(db: db::Db) {
        let world = World::new(&db);
        let request = Draft { ttl: Some(Span::from_secs(30)), ..draft(Action::Select, BUYER, contract()) };
        let bytes = world.node.compose(&request).unwrap();
        let context = Json::parse(&bytes).unwrap().get("context").unwrap().clone();
        let text = |name: &str| context.get(name).and_then(Json::as_str).map(str::to_owned);
        assert_eq!(text("bapUri").as_deref(), Some("https://buyer.example/bap/receiver"));
        assert_eq!((text("bppId").as_deref(), text("ttl").as_deref()), (Some(STRANGER), Some("PT30S")));
        assert_eq!(text("timestamp"), Some(NOW.to_rfc3339()));
        let error = Some(WireError::new(ErrorCode::BizQuantityUnavailable, "sold"));
        let callback = Draft { error, ..draft(Action::OnInit, SELLER, contract()) };
        let bytes = world.node.compose(&callback).unwrap();
        let document = Json::parse(&bytes).unwrap();
        assert_eq!(document.at(&["context", "bppId"]).unwrap().as_str(), Some(SELLER));
        assert_eq!(document.at(&["error", "code"]).unwrap().as_str(), Some("BIZ_QUANTITY_UNAVAILABLE"));
        assert!(validate(Text::Tag, &bytes).is_ok() && validate(Text::Main, &bytes).is_ok());
    }

    async fn what_one_text_forbids_is_not_written(db: db::Db) {
        let world = World::new(&db);
        let text = contract().to_string();
        // The tag alone wants a status in each consideration.
        let consideration =
            text.replacen(r#""commitments""#, r#""consideration":[{"id":"x"}],"commitments""#, 1);
        for bad in [text.replace("DRAFT", "MAYBE"), consideration] {
            let message = Json::parse_text(&bad).unwrap();
            let outcome = world.node.compose(&draft(Action::Select, BUYER, message));
            assert!(matches!(outcome, Err(ComposeError::Invalid(_))), "{bad}");
        }
        let foreign = world.node.compose(&draft(Action::Select, STRANGER, contract()));
        assert_eq!(foreign, Err(ComposeError::UnknownIdentity));
        let mut words = draft(Action::Select, BUYER, contract());
        words.message_id = "message-1".to_owned();
        assert!(world.node.compose(&words).is_err());
    }
}
