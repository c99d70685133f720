//! Nothing that is private stands in a log or in an error: every program logs what it can while people trade, fail and
//! guess, and then all of it is searched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::{Person, Reply, eventually, text};
use crate::databases::Databases;
use crate::issued::credential;
use crate::network::{Network, SELLER_METER, buyer_meter, token};

/// What stands in a bill that somebody hands in.
const STRANGE_METER: &str = "88413377029";
const STRANGE_CUSTOMER: &str = "60099471283";

/// What nobody but its owner, or the operator's own files, may show: a name for it, and its text.
fn private(databases: &Databases) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (handle, meter) in [("seller", SELLER_METER.to_owned()), ("buyer-000", buyer_meter(0))] {
        found.insert(format!("the token of {handle}"), token(handle));
        found.insert(format!("the meter of {handle}"), meter);
        found.insert(format!("the customer number of {handle}"), format!("CUSTOMER-{handle}"));
    }
    // Whatever a key file holds beside its id and its public half.
    for entry in walk(databases.folder()) {
        let name = entry.to_string_lossy().into_owned();
        if !name.ends_with(".json") || !name.contains("key") {
            continue;
        }
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&entry).unwrap()).unwrap();
        for (place, text) in texts(&file) {
            if ["private", "secret", "seed"].iter().any(|word| place.contains(word)) && text.len() >= 32 {
                found.insert(format!("{name} {place}"), text);
            }
        }
    }
    found
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}

/// Every text of a document, with its path.
fn texts(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::String(text) => vec![(String::new(), text.clone())],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| {
                texts(value).into_iter().map(move |(path, text)| (format!("{name}.{path}"), text))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Requests that fail, each with what its owner would rather not see again.
async fn failures(network: &Network, trade: &str) -> Vec<Reply> {
    let (seller, buyer) = (network.seller(), network.buyer(0));
    let guess = |token: String| Person { token, ..buyer.clone() };
    let slot = |kwh: &str| json!([{"start": network.slot, "quantity_kwh": kwh, "price_inr": "5"}]);
    let own = buyer_meter(0);
    vec![
        // Another's token with something behind it, another's meter, one's own in a wrong place.
        guess(format!("{}x", token("seller"))).get("/seller/offers").await,
        buyer.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": slot("1")})).await,
        buyer.post("/seller/offers", &json!({"meter_id": own, "slots": slot("1")})).await,
        seller.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": slot("100000")})).await,
        seller.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": [], "token": 1})).await,
        buyer.post("/api/init", &json!({"transaction_id": trade, "meter_id": SELLER_METER})).await,
        buyer.post("/api/init", &json!({"transaction_id": trade, "meter_id": own})).await,
        buyer.post("/api/confirm", &json!({"transaction_id": trade})).await,
        buyer.post("/api/plans", &json!({"meter_id": SELLER_METER})).await,
        buyer.post("/users/me/account/withdrawals", &json!({"amount_inr": "1000000"})).await,
        buyer.get(&format!("/seller/orders/{own}")).await,
        buyer.get(&format!("/api/events/ws?ticket={}", token("seller"))).await,
    ]
}

const EMAIL: &str = "gita.kumari@example.com";
const PASSWORDS: [&str; 3] = ["quiet roof at noon", "silent roof at dusk", "no roof of mine"];
const PHONES: [&str; 2] = ["9810077123", "9810077456"];
const METER: &str = "TEST_METER_GITA";
/// A path that only she and her program know, and the key of somebody's meter.
const HOOK: &str = "hooks/f7c1d2a9b3";
const METER_KEY: &str = "N-5530-7712";

/// Somebody who comes to the platform, and leaves much of himself there.
struct Newcomer<'n> {
    network: &'n Network,
    /// What nobody may show again.
    secrets: BTreeMap<String, String>,
    /// Answers that are refusals.
    refusals: Vec<Reply>,
}

impl Newcomer<'_> {
    fn secret(&mut self, what: &str, text: &str) {
        assert!(text.len() >= 6, "{what}: {text}");
        self.secrets.insert(format!("{what} ({})", self.secrets.len()), text.to_owned());
    }

    /// What the platform sent to an address: its text, once there is a message of that kind.
    async fn message(&self, kind: &str, to: &str) -> String {
        eventually(kind, || async {
            let kept = self.network.alpha.ops.document("/admin/messages").await;
            let all = kept.as_array().unwrap();
            let it = all.iter().find(|m| m["kind"] == kind && m["to"].as_str().unwrap().ends_with(to));
            it.map(|message| text(message, "body")).ok_or_else(|| kept.to_string())
        })
        .await
    }

    async fn say(&mut self, path: &str, body: &Value) -> Reply {
        let reply = self.network.alpha.api.post(path, body).await;
        if reply.status >= 400 {
            self.refusals.push(reply.clone());
        }
        reply
    }

    /// A refusal of somebody who is signed in.
    async fn refused(&mut self, reply: Reply) {
        assert!(reply.status >= 400, "{}", reply.json());
        self.refusals.push(reply);
    }

    async fn link(&mut self, kind: &str) -> String {
        let body = self.message(kind, EMAIL).await;
        let token = body.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        self.secret("a link", &token);
        token
    }

    /// Signs in, and keeps what came back.
    async fn sign_in(&mut self, path: &str, body: &Value) -> Person {
        let tokens = self.say(path, body).await.ok();
        for name in ["access_token", "refresh_token"] {
            self.secret(name, &text(&tokens, name));
        }
        let renewed =
            self.say("/auth/refresh", &json!({"refresh_token": tokens["refresh_token"]})).await.ok();
        self.secret("a renewed token", &text(&renewed, "refresh_token"));
        self.network.alpha.api.person(&text(&renewed, "access_token"))
    }

    /// By e-mail and password, with a wrong one before, and a new one afterwards.
    async fn by_email(&mut self) -> Person {
        for password in PASSWORDS {
            self.secret("a password", password);
        }
        self.secret("the e-mail address", EMAIL);
        let wish = json!({"email": EMAIL, "password": PASSWORDS[0], "name": "Gita"});
        assert_eq!(self.say("/auth/register", &wish).await.status, 202);
        let token = self.link("verify_email").await;
        let wrong = json!({"token": token, "password": PASSWORDS[2]});
        assert!(self.say("/auth/verify-email", &wrong).await.status >= 400);
        let right = json!({"token": token, "password": PASSWORDS[0]});
        assert_eq!(self.say("/auth/verify-email", &right).await.status, 204);
        assert_eq!(self.say("/auth/register", &wish).await.status, 202);
        let login = |password: &str| json!({"email": EMAIL, "password": password, "device": "test"});
        assert_eq!(self.say("/auth/login", &login(PASSWORDS[2])).await.status, 401);
        self.sign_in("/auth/login", &login(PASSWORDS[0])).await;
        assert_eq!(self.say("/auth/password/forgot", &json!({"email": EMAIL})).await.status, 202);
        let token = self.link("reset_password").await;
        for (password, status) in [(EMAIL, 422), (PASSWORDS[1], 204), (PASSWORDS[1], 401)] {
            let reset =
                self.say("/auth/password/reset", &json!({"token": token, "password": password})).await;
            assert!(reset.status == status || status == 401 && reset.status >= 400, "{}", reset.status);
        }
        self.sign_in("/auth/login", &login(PASSWORDS[1])).await
    }

    /// By a code to a number: the codes.
    async fn by_phone(&mut self) -> [String; 2] {
        let mut codes = PHONES.map(str::to_owned);
        for code in &mut codes {
            let phone = std::mem::take(code);
            self.secret("a phone number", &phone);
            assert_eq!(self.say("/auth/phone/code", &json!({"phone": phone})).await.status, 202);
            let body = self.message("sign_in_code", &phone).await;
            *code = body.split(' ').next().unwrap().to_owned();
            let wrong = if code == "000000" { "000001" } else { "000000" };
            let wrong = json!({"phone": phone, "code": wrong});
            assert!(self.say("/auth/phone/verify", &wrong).await.status >= 400);
            self.sign_in("/auth/phone/verify", &json!({"phone": phone, "code": code})).await;
        }
        codes
    }

    /// What belongs to her: a meter, a credential, machines, webhooks.
    async fn settles_in(&mut self, gita: &Person) {
        for (what, private) in [
            ("her meter", METER),
            ("her customer number", "TEST_CUST_GITA"),
            ("the path of her webhook", HOOK),
            ("the key of a meter", METER_KEY),
        ] {
            self.secret(what, private);
        }
        let guess = json!({"discom": "TEST_DISCOM_NORTH", "serial_number": METER, "key": METER_KEY});
        let refused = gita.post("/users/me/meters", &guess).await;
        self.refused(refused).await;
        let good = credential(METER, "4.5");
        self.secret("her credential", good.rsplit('.').next().unwrap());
        let broken = good.replacen("eyJ", "eyK", 1);
        let refused = gita.send("/users/me/credentials", "application/vc+jwt", &broken).await;
        self.refused(refused).await;
        let kept = gita.send("/users/me/credentials", "application/vc+jwt", &good).await.ok();
        assert_eq!(text(&kept, "state"), "verified", "{kept}");
        let claim = json!({"credential_id": kept["credential_id"]});
        gita.post("/users/me/meters", &claim).await.ok();
        let other = self.network.seller().post("/users/me/meters", &claim).await;
        self.refused(other).await;
        let profile = json!({"customer_number": "TEST_CUST_GITA", "discom": "TEST_DISCOM_NORTH"});
        gita.patch("/users/me/profile", &profile).await.ok();
        let hook = json!({"url": format!("http://127.0.0.1:9/{HOOK}"), "kinds": ["*"]});
        let hook = gita.post("/api/webhooks", &hook).await.ok();
        self.secret("the secret of her webhook", text(&hook, "secret").trim_start_matches("whsec_"));
        let odd = gita.post("/api/webhooks", &json!({"url": format!("ftp://{HOOK}"), "kinds": ["*"]})).await;
        self.refused(odd).await;
        let token = gita.post("/auth/tokens", &json!({"name": "battery", "scopes": ["read"]})).await.ok();
        self.secret("the token of her machine", &text(&token, "token"));
        let machine = self.network.alpha.api.person(&text(&token, "token"));
        let refused = machine.post("/users/me/account/top-ups", &json!({"amount_inr": "5"})).await;
        self.refused(refused).await;
        gita.post("/users/me/account/top-ups", &json!({"amount_inr": "5"})).await.ok();
        let offer = json!({"meter_id": METER, "slots": [
            {"start": self.network.slot, "quantity_kwh": "100", "price_inr": "5"}]});
        let refused = gita.post("/seller/offers", &offer).await;
        self.refused(refused).await;
        assert_eq!(gita.delete(&format!("/users/me/meters/{METER}")).await.status, 204);
        let gone = gita.delete(&format!("/users/me/meters/{METER}")).await;
        self.refused(gone).await;
        let change = json!({"current_password": PASSWORDS[2], "new_password": PASSWORDS[0]});
        let refused = gita.post("/auth/password", &change).await;
        self.refused(refused).await;
    }
}

/// The lines that hold a text; one of digits alone counts only as a word of its own.
fn lines_with<'t>(place: &'t str, secret: &str) -> Vec<&'t str> {
    let secret = secret.to_lowercase();
    let whole = secret.bytes().all(|byte| byte.is_ascii_digit()) && secret.len() < 8;
    let holds = |line: &str| {
        let line = line.to_lowercase();
        if !whole {
            return line.contains(&secret);
        }
        line.split(|c: char| !c.is_alphanumeric()).any(|word| word == secret)
    };
    place.lines().filter(|line| holds(line)).collect()
}

on_both_databases! {
    async fn nothing_private_stands_in_logs_or_errors(databases: Databases) {
        let mut network = Network::logging(Some("trace"), &databases, 1).await;
        let offer = network.list().await;
        let buyer = network.buyer(0);
        let trade = buyer.buy(&buyer_meter(0), &offer, &[(network.slot.as_str(), "2")]).await;
        let trade = trade["transaction_id"].as_str().unwrap().to_owned();
        let bill = |meter: &str, customer: &str| {
            test_support::pdf::document(&[&[&format!("Meter No: {meter}"), &format!("Consumer No: {customer}")]])
        };
        let documents = "/users/me/meter-documents";
        let read = buyer.hand_in(documents, bill(&buyer_meter(0), "CUSTOMER-buyer-000")).await.ok();
        assert_eq!(read["meter_number"]["value"], buyer_meter(0));
        buyer.hand_in(documents, bill(SELLER_METER, "CUSTOMER-seller")).await.ok();
        let read = buyer.hand_in(documents, bill(STRANGE_METER, STRANGE_CUSTOMER)).await.ok();
        assert_eq!(read["consumer_number"]["value"], STRANGE_CUSTOMER);
        let ticket = buyer.post("/api/events/tickets", &json!({})).await.ok();
        let mut errors: Vec<String> = Vec::new();
        for reply in failures(&network, &trade).await {
            assert!(reply.status >= 400, "{}", reply.json());
            errors.push(String::from_utf8_lossy(&reply.body).into_owned());
            errors.push(format!("{:?}", reply.headers));
        }
        buyer.post("/api/cancel", &json!({"transaction_id": trade})).await.ok();
        let mut newcomer = Newcomer { network: &network, secrets: BTreeMap::new(), refusals: Vec::new() };
        let gita = newcomer.by_email().await;
        newcomer.settles_in(&gita).await;
        let codes = newcomer.by_phone().await;
        let Newcomer { secrets: others, refusals, .. } = newcomer;
        assert!(others.len() > 20 && refusals.len() > 10, "{} {}", others.len(), refusals.len());
        for reply in refusals {
            errors.push(String::from_utf8_lossy(&reply.body).into_owned());
            errors.push(format!("{:?}", reply.headers));
        }
        network.settle().await;
        for platform in [&mut network.alpha, &mut network.beta] {
            assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
        }
        let mut private = private(&databases);
        assert!(private.keys().any(|name| name.contains("key")), "{:?}", private.keys());
        private.insert("a meter of nobody's".to_owned(), STRANGE_METER.to_owned());
        private.insert("a customer number of nobody's".to_owned(), STRANGE_CUSTOMER.to_owned());
        private.insert("a ticket".to_owned(), ticket["ticket"].as_str().unwrap().to_owned());
        private.extend(others);
        let logs = [
            ("alpha", network.alpha.process.log()),
            ("beta", network.beta.process.log()),
            ("catalog", network.mocks[0].log()),
            ("discoms", network.mocks[1].log()),
            ("errors", errors.join("\n")),
        ];
        let mut faults = Vec::new();
        for (place, text) in &logs {
            assert!(text.len() > 1_000, "{place} says nothing: {text}");
            for (what, secret) in &private {
                for line in lines_with(text, secret).into_iter().take(3) {
                    faults.push(format!("{what} in {place}: {}", line.chars().take(400).collect::<String>()));
                }
            }
            // Six digits may stand anywhere by chance, but not those of both codes.
            if codes.iter().all(|code| !lines_with(text, code).is_empty()) {
                faults.push(format!("the codes in {place}: {codes:?}"));
            }
        }
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    }
}
