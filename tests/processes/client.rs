//! A client of the API: a person with a token, who asks over HTTP as any program would.

use std::future::Future;
use std::time::Duration;

use clock::{Clock, Ids, SystemClock};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use units::Span;

/// How long anything may take that should happen.
pub const PATIENCE: Span = Span::from_secs(300);
/// One person may read 1,000 times a minute.
const POLL: Duration = Duration::from_millis(50);

/// Looks again and again until there is an answer.
///
/// # Panics
/// There is none within `patience`; says what was waited for and how it stood.
pub async fn within<T, F>(patience: Span, what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let deadline = SystemClock.now().saturating_add(patience);
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(SystemClock.now() < deadline, "waited in vain for {what}; seen: {seen}"),
        }
        node::pause(POLL).await;
    }
}

/// [`within`] the usual [`PATIENCE`].
pub async fn eventually<T, F>(what: &str, look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    within(PATIENCE, what, look).await
}

/// One platform's client API.
#[derive(Clone)]
pub struct Api {
    pub base: String,
    http: reqwest::Client,
}

/// A user of one platform.
#[derive(Clone)]
pub struct Person {
    pub api: Api,
    pub token: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A slot of a wish: its start in RFC 3339, its quantity in kWh.
pub type Wanted<'a> = (&'a str, &'a str);

impl Api {
    pub fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { base: base.into(), http }
    }

    pub fn person(&self, token: &str) -> Person {
        Person { api: self.clone(), token: token.to_owned() }
    }

    /// A request without a token.
    pub async fn get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        Reply::of(self.http.get(format!("{}{path}", self.base))).await
    }

    /// A JSON document that is there.
    pub async fn document(&self, path: &str) -> Value {
        self.get(path).await.unwrap().ok()
    }

    /// A write without a token.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.http.post(format!("{}{path}", self.base)).json(body)).await.unwrap()
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.http.put(format!("{}{path}", self.base)).json(body)).await.unwrap()
    }
}

impl Reply {
    async fn of(request: reqwest::RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await?.to_vec() })
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The document of a success.
    ///
    /// # Panics
    /// It is none.
    pub fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }

    /// Status and code of a refusal.
    ///
    /// # Panics
    /// It is none.
    pub fn refusal(&self) -> (u16, String) {
        assert!(self.status >= 400, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        (self.status, text(&self.json(), "code"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A text member.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}")).to_owned()
}

/// The items of a list.
pub fn items(document: &Value) -> Vec<Value> {
    document["items"].as_array().unwrap_or_else(|| panic!("no list: {document}")).clone()
}

/// The slots of a wish to buy.
pub fn slots(wanted: &[Wanted<'_>]) -> Value {
    wanted.iter().map(|(start, kwh)| json!({"start": start, "quantity_kwh": kwh})).collect()
}

fn fresh_key() -> String {
    Ids::system().uuid().to_string()
}

impl Person {
    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.api.http.request(method, format!("{}{path}", self.api.base)).bearer_auth(&self.token)
    }

    /// Hands in a PDF.
    pub async fn hand_in(&self, path: &str, pdf: Vec<u8>) -> Reply {
        let request = self.request(reqwest::Method::POST, path).header("content-type", "application/pdf");
        Reply::of(request.body(pdf)).await.unwrap()
    }

    /// An error when the platform does not answer.
    pub async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        Reply::of(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    /// A write under a key that does not wait for the network.
    pub async fn order(&self, path: &str, body: &Value, key: &str) -> Reply {
        let request = self.request(reqwest::Method::POST, path).json(body);
        Reply::of(request.header("Idempotency-Key", key)).await.unwrap()
    }

    /// A write under a key, waiting for the network's answer; an error when the platform does not answer.
    pub async fn try_post(&self, path: &str, body: &Value, key: &str) -> Result<Reply, reqwest::Error> {
        let request = self.request(reqwest::Method::POST, path).json(body);
        Reply::of(request.header("Idempotency-Key", key).header("Prefer", "wait=30")).await
    }

    pub async fn post_with(&self, path: &str, body: &Value, key: &str) -> Reply {
        self.try_post(path, body, key).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_with(path, body, &fresh_key()).await
    }

    /// Asks again under the same key until the platform answers: what a careful client does when it is away.
    pub async fn insist(&self, path: &str, body: &Value) -> Reply {
        let key = fresh_key();
        let ask = || async { self.try_post(path, body, &key).await.map_err(|error| error.to_string()) };
        eventually(path, ask).await
    }

    /// A body of another kind than JSON.
    pub async fn send(&self, path: &str, kind: &str, body: &str) -> Reply {
        let request = self.api.http.post(format!("{}{path}", self.api.base)).bearer_auth(&self.token);
        Reply::of(request.header("content-type", kind).body(body.to_owned())).await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        let request = self.request(reqwest::Method::PATCH, path).json(body);
        Reply::of(request.header("Idempotency-Key", fresh_key())).await.unwrap()
    }

    /// A deletion that says something, without a key.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Reply {
        Reply::of(self.request(reqwest::Method::DELETE, path).json(body)).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Reply {
        let request = self.request(reqwest::Method::DELETE, path).header("Idempotency-Key", fresh_key());
        Reply::of(request).await.unwrap()
    }

    /// Lists an offer and waits until the catalog has it: its id.
    pub async fn list(&self, meter: &str, hours: &[(&str, &str, &str)]) -> String {
        let slots: Value = hours
            .iter()
            .map(|(start, kwh, inr)| json!({"start": start, "quantity_kwh": kwh, "price_inr": inr}))
            .collect();
        let offer = self.post("/seller/offers", &json!({"meter_id": meter, "slots": slots})).await.ok();
        let id = text(&offer, "id");
        self.published(&id).await;
        id
    }

    /// Waits until the newest revision of an offer is in the catalog: the offer.
    pub async fn published(&self, offer: &str) -> Value {
        eventually("publication", || async {
            let offer = self.offer(offer).await;
            let publication = &offer["publication"];
            let newest = publication["revision"] == publication["published_revision"];
            if publication["state"] == "accepted" && newest { Ok(offer) } else { Err(offer.to_string()) }
        })
        .await
    }

    pub async fn offer(&self, id: &str) -> Value {
        self.get(&format!("/seller/offers/{id}")).await.ok()
    }

    /// Published, reserved and sold kWh of the offer's first slot.
    pub async fn stock(&self, offer: &str) -> [String; 3] {
        let slot = self.offer(offer).await["slots"][0].clone();
        ["published_kwh", "reserved_kwh", "sold_kwh"].map(|name| text(&slot, name))
    }

    /// A search that is answered: its transaction id.
    pub async fn discover(&self) -> String {
        let id = text(&self.insist("/api/discover", &json!({})).await.ok(), "transaction_id");
        let path = format!("/api/transactions/{id}");
        eventually("an answered search", || async {
            let found = self.try_get(&path).await.map_err(|error| error.to_string())?.ok();
            if found["search"]["state"] == "answered" { Ok(()) } else { Err(found.to_string()) }
        })
        .await;
        id
    }

    /// What a search has found.
    pub async fn found(&self, search: &str) -> Vec<Value> {
        items(&self.get(&format!("/api/transactions/{search}/offers?limit=100")).await.ok())
    }

    /// What this person's new search shows of an offer; none when it shows nothing.
    pub async fn shown(&self, offer: &str) -> Option<Value> {
        let search = self.discover().await;
        self.found(&search).await.into_iter().find(|found| found["offer_id"] == *offer)
    }

    pub async fn transaction(&self, id: &str) -> Value {
        self.get(&format!("/api/transactions/{id}")).await.ok()
    }

    /// Waits until our side of a transaction is in one of these states: the transaction.
    pub async fn until(&self, id: &str, states: &[&str]) -> Value {
        let path = format!("/api/transactions/{id}");
        eventually(&format!("{states:?}"), || async {
            let found = self.try_get(&path).await.map_err(|error| error.to_string())?.json();
            let there = found["state"].as_str().is_some_and(|state| states.contains(&state));
            if there { Ok(found) } else { Err(found.to_string()) }
        })
        .await
    }

    /// `init` of an offer that a search has found.
    pub async fn init(
        &self,
        search: &str,
        meter: &str,
        offer: &(String, String),
        wanted: &[Wanted<'_>],
    ) -> Reply {
        let body = json!({
            "transaction_id": search, "meter_id": meter, "bpp_id": offer.0, "offer_id": offer.1,
            "slots": slots(wanted),
        });
        self.insist("/api/init", &body).await
    }

    pub async fn confirm(&self, transaction: &str) -> Reply {
        self.insist("/api/confirm", &json!({"transaction_id": transaction})).await
    }

    /// The whole way from the search to a trade that stands: its transaction.
    pub async fn buy(&self, meter: &str, offer: &(String, String), wanted: &[Wanted<'_>]) -> Value {
        let search = self.discover().await;
        self.init(&search, meter, offer, wanted).await.ok();
        self.until(&search, &["offered"]).await;
        self.confirm(&search).await.ok();
        self.until(&search, &["standing"]).await
    }
}
