//! Resolving over a socket: one fetch for all, kept for its time, closed on every failure.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clock::TestClock;
use node::{AllowList, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const MODULE: &str = "package deg.contracts.p2p_trading\n\nimport rego.v1\n\n\
    violations contains \"POL_ELIGIBILITY_NOT_MET: not on a Monday\" if input.day == \"Monday\"\n";

/// A server of one record and its module.
struct Server {
    base: String,
    /// Requests seen.
    asked: Arc<AtomicUsize>,
    record: Arc<Mutex<String>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let (asked, record) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<String>>::default());
        let server = Self { base, asked: Arc::clone(&asked), record: Arc::clone(&record) };
        server.publish(&Checksum::of(MODULE.as_bytes()).to_string());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let mut head = [0_u8; 4096];
                let read = socket.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let record = record.lock().unwrap().clone();
                let body = if head.starts_with("GET /module") { MODULE.to_owned() } else { record };
                let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                socket.write_all(answer.as_bytes()).await.ok();
            }
        });
        server
    }

    /// The record with that checksum; nothing at all for an empty one.
    fn publish(&self, checksum: &str) {
        let record = format!(
            r#"{{"data":{{"details":{{"data_url":"{}/module","data_url_checksum":"{checksum}"}}}}}}"#,
            self.base
        );
        *self.record.lock().unwrap() = if checksum.is_empty() { String::new() } else { record };
    }

    fn policies(&self, clock: &TestClock) -> Policies {
        let allow = AllowList::loopback_for_demo();
        let client = GuardedClient::new(&ClientConfig { allow, ..ClientConfig::default() }).unwrap();
        let limits = Limits { time: Duration::from_secs(20), ..Limits::default() };
        let prefixes = vec![format!("{}/lookup/", self.base)];
        let source = PolicySource { prefixes, keep: Span::from_hours(48), limits };
        Policies::new(client, Arc::new(clock.clone()), source)
    }

    async fn ask(&self, policies: &Policies, body: &str) -> Result<Verdict, PolicyFault> {
        let url = format!("{}/lookup/ns/registry/policy", self.base);
        policies.ask(&url, ENTRY_POINT, body.as_bytes().to_vec()).await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn clock() -> TestClock {
    TestClock::at(Timestamp::from_seconds(1_793_520_000))
}

#[tokio::test]
async fn a_policy_is_fetched_once_and_kept_for_its_time() {
    let (server, clock) = (Server::start().await, clock());
    let policies = server.policies(&clock);
    let both = tokio::join!(server.ask(&policies, "{}"), server.ask(&policies, r#"{"day":"Monday"}"#));
    assert_eq!(both.0, Ok(Verdict::default()));
    let refused = refusal(&both.1.unwrap()).unwrap();
    assert_eq!(refused.code.as_str(), "POL_ELIGIBILITY_NOT_MET");
    assert_eq!(refused.message, "the contract policy refuses this: not on a Monday");
    assert_eq!(server.asked(), 2, "record and module, once");
    clock.advance(Span::from_hours(47));
    assert!(server.ask(&policies, "{}").await.is_ok());
    assert_eq!(server.asked(), 2);
    // The record is read again, the module of that checksum is there.
    clock.advance(Span::from_hours(1));
    assert!(server.ask(&policies, "{}").await.is_ok());
    assert_eq!(server.asked(), 3);
    // What cannot be renewed is not used any longer.
    server.publish("");
    clock.advance(Span::from_hours(48));
    let missing = PolicyFault::Unresolved("its server does not have it");
    assert_eq!(server.ask(&policies, "{}").await, Err(missing.clone()));
    assert_eq!(server.ask(&policies, "{}").await, Err(missing));
    assert_eq!(server.asked(), 4, "a failure is believed for a while");
    server.publish(&Checksum::of(MODULE.as_bytes()).to_string());
    clock.advance(FAILURE_KEPT);
    assert!(server.ask(&policies, "{}").await.is_ok());
}

#[tokio::test]
async fn every_doubt_refuses() {
    let (server, clock) = (Server::start().await, clock());
    for checksum in [Checksum::of(b"other").to_string(), "sha256:12".to_owned()] {
        server.publish(&checksum);
        assert!(server.ask(&server.policies(&clock), "{}").await.is_err(), "{checksum}");
    }
    let policies = server.policies(&clock);
    server.publish(&Checksum::of(MODULE.as_bytes()).to_string());
    assert_eq!(server.ask(&policies, "{").await, Err(PolicyFault::Policy(PolicyError::InputUnreadable)));
    let url = format!("{}/lookup/ns/registry/policy", server.base);
    let foreign = policies.ask(&url, "data.other", b"{}".to_vec()).await;
    assert_eq!(foreign, Err(PolicyFault::QueryPathForeign));
    let elsewhere = format!("{}/module", server.base);
    let outside = policies.ask(&elsewhere, ENTRY_POINT, b"{}".to_vec()).await;
    assert_eq!(outside, Err(PolicyFault::AddressNotAllowed));
    let off = Policies::default().ask(&url, ENTRY_POINT, b"{}".to_vec()).await;
    assert_eq!(off, Err(PolicyFault::Off));
}

#[test]
fn a_prefix_is_whole_segments() {
    let prefix = "https://api.example/lookup/ns";
    for url in ["https://api.example/lookup/ns", "https://api.example/lookup/ns/r/p"] {
        assert!(below(url, prefix) && below(url, "https://api.example/lookup/ns/"), "{url}");
    }
    for url in [
        "https://api.example/lookup/nsx/r/p",
        "https://api.example/lookup/ns/../other",
        "https://api.example/lookup/ns/%2e%2e/other",
        "https://api.example/lookup/ns/r?p",
        "https://api.example.evil/lookup/ns",
        "http://api.example/lookup/ns/r",
    ] {
        assert!(!below(url, prefix), "{url}");
    }
    assert!(!below("https://api.example/", ""));
}
