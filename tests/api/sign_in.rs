//! Signing in at an issuer elsewhere, over real sockets: ours, and that of a local issuer.

use std::net::TcpListener;
use std::sync::Arc;

use futures_util::FutureExt;
use node::{AllowList, ClientConfig, GuardedClient};
use serde_json::{Value, json};
use test_support::both_databases;
use test_support::issuer::{Account, CLIENT_ID, CLIENT_SECRET, LocalIssuer, Signing};
use test_support::peer::Reply as Lie;
use units::Span;
use wattmandi::api::{self, ApiState};
use wattmandi::config::{Secret, SignInConfig, SignInIssuer};
use wattmandi::identity::external::Issuers;

use crate::world::{ASHA, Reply, World};

db::sql! {
    LOCK = "UPDATE users SET locked_at = 1 WHERE display_name = $1";
    ATTEMPTS = "SELECT state_hash FROM sign_in_attempts";
    LET_GO = "SELECT at FROM unlinked_logins";
}

const JSON: &str = "application/json";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

struct Desk {
    world: World,
    issuer: LocalIssuer,
}

/// A browser on its way back from the issuer.
struct Visit {
    /// What is added to our address.
    query: String,
    cookie: String,
}

fn issuers(world: &wattmandi::network::Participant, url: &str) -> Issuers {
    let issuer = SignInIssuer {
        name: "local".into(),
        title: Some("The local issuer".into()),
        url: url.into(),
        client_id: CLIENT_ID.into(),
        client_secret: Some(Secret::new(CLIENT_SECRET)),
        scopes: vec!["email".into()],
    };
    let config = SignInConfig { issuers: vec![issuer], return_path: "/welcome?from=issuer".into() };
    let allow = AllowList::loopback_for_demo();
    let client = GuardedClient::new(&ClientConfig { allow, ..ClientConfig::default() }).unwrap();
    Issuers::new(&config, &world.settings.base_url, &client, &world.clocks.wire, &world.ids).unwrap()
}

impl Desk {
    async fn open(db: db::Db) -> Self {
        let now = units::Timestamp::parse_rfc3339(crate::world::NOW).unwrap();
        let issuer = LocalIssuer::start(now).await;
        let url = issuer.url.clone();
        let world = World::with(db, move |state| state.issuers = issuers(&state.participant, &url)).await;
        Self { world, issuer }
    }

    /// By a browser that shows us where it is sent.
    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        browser.build().unwrap().get(format!("{}{path}", self.world.base))
    }

    /// To the issuer, whose form is agreed to. A minute passes, as signing in is limited by the minute.
    async fn visit(&self) -> Visit {
        self.world.clock.advance(Span::from_minutes(1));
        self.issuer.set_now(self.world.participant.now());
        let started =
            Reply::of(self.world.plain("GET", "/auth/oidc/local/start").header("Accept", JSON)).await;
        assert_eq!((started.header("cache-control"), started.header("etag")), ("private, no-store", ""));
        let cookie = started.header("set-cookie").to_owned();
        for part in ["Path=/auth/oidc;", "Max-Age=600;", "HttpOnly;", "SameSite=Lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let back = self.issuer.agree(started.is(200)["url"].as_str().unwrap());
        let code = back["code"].replace('/', "%2F").replace(' ', "%20").replace('+', "%2B");
        let query = format!("?state={}&code={code}&scope=openid&prompt=none", back["state"]);
        Visit { query, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    async fn back(&self, visit: &Visit, accept: &str) -> Reply {
        let path = format!("/auth/oidc/local/callback{}", visit.query);
        Reply::of(self.get(&path).header("Accept", accept).header("Cookie", &visit.cookie)).await
    }

    async fn sign_in(&self) -> Reply {
        self.back(&self.visit().await, JSON).await
    }

    async fn me(&self, tokens: &Value) -> Value {
        self.world.get(tokens["access_token"].as_str().unwrap(), "/users/me").await.is(200)
    }

    /// An account with a password, as its owner has registered it; the token of the link that was sent.
    async fn register(&self, email: &str) -> String {
        let body = json!({"email": email, "password": "quiet roof at noon", "name": "Somebody"});
        Reply::of(self.world.plain("POST", "/auth/register").json(&body)).await.is(202);
        // The answer does not wait for the message.
        for _ in 0..1_200 {
            let messages = self.world.operator("/admin/messages").await.is(200).to_string();
            if let Some((_, after)) = messages.split_once("token=") {
                return after
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                    .collect();
            }
            node::pause(std::time::Duration::from_millis(25)).await;
        }
        panic!("no message came");
    }

    /// The code that was sent.
    async fn code(&self) -> String {
        for _ in 0..200 {
            let messages = self.world.operator("/admin/messages").await.is(200);
            let sent = messages.as_array().unwrap().iter().find(|sent| sent["kind"] == "sign_in_code");
            if let Some(sent) = sent {
                return sent["body"].as_str().unwrap().split(' ').next().unwrap().to_owned();
            }
            node::pause(std::time::Duration::from_millis(25)).await;
        }
        panic!("no code came");
    }

    async fn verify(&self, token: &str) -> Reply {
        Reply::of(
            self.world
                .plain("POST", "/auth/verify-email")
                .json(&json!({"token": token, "password": "quiet roof at noon"})),
        )
        .await
    }

    /// Chooses the same password anew, by the link that is sent for it.
    async fn reset(&self, email: &str) {
        let forgot = self.world.plain("POST", "/auth/password/forgot").json(&json!({"email": email}));
        Reply::of(forgot).await.is(202);
        for _ in 0..200 {
            let messages = self.world.operator("/admin/messages").await.is(200);
            let sent = messages.as_array().unwrap().iter().find(|sent| sent["kind"] == "reset_password");
            if let Some((_, after)) =
                sent.and_then(|sent| sent["body"].as_str()).and_then(|body| body.split_once("token="))
            {
                let token: String =
                    after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
                let body = json!({"token": token, "password": "quiet roof at noon"});
                let reset = Reply::of(self.world.plain("POST", "/auth/password/reset").json(&body)).await;
                assert_eq!(reset.status, 204, "{}", reset.text());
                return;
            }
            node::pause(std::time::Duration::from_millis(25)).await;
        }
        panic!("no link came");
    }

    async fn login(&self, email: &str) -> Reply {
        let body = json!({"email": email, "password": "quiet roof at noon"});
        Reply::of(self.world.plain("POST", "/auth/login").json(&body)).await
    }

    async fn close(self) {
        self.world.running.stop().await;
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_person_gets_an_account_once_and_comes_back_to_it(db: db::Db) {
        let desk = Desk::open(db).await;
        let listed = Reply::of(desk.world.plain("GET", "/auth/oidc")).await.is(200);
        let shown = json!({"name": "local", "title": "The local issuer", "start": "/auth/oidc/local/start"});
        assert_eq!(listed["items"], json!([shown]));
        let new = desk.sign_in().await;
        assert_eq!(new.header("cache-control"), "private, no-store");
        let new = new.is(201);
        let me = desk.me(&new).await;
        assert_eq!((&me["name"], &me["role"]), (&json!("Asha Rao"), &json!("prosumer")));
        // A new user trades like one of the operator's.
        let trust = desk.world.get(new["access_token"].as_str().unwrap(), "/users/me/trust").await.is(200);
        assert_eq!(trust["score"], "0.3");
        // The person is known by the subject, whatever address she has now, and in whatever way it is signed.
        desk.issuer.set_account(Account { email: "new@example.com".into(), ..Account::default() });
        desk.issuer.set_signing(Signing::Rs256);
        let again = desk.sign_in().await;
        // Nobody keeps it, and nobody asks whether it has changed.
        assert_eq!((again.header("cache-control"), again.header("etag")), ("private, no-store", ""));
        let again = again.is(200);
        assert_eq!(again["user_id"], new["user_id"]);
        assert_ne!(again["session_id"], new["session_id"]);
        desk.issuer.set_account(Account { subject: "another".into(), ..Account::default() });
        desk.issuer.change_claims(|claims| claims["email"] = "another@example.com".into());
        assert_ne!(desk.sign_in().await.is(201)["user_id"], new["user_id"]);
        desk.close().await;
    }

    async fn a_browser_is_redirected_and_goes_on_by_the_cookie(db: db::Db) {
        let desk = Desk::open(db).await;
        let started = Reply::of(desk.get("/auth/oidc/local/start").header("Accept", HTML)).await;
        assert_eq!(started.status, 303);
        assert!(started.header("location").starts_with(&format!("{}/authorize?", desk.issuer.url)));
        let done = desk.back(&desk.visit().await, HTML).await;
        assert_eq!((done.status, done.header("location")), (303, "/welcome?from=issuer"));
        let cookies: Vec<_> = done.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
        assert!(cookies.iter().any(|c| c.starts_with("wattmandi_sign_in=; ") && c.contains("Max-Age=0")));
        let refresh = cookies.iter().find(|c| c.starts_with("wattmandi_refresh=")).unwrap();
        assert!(refresh.contains("HttpOnly") && refresh.contains("SameSite=Strict"), "{refresh}");
        assert!(done.body.is_empty());
        let cookie = refresh.split(';').next().unwrap();
        let gone_on = desk.world.plain("POST", "/auth/refresh").header("Cookie", cookie).json(&json!({}));
        let tokens = Reply::of(gone_on).await.is(200);
        assert_eq!(desk.me(&tokens).await["name"], "Asha Rao");
        // What fails leads to the same page.
        let failed = desk.back(&Visit { query: "?error=access_denied".into(), cookie: String::new() }, HTML).await;
        let place = "/welcome?from=issuer&sign_in_error=auth.sign_in_over";
        assert_eq!((failed.status, failed.header("location")), (303, place));
        desk.close().await;
    }

    async fn an_attempt_is_one_browsers_once_and_for_ten_minutes(db: db::Db) {
        let desk = Desk::open(db).await;
        let (visit, other) = (desk.visit().await, desk.visit().await);
        // Neither without the cookie nor with that of another browser, whose own state does not help either.
        for cookie in [String::new(), other.cookie.clone(), "wattmandi_sign_in=".into()] {
            let stolen = Visit { query: visit.query.clone(), cookie };
            desk.back(&stolen, JSON).await.problem(400, "auth.sign_in_over");
        }
        let twice = Visit { query: format!("{}&state=x", visit.query), cookie: visit.cookie.clone() };
        desk.back(&twice, JSON).await.problem(400, "auth.sign_in_over");
        assert_eq!(desk.issuer.count("/token"), 0);
        desk.back(&visit, JSON).await.is(201);
        desk.back(&visit, JSON).await.problem(400, "auth.sign_in_over");
        assert_eq!(desk.issuer.count("/token"), 1);
        let late = desk.visit().await;
        desk.world.clock.advance(Span::from_secs(600));
        desk.back(&late, JSON).await.problem(400, "auth.sign_in_over");
        // What is over is forgotten by whoever begins next.
        desk.visit().await;
        let read = desk.world.participant.db.read(|tx| async move { tx.query(&ATTEMPTS, &[]).await }.boxed());
        let rows: Vec<db::Row> = read.await.unwrap();
        assert_eq!(rows.len(), 1);
        desk.close().await;
    }

    async fn any_instance_takes_the_browser_back(db: db::Db) {
        let desk = Desk::open(db).await;
        let mut state = ApiState::new(desk.world.participant.clone(), Arc::clone(&desk.world.registry) as _);
        state.issuers = issuers(&state.participant, &desk.issuer.url);
        let second = api::serve(state, TcpListener::bind("127.0.0.1:0").unwrap(), None).unwrap();
        let visit = desk.visit().await;
        let url = format!("http://{}/auth/oidc/local/callback{}", second.address, visit.query);
        let request = reqwest::Client::builder().no_proxy().build().unwrap().get(url);
        Reply::of(request.header("Accept", JSON).header("Cookie", &visit.cookie)).await.is(201);
        desk.back(&visit, JSON).await.problem(400, "auth.sign_in_over");
        second.stop().await;
        desk.close().await;
    }

    async fn an_account_is_linked_where_both_sides_have_proven_the_address(db: db::Db) {
        let desk = Desk::open(db).await;
        let link = desk.register("asha@example.com").await;
        assert_eq!(desk.verify(&link).await.status, 204);
        let own = desk.login("asha@example.com").await.is(200);
        // The issuer only repeats what somebody says: no reason to open her account.
        desk.issuer.set_account(Account { subject: "mallory".into(), email_verified: false, ..Account::default() });
        let mallory = desk.sign_in().await.is(201);
        assert_ne!(mallory["user_id"], own["user_id"]);
        let offer = desk.world.post(mallory["access_token"].as_str().unwrap(), "/seller/offers", &json!({})).await;
        offer.problem(403, "auth.email_unverified");
        // In capitals it is the same address.
        desk.issuer.set_account(Account { email: "Asha@Example.COM".into(), ..Account::default() });
        let linked = desk.sign_in().await.is(200);
        assert_eq!(linked["user_id"], own["user_id"]);
        // And the password still works.
        assert_eq!(desk.login("asha@example.com").await.is(200)["user_id"], own["user_id"]);
        desk.close().await;
    }

    async fn an_address_that_was_only_claimed_gives_nobody_a_share_of_the_account(db: db::Db) {
        let desk = Desk::open(db).await;
        // Mallory registers with her address, and waits.
        let link = desk.register("asha@example.com").await;
        let asha = desk.sign_in().await.is(201);
        let me = desk.me(&asha).await;
        assert_eq!((&me["email"], &me["email_verified"]), (&json!("asha@example.com"), &json!(true)));
        desk.login("asha@example.com").await.problem(401, "auth.credentials_wrong");
        // The link that lay in her mailbox opens nothing for him any more.
        desk.verify(&link).await.problem(401, "auth.code_invalid");
        assert_eq!(desk.sign_in().await.is(200)["user_id"], asha["user_id"]);
        desk.close().await;
    }

    async fn an_issuer_is_let_go_unless_it_is_the_last_way_in(db: db::Db) {
        let desk = Desk::open(db).await;
        let unproven = |subject: &str| Account { subject: subject.into(), email_verified: false, ..Account::default() };
        let access = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
        desk.issuer.set_account(unproven("asha"));
        let first = desk.sign_in().await.is(201);
        let (here, there) = (access(&first), access(&desk.sign_in().await.is(200)));
        desk.issuer.set_account(unproven("another"));
        let stranger = access(&desk.sign_in().await.is(201));
        let listed = desk.world.get(&here, "/users/me/logins").await.is(200);
        let [one] = &listed["issuers"].as_array().unwrap()[..] else { panic!("{listed}") };
        assert_eq!((&one["issuer"], &listed["password"]), (&json!(desk.issuer.url), &json!(false)));
        let path = format!("/users/me/logins/{}", one["id"].as_str().unwrap());
        let remove = |token: &str| Reply::of(desk.world.request(token, "DELETE", &path));
        remove(&stranger).await.problem(404, "resource.not_found");
        remove(&here).await.problem(409, "auth.last_way_in");
        // With a number of her own it is not the last one.
        desk.world.post(&here, "/users/me/logins", &json!({"phone": "9810012345"})).await.is(202);
        let shown = json!({"address": "phone", "code": desk.code().await});
        assert_eq!(desk.world.post(&here, "/users/me/logins/confirm", &shown).await.status, 204);
        assert_eq!(remove(&here).await.status, 204);
        remove(&here).await.problem(404, "resource.not_found");
        // What came by the issuer is signed out elsewhere, and comes to another account from now on.
        desk.world.get(&here, "/users/me").await.is(200);
        desk.world.get(&there, "/users/me").await.problem(401, "auth.token_invalid");
        desk.issuer.set_account(unproven("asha"));
        assert_ne!(desk.sign_in().await.is(201)["user_id"], first["user_id"]);
        desk.close().await;
    }

    async fn an_issuer_that_was_let_go_does_not_come_back_by_the_address(db: db::Db) {
        let desk = Desk::open(db).await;
        let link = desk.register("asha@example.com").await;
        assert_eq!(desk.verify(&link).await.status, 204);
        let linked = desk.sign_in().await.is(200);
        let here = desk.login("asha@example.com").await.is(200)["access_token"].as_str().unwrap().to_owned();
        let listed = desk.world.get(&here, "/users/me/logins").await.is(200);
        let path = format!("/users/me/logins/{}", listed["issuers"][0]["id"].as_str().unwrap());
        assert_eq!(Reply::of(desk.world.request(&here, "DELETE", &path)).await.status, 204);
        let refused = desk.sign_in().await.problem(403, "auth.issuer_unlinked");
        assert!(refused["detail"].as_str().unwrap().contains("another way"), "{refused}");
        let shown = desk.back(&desk.visit().await, HTML).await;
        let place = "/welcome?from=issuer&sign_in_error=auth.issuer_unlinked";
        assert_eq!((shown.status, shown.header("location")), (303, place));
        // A new password changes nothing of that, and opens the account.
        desk.reset("asha@example.com").await;
        desk.sign_in().await.problem(403, "auth.issuer_unlinked");
        let own = desk.login("asha@example.com").await.is(200);
        assert_eq!(own["user_id"], linked["user_id"]);
        let here = own["access_token"].as_str().unwrap();
        assert_eq!(desk.world.get(here, "/users/me/logins").await.is(200)["issuers"], json!([]));
        let export = desk.world.get(here, "/users/me/export").await.is(200);
        assert_eq!(export["unlinked_logins"][0]["issuer"], json!(desk.issuer.url));
        // It lasts as long as the account.
        let gone = desk.world.request(here, "DELETE", "/users/me").json(&json!({"password": "quiet roof at noon"}));
        Reply::of(gone).await.is(200);
        let read = desk.world.participant.db.read(|tx| async move { tx.query(&LET_GO, &[]).await }.boxed());
        let rows: Vec<db::Row> = read.await.unwrap();
        assert!(rows.is_empty());
        assert_ne!(desk.sign_in().await.is(201)["user_id"], linked["user_id"]);
        desk.close().await;
    }

    async fn what_an_issuer_says_wrongly_opens_nothing(db: db::Db) {
        let desk = Desk::open(db).await;
        let denied = desk.visit().await;
        let state = denied.query.split('&').next().unwrap();
        let denied = Visit { query: format!("{state}&error=access_denied"), cookie: denied.cookie };
        desk.back(&denied, JSON).await.problem(401, "auth.sign_in_refused");
        for signing in [Signing::Unsigned, Signing::SharedSecret, Signing::PublicKeyAsSecret, Signing::Stranger] {
            desk.issuer.set_signing(signing);
            desk.sign_in().await.problem(401, "auth.sign_in_refused");
        }
        desk.issuer.set_signing(Signing::Ed25519);
        let lies: [fn(&mut Value); 4] = [
            |c| c["aud"] = "other".into(),
            |c| c["nonce"] = "other".into(),
            |c| c["iss"] = "https://other.example".into(),
            |c| c["exp"] = 1.into(),
        ];
        for lie in lies {
            desk.issuer.change_claims(lie);
            desk.sign_in().await.problem(401, "auth.sign_in_refused");
        }
        desk.issuer.change_claims(|_| {});
        let visit = desk.visit().await;
        desk.issuer.lie_at("/token", || Lie::json(500, "{}"));
        desk.back(&visit, JSON).await.problem(503, "auth.issuer_unavailable");
        desk.issuer.stop_lying();
        let nowhere = Reply::of(desk.world.plain("GET", "/auth/oidc/elsewhere/start")).await;
        nowhere.problem(404, "resource.not_found");
        desk.sign_in().await.is(201);
        desk.close().await;
    }

    async fn a_locked_account_stays_locked_and_two_at_once_are_one_account(db: db::Db) {
        let desk = Desk::open(db).await;
        let (one, two) = (desk.visit().await, desk.visit().await);
        let (one, two) = tokio::join!(desk.back(&one, JSON), desk.back(&two, JSON));
        assert_eq!([one.status, two.status].iter().sum::<u16>(), 401, "one is new, one is not");
        assert_eq!(one.json()["user_id"], two.json()["user_id"]);
        let locked = desk.world.participant.db.write(|tx| {
            async move { tx.execute(&LOCK, &["Asha Rao".into()]).await }.boxed()
        });
        assert_eq!(locked.await.unwrap(), 1);
        desk.sign_in().await.problem(403, "auth.account_locked");
        // The operator's own users are not touched.
        desk.world.get(ASHA, "/users/me").await.is(200);
        desk.close().await;
    }
}
