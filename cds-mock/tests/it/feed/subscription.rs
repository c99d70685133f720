//! Create, list, look, change, end; whose it is; and every refusal.

use beckn_wire::action::Action;
use beckn_wire::energy::feed::{read_subscriptions, subscribe, subscription_target};
use beckn_wire::json::Json;
use test_support::both_databases;
use test_support::database::TestDb;

use super::*;

const PATH: &str = "catalog/subscription";

both_databases! {
    async fn a_subscription_lives_from_its_creation_to_its_end(db: TestDb) {
        let world = World::new(&db).await;
        let peer = world.peer("ds.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let first = world.subscribe(&peer, &[NETWORK], &[]).await;
        assert!(first.active && first.networks == [NETWORK] && first.schema_types.is_empty());
        let second = world.subscribe(&peer, &[OTHER_NETWORK], &["EnergyTradeOffer"]).await;
        // Without networks: those of which it is a member.
        let third = world.subscribe(&peer, &[], &["EnergyResource"]).await;
        assert_eq!(third.networks, [NETWORK, OTHER_NETWORK]);

        let list = |query: &'static str| world.signed(&peer, "GET", query, Vec::new());
        let (status, answer) = list("catalog/subscription?limit=2&offset=1").await;
        judge_answer("/catalog/subscription", &answer);
        let ids: Vec<String> = read_subscriptions(&answer).unwrap().into_iter().map(|s| s.id).collect();
        assert_eq!((status, ids), (200, vec![second.id.clone(), third.id.clone()]));
        let total = answer.at(&["message", "pagination", "total"]).and_then(Json::as_number);
        assert_eq!(total, Some("3"));
        // The older text's addresses.
        let (status, answer) = list("catalog/subscriptions?subscriberId=ds.example").await;
        assert_eq!((status, read_subscriptions(&answer).unwrap().len()), (200, 3));
        for target in [subscription_target(&second.id), format!("{PATH}/{}", second.id)] {
            let (status, answer) = world.signed(&peer, "GET", &target, Vec::new()).await;
            assert_eq!((status, read_subscriptions(&answer).unwrap()), (200, vec![second.clone()]));
        }

        // A node asks in the same way, and knows who answered.
        let (own, node) = (cds_mock::SUBSCRIBER_ID, &world.cds.node);
        let asked = node.ask(own, own, node::Method::GET, PATH, Vec::new()).await.unwrap();
        assert_eq!((asked.status, asked.verified), (200, true));
        assert_eq!(read_subscriptions(&asked.body), Ok(vec![]));
        let stranger = node.ask("nobody.example", own, node::Method::GET, PATH, Vec::new()).await;
        assert_eq!(stranger.unwrap_err(), node::AskError::UnknownIdentity);

        // A change keeps the id; an end is told, and may be told twice.
        let wider = subscribe(&texts(&[NETWORK, OTHER_NETWORK]), &[]);
        let (status, answer) = world.try_subscribe(&peer, &subscription_target(&first.id), wider.clone()).await;
        let changed = read_subscriptions(&answer).unwrap().remove(0);
        assert_eq!((status, &changed.id), (200, &first.id));
        assert_eq!((changed.networks.len(), changed.created_at), (2, first.created_at));
        for target in [subscription_target(&first.id), format!("{PATH}/{}", first.id)] {
            let (status, answer) = world.signed(&peer, "DELETE", &target, Vec::new()).await;
            judge_answer("/catalog/subscription", &answer);
            let ended = read_subscriptions(&answer).unwrap().remove(0);
            assert_eq!((status, ended.active, &ended.id), (200, false, &first.id));
        }
        let (_, answer) = list("catalog/subscription?status=ACTIVE").await;
        assert_eq!(read_subscriptions(&answer).unwrap().len(), 2);
        // What has ended may begin again.
        let (status, answer) = world.try_subscribe(&peer, &subscription_target(&first.id), wider).await;
        assert_eq!((status, read_subscriptions(&answer).unwrap()[0].active), (200, true));
    }

    async fn what_is_not_the_signers_or_not_readable_is_refused(db: TestDb) {
        let world = World::new(&db).await;
        let peer = world.peer("ds.example", 1, &[NETWORK]).await;
        let stranger = world.peer("stranger.example", 2, &[NETWORK]).await;
        let outsider = world.peer("outsider.example", 3, &["elsewhere/net"]).await;
        let own = world.subscribe(&peer, &[NETWORK], &[]).await;
        let unknown = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

        let twin = subscribe(&texts(&[NETWORK]), &[]);
        let (status, answer) = world.try_subscribe(&peer, PATH, twin.clone()).await;
        assert_eq!((status, code(&answer)), (409, "BIZ_INVALID_STATE_TRANSITION"));
        assert!(answer.to_string().contains(&own.id), "{answer}");
        // Another subscriber's wish is another.
        assert_eq!(world.try_subscribe(&stranger, PATH, twin.clone()).await.0, 200);

        for (peer, target, message, expected) in [
            (&peer, PATH.to_owned(), subscribe(&texts(&[OTHER_NETWORK]), &[]), (403, "AUT_DOMAIN_NOT_ALLOWED")),
            (&peer, PATH.to_owned(), subscribe(&[], &[]), (400, "SCH_SCHEMA_VALIDATION_FAILED")),
            (&peer, PATH.to_owned(), subscribe(&texts(&[""]), &[]), (400, "SCH_INVALID_FORMAT")),
            (&peer, PATH.to_owned(), subscribe(&vec![NETWORK.to_owned(); 17], &[]), (400, "SCH_INVALID_FORMAT")),
            (&peer, PATH.to_owned(), Json::object::<&str, _>([]), (400, "SCH_REQUIRED_FIELD_MISSING")),
            (&peer, format!("{PATH}?subscriptionId=x"), twin.clone(), (400, "SCH_INVALID_FORMAT")),
            (&peer, subscription_target(unknown), twin.clone(), (404, "BIZ_ITEM_NOT_FOUND")),
            (&stranger, subscription_target(&own.id), twin.clone(), (403, "AUT_UNAUTHORIZED_ACTION")),
            (&outsider, PATH.to_owned(), twin.clone(), (403, "AUT_DOMAIN_NOT_ALLOWED")),
        ] {
            let (status, answer) = world.try_subscribe(peer, &target, message.clone()).await;
            assert_eq!((status, code(&answer)), expected, "{target} {message}");
        }
        let elsewhere = with(twin, &["subscription", "callbackUrl"], "https://other.example/x".into());
        let (status, answer) = world.try_subscribe(&peer, PATH, elsewhere).await;
        assert_eq!((status, code(&answer)), (400, "CTX_CALLBACK_URL_MISSING"));

        for (peer, method, target, expected) in [
            (&peer, "GET", format!("{PATH}?limit=0"), (400, "SCH_INVALID_FORMAT")),
            (&peer, "GET", format!("{PATH}?limit=101"), (400, "SCH_INVALID_FORMAT")),
            (&peer, "GET", format!("{PATH}?offset=-1"), (400, "SCH_INVALID_FORMAT")),
            (&peer, "GET", format!("{PATH}?status=DELETED"), (400, "SCH_INVALID_ENUM")),
            (&peer, "GET", format!("{PATH}/not-an-id"), (400, "SCH_INVALID_FORMAT")),
            (&peer, "GET", subscription_target(unknown), (404, "BIZ_ITEM_NOT_FOUND")),
            (&peer, "GET", "catalog/subscriptions?subscriberId=x".to_owned(), (403, "AUT_UNAUTHORIZED_ACTION")),
            (&peer, "DELETE", PATH.to_owned(), (400, "SCH_REQUIRED_FIELD_MISSING")),
            (&peer, "DELETE", subscription_target(unknown), (404, "BIZ_ITEM_NOT_FOUND")),
            (&stranger, "GET", subscription_target(&own.id), (403, "AUT_UNAUTHORIZED_ACTION")),
            (&stranger, "DELETE", subscription_target(&own.id), (403, "AUT_UNAUTHORIZED_ACTION")),
            (&outsider, "GET", PATH.to_owned(), (403, "AUT_DOMAIN_NOT_ALLOWED")),
        ] {
            let (status, answer) = world.signed(peer, method, &target, Vec::new()).await;
            assert_eq!((status, code(&answer)), expected, "{method} {target}");
        }
        // A signature over another body is none over an empty one, and without any there is a challenge.
        let (status, answer) = world.signed(&peer, "DELETE", &subscription_target(&own.id), b"x".to_vec()).await;
        assert_eq!((status, code(&answer)), (200, ""), "signed over the body that it has");
        let bare = world.http.get(format!("{}/{PATH}", world.cds.base_url)).send().await.unwrap();
        assert_eq!(bare.status(), 401);
        assert!(bare.headers().contains_key("signature") && bare.headers().contains_key("www-authenticate"));
    }

    async fn a_message_counts_once_and_subscriptions_are_bounded(db: TestDb) {
        let world = World::new(&db).await;
        let peer = world.peer("ds.example", 1, &[NETWORK]).await;
        let message = subscribe(&texts(&[NETWORK]), &texts(&["First"]));
        let (_, bytes) = from_bap(&peer, Action::CatalogSubscription, world.wire.now(), message);
        assert_eq!(world.signed(&peer, "POST", PATH, bytes.clone()).await.0, 200);
        let (status, answer) = world.signed(&peer, "POST", PATH, bytes).await;
        assert_eq!((status, code(&answer)), (400, "CTX_MESSAGE_ID_DUPLICATE"));
        for number in 1..50 {
            world.subscribe(&peer, &[NETWORK], &[&format!("Type{number}")]).await;
        }
        let one_more = subscribe(&texts(&[NETWORK]), &texts(&["Another"]));
        let (status, answer) = world.try_subscribe(&peer, PATH, one_more).await;
        assert_eq!((status, code(&answer)), (403, "POL_NP_CAPACITY_EXCEEDED"));
        let (_, answer) = world.signed(&peer, "GET", "catalog/subscription?limit=100", Vec::new()).await;
        assert_eq!(read_subscriptions(&answer).unwrap().len(), 50);
    }

    async fn a_wish_for_another_delivery_is_told_what_is_done(db: TestDb) {
        let world = World::new(&db).await;
        let peer = world.peer("ds.example", 1, &[NETWORK]).await;
        let wish = |most: i64| {
            let retries = Json::object([("maxRetries", Json::from(2_i64))]);
            let policy = Json::object([
                ("timeoutSeconds", Json::from(60_i64)),
                ("maxPayloadBytes", Json::from(most)),
                ("retryPolicy", retries),
            ]);
            with(subscribe(&texts(&[NETWORK]), &[]), &["subscription", "deliveryPolicy"], policy)
        };
        // Who takes only little messages must not get larger ones.
        let (status, answer) = world.try_subscribe(&peer, PATH, wish(100_000)).await;
        assert_eq!((status, code(&answer)), (403, "POL_NP_CAPACITY_EXCEEDED"));
        let (status, answer) = world.try_subscribe(&peer, PATH, wish(1_000_000)).await;
        assert_eq!(status, 200, "{answer}");
        let policy = answer.at(&["message", "subscriptions", "0", "deliveryPolicy"]).unwrap();
        let said = |place: &[&str]| policy.at(place).and_then(Json::as_number).map(str::to_owned);
        assert_eq!(said(&["timeoutSeconds"]).as_deref(), Some("10"));
        assert_eq!(said(&["maxPayloadBytes"]).as_deref(), Some("655360"));
        assert_eq!(said(&["retryPolicy", "maxDelaySeconds"]).as_deref(), Some("300"));
    }
}
