//! Credentials after the day on which they were verified: their registry is asked again, and what it says counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use energy_credentials::VerificationKey;
use futures_util::future::join_all;
use node::{AllowList, ClientConfig, GuardedClient};
use pdf_text::Apart;
use serde_json::{Value, json};
use test_support::both_databases;
use test_support::peer::{Peer, Reply as Answer};
use units::Span;
use wattmandi::config::{CredentialsConfig, IssuerConfig};
use wattmandi::credentials::Verifier;
use wattmandi::metering::standing;
use wattmandi::network::SigningKey;

use crate::world::{ASHA, Reply, World};

const METER: &str = "TEST_METER_000333";

fn key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn issuer() -> String {
    let public = STANDARD.decode(key().public().to_base64()).unwrap();
    format!("did:key:{}", VerificationKey::ed25519(&public).unwrap().to_multibase())
}

/// A credential of 4.5 kW whose revocation stands at that address.
fn credential(registry: &str) -> String {
    let payload = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "GenerationProfileCredential"],
        "issuer": issuer(), "validFrom": "2026-01-01T00:00:00Z",
        "credentialStatus": {"id": format!("{registry}/dedi/lookup/north/revoked/1"), "type": "dedi"},
        "credentialSubject": {"consumerNumber": "TEST_CUST_ASHA", "meterNumber": METER, "generationType": "Solar",
            "capacityKW": "4.5", "commissioningDate": "2024-05-01"},
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(json!({"alg": "EdDSA", "typ": "vc+jwt"})), part(payload));
    let signature = STANDARD.decode(key().sign_bytes(input.as_bytes())).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A verifier that believes our issuer, or nobody.
fn verifier(believes: bool) -> Verifier {
    let reach = ClientConfig { allow: AllowList::loopback_for_demo(), ..ClientConfig::default() };
    let issuer = IssuerConfig { id: issuer(), discom: "NORTH".into(), keys: Vec::new() };
    let config =
        CredentialsConfig { issuers: believes.then_some(issuer).into_iter().collect(), ..Default::default() };
    Verifier::new(&config, GuardedClient::new(&reach).unwrap()).unwrap()
}

/// A world, the registry, and what it answers.
struct Desk {
    world: World,
    verifier: Arc<Verifier>,
    registry: Peer,
    says: Arc<AtomicU16>,
}

impl Desk {
    async fn open(db: db::Db) -> Self {
        Self::with(db, verifier(true)).await
    }

    /// With that verifier; no PDF is read.
    async fn with(db: db::Db, verifier: Verifier) -> Self {
        let says = Arc::new(AtomicU16::new(404));
        let said = Arc::clone(&says);
        let registry = Peer::start(move |_| Answer::json(said.load(Ordering::SeqCst), "{}")).await;
        let verifier = Arc::new(verifier);
        let judge = Arc::clone(&verifier);
        let world = World::with(db, |state| {
            state.credentials = judge;
            state.documents = Apart::new("/nonexistent/program", &[]).with_places(0, Duration::ZERO);
        })
        .await;
        Self { world, verifier, registry, says }
    }

    async fn upload(&self) -> Reply {
        self.hand_in("application/vc+jwt", credential(&self.registry.url)).await
    }

    async fn hand_in(&self, kind: &str, body: String) -> Reply {
        let request = self.world.request(ASHA, "POST", "/users/me/credentials").header("Content-Type", kind);
        Reply::of(request.body(body)).await
    }

    /// Uploads a good one: its id.
    async fn verified(&self) -> String {
        let kept = self.upload().await.is(201);
        assert_eq!(kept["state"], "verified", "{kept}");
        kept["credential_id"].as_str().unwrap().to_owned()
    }

    async fn claim(&self, id: &str) -> Reply {
        self.world.post(ASHA, "/users/me/meters", &json!({"credential_id": id})).await
    }

    /// The registry says this from now on, and so much time goes by; how many credentials were asked for.
    async fn after(&self, span: Span, says: u16) -> usize {
        self.says.store(says, Ordering::SeqCst);
        self.world.clock.advance(span);
        standing::check_due(&self.world.participant, &self.verifier).await.unwrap()
    }

    /// The state of the credential, the verdict on its revocation, and whether the meter trades.
    async fn stands(&self, id: &str) -> (String, String, bool) {
        let shown = self.world.get(ASHA, &format!("/users/me/credentials/{id}")).await.is(200);
        let checks = shown["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == "revocation").unwrap();
        let meters = self.world.get(ASHA, "/users/me/meters").await.is(200);
        let meter = meters["items"].as_array().unwrap().iter().find(|meter| meter["meter_id"] == METER);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&shown["state"]), text(&check["verdict"]), meter.is_some_and(|meter| meter["verified"] == true))
    }
}

fn stood(state: &str, verdict: &str, trades: bool) -> (String, String, bool) {
    (state.to_owned(), verdict.to_owned(), trades)
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_revocation_is_asked_for_daily_and_ends_what_was_proved(db: db::Db) {
        let desk = Desk::open(db).await;
        let id = desk.verified().await;
        let meter = desk.claim(&id).await.is(201);
        assert_eq!((&meter["verified"], &meter["installed_capacity_w"]), (&json!(true), &json!(4_500)));
        assert_eq!(desk.after(Span::from_hours(23), 404).await, 0);
        assert_eq!(desk.after(Span::from_hours(1), 404).await, 1);
        assert_eq!(desk.stands(&id).await, stood("verified", "passed", true));
        // Nobody answers: for an hour that changes nothing, and then it counts no more, until somebody does.
        assert_eq!(desk.after(Span::from_hours(24), 500).await, 1);
        assert_eq!(desk.stands(&id).await, stood("verified", "unknown", true));
        assert_eq!(desk.after(Span::from_minutes(4), 500).await, 0);
        assert_eq!(desk.after(Span::from_minutes(1), 500).await, 1);
        assert_eq!(desk.stands(&id).await, stood("verified", "unknown", true));
        assert_eq!(desk.after(Span::from_minutes(55), 500).await, 1);
        assert_eq!(desk.stands(&id).await, stood("suspended", "unknown", false));
        let offer = json!({"meter_id": METER, "slots": []});
        assert!(desk.world.post(ASHA, "/seller/offers", &offer).await.status >= 400);
        desk.claim(&id).await.problem(503, "network.peer_unavailable");
        assert_eq!(desk.after(Span::from_minutes(5), 410).await, 1);
        assert_eq!(desk.stands(&id).await, stood("verified", "passed", true));
        // A record in the registry ends it for good, also when the record is gone again.
        assert_eq!(desk.after(Span::from_hours(24), 200).await, 1);
        assert_eq!(desk.stands(&id).await, stood("revoked", "failed", false));
        assert_eq!(desk.upload().await.is(201)["state"], "refused");
        assert_eq!(desk.after(Span::from_hours(48), 404).await, 0);
        desk.claim(&id).await.problem(409, "meter.not_proven");
        assert_eq!(desk.stands(&id).await, stood("revoked", "failed", false));
        desk.world.running.stop().await;
    }

    async fn what_is_to_be_proved_anew_is_asked_for_anew(db: db::Db) {
        let desk = Desk::open(db).await;
        let id = desk.verified().await;
        let asked = desk.registry.requests().len();
        desk.after(Span::from_minutes(10), 500).await;
        desk.claim(&id).await.problem(503, "network.peer_unavailable");
        assert_eq!(desk.registry.requests().len(), asked + 1);
        // It has proved nothing yet, and the hour of grace is not for what is new.
        assert_eq!(desk.stands(&id).await, stood("verified", "unknown", false));
        desk.after(Span::from_minutes(1), 200).await;
        desk.claim(&id).await.problem(409, "meter.not_proven");
        assert_eq!(desk.stands(&id).await, stood("revoked", "failed", false));
        desk.world.running.stop().await;
    }

    async fn an_issuer_that_is_no_longer_believed_proves_nothing(db: db::Db) {
        let desk = Desk::open(db).await;
        let id = desk.verified().await;
        desk.claim(&id).await.is(201);
        let asked = desk.registry.requests().len();
        let desk = Desk { verifier: Arc::new(verifier(false)), ..desk };
        assert_eq!(desk.after(Span::from_hours(24), 404).await, 1);
        assert_eq!(desk.stands(&id).await, stood("suspended", "unknown", false));
        assert_eq!(desk.registry.requests().len(), asked, "nobody is asked for an issuer that is not believed");
        let desk = Desk { verifier: Arc::new(verifier(true)), ..desk };
        assert_eq!(desk.after(Span::from_minutes(5), 404).await, 1);
        assert_eq!(desk.stands(&id).await, stood("verified", "passed", true));
        desk.world.running.stop().await;
    }

    async fn a_credential_that_was_taken_back_is_asked_for_no_more(db: db::Db) {
        let desk = Desk::open(db).await;
        let id = desk.verified().await;
        let path = format!("/users/me/credentials/{id}");
        assert_eq!(Reply::of(desk.world.request(ASHA, "DELETE", &path)).await.status, 204);
        assert_eq!(desk.after(Span::from_hours(24), 404).await, 0);
        desk.world.running.stop().await;
    }

    async fn twenty_an_hour_are_taken_however_many_come_at_once(db: db::Db) {
        let desk = Desk::open(db).await;
        let mut statuses: Vec<u16> =
            join_all((0..25).map(|_| desk.upload())).await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201; 20], vec![429; 5]].concat());
        desk.world.running.stop().await;
    }

    async fn what_is_handed_in_is_counted_before_it_is_read(db: db::Db) {
        let desk = Desk::open(db).await;
        for _ in 0..10 {
            desk.hand_in("application/json", "{}".into()).await.problem(422, "credential.unreadable");
            desk.hand_in("application/pdf", "%PDF-1.7".into()).await.problem(503, "request.busy");
        }
        for _ in 0..2 {
            let refused = desk.upload().await;
            refused.problem(429, "request.rate_limited");
            assert_eq!(refused.header("retry-after"), "3601");
        }
        desk.hand_in("application/json", "{}".into()).await.problem(429, "request.rate_limited");
        assert_eq!(desk.registry.requests().len(), 0, "nothing was judged");
        desk.world.clock.advance(Span::from_hours(1));
        desk.verified().await;
        desk.world.running.stop().await;
    }

    async fn the_wait_to_be_judged_ends(db: db::Db) {
        let desk = Desk::with(db, verifier(true).with_places(0, Duration::ZERO)).await;
        let refused = desk.upload().await;
        refused.problem(503, "request.busy");
        assert_eq!((refused.header("retry-after"), desk.registry.requests().len()), ("15", 0));
        let kept = desk.world.get(ASHA, "/users/me/credentials").await.is(200);
        assert_eq!(kept["items"], json!([]));
        desk.world.running.stop().await;
    }

    async fn a_place_to_be_judged_at_is_given_back(db: db::Db) {
        let desk = Desk::with(db, verifier(true).with_places(1, Duration::ZERO)).await;
        desk.verified().await;
        desk.verified().await;
        desk.world.running.stop().await;
    }
}
