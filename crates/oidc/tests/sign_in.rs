//! Signing in at a local issuer, and every way in which an issuer, a browser or somebody between them may lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use clock::{Ids, SeededEntropy, TestClock};
use node::{AllowList, ClientConfig, GuardedClient};
use oidc::{Callback, Issuer, KEEP, OidcError, Pending, Person, Provider, REFRESH_PAUSE, TokenFault};
use serde_json::{Value, json};
use test_support::issuer::{Account, CLIENT_ID, CLIENT_SECRET, LocalIssuer, Signing};
use test_support::peer::Reply;
use units::{Span, Timestamp};

const BACK: &str = "https://solar.example.com/auth/oidc/local/callback";
const DISCOVERY: &str = "/.well-known/openid-configuration";

type Lie = fn() -> Reply;

struct World {
    issuer: LocalIssuer,
    provider: Provider,
    clock: TestClock,
}

impl World {
    async fn new() -> Self {
        let now = Timestamp::from_seconds(1_793_520_000);
        let clock = TestClock::at(now);
        let issuer = LocalIssuer::start(now).await;
        let provider = provider(&issuer.url, &clock);
        Self { issuer, provider, clock }
    }

    /// The way there and what the browser brings back.
    async fn there(&self) -> (Pending, Callback) {
        let begun = self.provider.begin(BACK).await.unwrap();
        let back = self.issuer.agree(&begun.url);
        let get = |name: &str| back.get(name).cloned();
        let callback = Callback { code: get("code"), state: get("state"), iss: None, error: get("error") };
        (begun.pending, callback)
    }

    async fn sign_in(&self) -> Result<Person, OidcError> {
        let (pending, callback) = self.there().await;
        self.provider.finish(&pending, &callback).await
    }

    async fn refused(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> OidcError {
        self.issuer.change_claims(change);
        self.sign_in().await.unwrap_err()
    }

    fn later(&self, span: Span) {
        self.clock.advance(span);
        self.issuer.set_now(clock::Clock::now(&self.clock));
    }
}

fn provider(url: &str, clock: &TestClock) -> Provider {
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(2),
        allow: AllowList::loopback_for_demo(),
    };
    let issuer = Issuer {
        name: "local".into(),
        url: url.into(),
        client_id: CLIENT_ID.into(),
        client_secret: Some(CLIENT_SECRET.into()),
        scopes: vec!["email".into(), "profile".into()],
    };
    let clock = Arc::new(clock.clone());
    let ids = Ids::new(Arc::<TestClock>::clone(&clock), Arc::new(SeededEntropy::new(1)));
    Provider::new(issuer, GuardedClient::new(&config).unwrap(), clock, ids).unwrap()
}

#[tokio::test]
async fn a_person_signs_in_with_either_kind_of_key() {
    for signing in [Signing::Ed25519, Signing::Rs256] {
        let world = World::new().await;
        world.issuer.set_signing(signing);
        let person = world.sign_in().await.unwrap();
        assert_eq!((person.issuer.as_str(), person.subject.as_str()), (&*world.issuer.url, "248289761001"));
        assert_eq!(person.verified_email(), Some("asha@example.com"));
        assert_eq!(person.name.as_deref(), Some("Asha Rao"));
        assert!(!format!("{person:?}").contains("asha"));
    }
}

#[tokio::test]
async fn the_way_there_carries_state_nonce_and_challenge_new_each_time() {
    let world = World::new().await;
    let (one, two) = (world.provider.begin(BACK).await.unwrap(), world.provider.begin(BACK).await.unwrap());
    let query = |url: &str| test_support::peer::pairs(url.split_once('?').unwrap().1);
    let (first, second) = (query(&one.url), query(&two.url));
    assert_eq!(first["scope"], "openid email profile");
    assert_eq!(first["redirect_uri"], BACK);
    assert_eq!(first["code_challenge_method"], "S256");
    assert_eq!((&first["state"], &first["nonce"]), (&one.pending.state, &one.pending.nonce));
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(first[name].len(), 43, "{name}");
        assert_ne!(first[name], second[name], "{name}");
    }
    // What stays with us is not on the way.
    assert!(!one.url.contains(&one.pending.verifier) && !one.url.contains(CLIENT_SECRET));
    // Both came from one discovery.
    assert_eq!((world.issuer.count(DISCOVERY), world.issuer.count("/keys")), (1, 1));
}

#[tokio::test]
async fn claims_that_are_not_for_us_are_refused() {
    let world = World::new().await;
    let is = |fault: TokenFault| OidcError::Token(fault);
    assert_eq!(world.refused(|c| c["nonce"] = "other".into()).await, is(TokenFault::Nonce));
    assert_eq!(
        world.refused(|c| drop(c.as_object_mut().unwrap().remove("nonce"))).await,
        is(TokenFault::Nonce)
    );
    assert_eq!(world.refused(|c| c["aud"] = "other".into()).await, is(TokenFault::Audience));
    let both = json!([CLIENT_ID, "other"]);
    assert_eq!(world.refused(move |c| c["aud"] = both.clone()).await, is(TokenFault::Audience));
    assert_eq!(world.refused(|c| c["azp"] = "other".into()).await, is(TokenFault::AuthorizedParty));
    assert_eq!(world.refused(|c| c["iss"] = "https://evil.example".into()).await, is(TokenFault::Issuer));
    assert_eq!(world.refused(|c| c["sub"] = "".into()).await, is(TokenFault::Subject));
    assert_eq!(world.refused(|c| c["sub"] = "a".repeat(256).into()).await, is(TokenFault::Subject));
    assert_eq!(world.refused(|c| c["exp"] = "soon".into()).await, is(TokenFault::Malformed));
    for absurd in
        [json!(i64::MAX), json!(u64::MAX), json!(1e300), json!(-1e300), json!(i64::MIN), json!(null)]
    {
        for name in ["exp", "iat"] {
            let value = absurd.clone();
            let refusal = world.refused(move |c| c[name] = value.clone()).await;
            assert!(matches!(refusal, OidcError::Token(_)) || name == "iat", "{name} {absurd}");
        }
    }
    world.issuer.change_claims(|c| c["azp"] = CLIENT_ID.into());
    assert!(world.sign_in().await.is_ok());
}

#[tokio::test]
async fn a_token_lives_from_its_issue_to_its_expiry_on_our_clock() {
    let world = World::new().await;
    world.clock.advance(Span::from_secs(3_599));
    assert!(world.sign_in().await.is_ok());
    world.clock.advance(Span::from_secs(1));
    assert_eq!(world.sign_in().await, Err(TokenFault::Expired.into()));
    let ahead = |secs: i64| move |c: &mut Value| c["iat"] = (1_793_520_000 + 3_600 + secs).into();
    let open = |c: &mut Value| c["exp"] = (1_793_520_000 + 9_000).into();
    world.issuer.change_claims(move |c| (open(c), ahead(60)(c)).0);
    assert!(world.sign_in().await.is_ok());
    world.issuer.change_claims(move |c| (open(c), ahead(61)(c)).0);
    assert_eq!(world.sign_in().await, Err(TokenFault::NotYet.into()));
}

#[tokio::test]
async fn no_weaker_signature_is_taken() {
    let world = World::new().await;
    let expected = [
        (Signing::Unsigned, TokenFault::Algorithm),
        (Signing::SharedSecret, TokenFault::Algorithm),
        (Signing::PublicKeyAsSecret, TokenFault::Algorithm),
        (Signing::Stranger, TokenFault::Signature),
    ];
    for (signing, fault) in expected {
        world.issuer.set_signing(signing);
        assert_eq!(world.sign_in().await, Err(fault.into()), "{signing:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_only_claimed_is_not_verified() {
    let world = World::new().await;
    world.issuer.set_account(Account { email_verified: false, ..Account::default() });
    let person = world.sign_in().await.unwrap();
    assert_eq!(person.verified_email(), None);
    assert_eq!(person.email.unwrap().address, "asha@example.com");
    world.issuer.change_claims(|c| drop(c.as_object_mut().unwrap().remove("email_verified")));
    assert_eq!(world.sign_in().await.unwrap().verified_email(), None);
    // Some issuers write the word.
    world.issuer.change_claims(|c| c["email_verified"] = "true".into());
    assert_eq!(world.sign_in().await.unwrap().verified_email(), Some("asha@example.com"));
    world.issuer.change_claims(|c| c["email"] = "asha@example.com\r\nBcc: all@example.com".into());
    assert_eq!(world.sign_in().await.unwrap().email, None);
}

#[tokio::test]
async fn only_the_browser_that_was_sent_comes_back() {
    let world = World::new().await;
    let (pending, callback) = world.there().await;
    let finish = |callback: Callback| {
        let (world, pending) = (&world, &pending);
        async move { world.provider.finish(pending, &callback).await }
    };
    let (other, _) = world.there().await;
    for state in [None, Some(String::new()), Some(other.state)] {
        let forged = Callback { state, ..callback.clone() };
        assert_eq!(finish(forged).await, Err(OidcError::StateMismatch));
    }
    let mixed_up = Callback { iss: Some("https://evil.example".into()), ..callback.clone() };
    assert_eq!(finish(mixed_up).await, Err(OidcError::OtherIssuer));
    let denied = Callback { error: Some("access_denied".into()), ..callback.clone() };
    assert_eq!(finish(denied).await, Err(OidcError::Denied));
    for code in [None, Some(String::new()), Some("x".repeat(5_000))] {
        assert_eq!(finish(Callback { code, ..callback.clone() }).await, Err(OidcError::Denied));
    }
    // None of that asked the issuer for a token, and the right answer still counts.
    assert_eq!(world.issuer.count("/token"), 0);
    let right = Callback { iss: Some(world.issuer.url.clone()), ..callback };
    assert!(finish(right.clone()).await.is_ok());
    // The issuer takes a code once.
    assert_eq!(finish(right).await, Err(OidcError::CodeRefused));
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_the_verifier() {
    let world = World::new().await;
    let (pending, callback) = world.there().await;
    let missing = Pending { verifier: String::new(), ..pending.clone() };
    assert_eq!(world.provider.finish(&missing, &callback).await, Err(OidcError::CodeRefused));
    assert_eq!(world.issuer.count("/token"), 0);
    let stolen = Pending { verifier: "v".repeat(43), ..pending };
    assert_eq!(world.provider.finish(&stolen, &callback).await, Err(OidcError::CodeRefused));
    assert_eq!(world.issuer.count("/token"), 1);
}

#[tokio::test]
async fn new_keys_are_fetched_when_a_token_names_one_but_not_at_every_token() {
    let world = World::new().await;
    assert!(world.sign_in().await.is_ok());
    world.issuer.rotate();
    // Too soon after the last look.
    assert_eq!(world.sign_in().await, Err(TokenFault::UnknownKey.into()));
    assert_eq!(world.issuer.count("/keys"), 1);
    world.later(REFRESH_PAUSE);
    assert!(world.sign_in().await.is_ok());
    assert_eq!(world.issuer.count("/keys"), 2);
    // A stranger's key makes us look once more, and no more.
    world.issuer.set_signing(Signing::Stranger);
    world.later(REFRESH_PAUSE);
    for _ in 0..3 {
        assert_eq!(world.sign_in().await, Err(TokenFault::Signature.into()));
    }
    assert_eq!(world.issuer.count("/keys"), 3);
}

#[tokio::test]
async fn what_was_discovered_is_used_for_an_hour() {
    let world = World::new().await;
    assert!(world.sign_in().await.is_ok());
    world.later(Span::from_micros(KEEP.micros() - 1));
    assert!(world.sign_in().await.is_ok());
    assert_eq!(world.issuer.count(DISCOVERY), 1);
    world.later(Span::from_secs(1));
    assert!(world.sign_in().await.is_ok());
    assert_eq!(world.issuer.count(DISCOVERY), 2);
}

#[tokio::test]
async fn an_issuer_that_answers_badly_is_unavailable_and_left_in_peace() {
    let lies: [(&str, Lie); 8] = [
        (DISCOVERY, || Reply::json(200, "garbage")),
        (DISCOVERY, || Reply::json(200, "[".repeat(100_000))),
        (DISCOVERY, || Reply::json(500, "{}")),
        (DISCOVERY, || Reply::redirect("http://127.0.0.1:1/")),
        (DISCOVERY, || Reply::Endless(1_024)),
        (DISCOVERY, || Reply::Stalled),
        ("/keys", || Reply::json(200, r#"{"keys":[]}"#)),
        ("/keys", || Reply::Endless(1_024)),
    ];
    for (index, (path, lie)) in lies.into_iter().enumerate() {
        let world = World::new().await;
        world.issuer.lie_at(path, lie);
        for _ in 0..3 {
            assert_eq!(world.provider.begin(BACK).await.err(), Some(OidcError::Unavailable), "{index}");
        }
        assert_eq!(world.issuer.count(DISCOVERY), 1, "{index}");
        world.issuer.stop_lying();
        world.later(REFRESH_PAUSE);
        assert!(world.sign_in().await.is_ok(), "{index}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_answers_badly_signs_nobody_in() {
    let lies: [(Lie, OidcError); 6] = [
        (|| Reply::json(200, "garbage"), TokenFault::Malformed.into()),
        (|| Reply::json(200, r#"{"access_token":"a","token_type":"Bearer"}"#), TokenFault::Missing.into()),
        (
            || Reply::json(200, r#"{"access_token":"a","token_type":"Bearer","id_token":"a.b.c"}"#),
            TokenFault::Malformed.into(),
        ),
        (|| Reply::Endless(1_024), OidcError::Unavailable),
        (|| Reply::Stalled, OidcError::Unavailable),
        (|| Reply::json(503, "busy"), OidcError::Unavailable),
    ];
    let world = World::new().await;
    for (index, (lie, expected)) in lies.into_iter().enumerate() {
        let (pending, callback) = world.there().await;
        world.issuer.lie_at("/token", lie);
        assert_eq!(world.provider.finish(&pending, &callback).await, Err(expected), "{index}");
        world.issuer.stop_lying();
    }
}

#[tokio::test]
async fn an_issuer_that_calls_itself_otherwise_or_sends_the_browser_astray_is_not_used() {
    let clock = TestClock::at(Timestamp::from_seconds(1_793_520_000));
    let world = World::new().await;
    // The same machine under another name.
    let other = world.issuer.url.replace("127.0.0.1", "localhost");
    assert_eq!(provider(&other, &clock).begin(BACK).await.err(), Some(OidcError::Unavailable));
    let url = world.issuer.url.clone();
    world.issuer.lie_at(DISCOVERY, move || {
        Reply::json(
            200,
            json!({"issuer": url, "authorization_endpoint": "javascript:alert(1)",
                "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"]}),
        )
    });
    assert_eq!(world.provider.begin(BACK).await.err(), Some(OidcError::Unavailable));
}

#[tokio::test]
async fn an_address_inside_the_house_is_never_called_for_an_issuer() {
    let clock = TestClock::at(Timestamp::from_seconds(1_793_520_000));
    let world = World::new().await;
    let url = world.issuer.url.clone();
    // The issuer is on the list; where it says that its keys are, is not.
    world.issuer.lie_at(DISCOVERY, move || {
        Reply::json(
            200,
            json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"), "jwks_uri": "https://169.254.169.254/keys",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"]}),
        )
    });
    assert_eq!(provider(&world.issuer.url, &clock).begin(BACK).await.err(), Some(OidcError::Unavailable));
    assert_eq!(world.issuer.count("/keys"), 0);
}
