//! A receiver of webhooks as a stranger would write one: a socket, the headers, and the signature of Standard Webhooks
//! computed from the secret alone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wattmandi::webhooks::sign;

/// What the receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Answers with this status.
    Status(u16),
    /// Keeps the connection open and says nothing.
    Hang,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: String,
    pub timestamp: i64,
    pub signatures: Vec<String>,
    pub body: Vec<u8>,
    /// What it was answered; none while the receiver hangs.
    pub status: Option<u16>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The signatures, in their order, that this secret (`whsec_…`) has made.
    pub fn signed_by(&self, secret: &str) -> Vec<bool> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let own = sign(&key, &self.id, self.timestamp, &self.body);
        self.signatures.iter().map(|signature| *signature == own).collect()
    }
}

struct Shared {
    manner: Mutex<Manner>,
    received: Mutex<Vec<Received>>,
    came: Condvar,
}

/// A server on a port of its own, for as long as the test runs.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?from=wattmandi", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            manner: Mutex::new(Manner::Status(204)),
            received: Mutex::new(Vec::new()),
            came: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&own);
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { url, shared }
    }

    pub fn behaves(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Everything that came, in the order in which it came.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// What was taken: answered with 2xx.
    pub fn taken(&self) -> Vec<Received> {
        let taken = |one: &Received| one.status.is_some_and(|status| (200..300).contains(&status));
        self.received().into_iter().filter(taken).collect()
    }

    /// Waits until so many requests have come.
    pub fn until(&self, count: usize) {
        let received = self.shared.received.lock().unwrap();
        let patience = std::time::Duration::from_secs(60);
        let (received, late) =
            self.shared.came.wait_timeout_while(received, patience, |all| all.len() < count).unwrap();
        assert!(!late.timed_out(), "{} of {count} came", received.len());
    }
}

fn answer(mut stream: TcpStream, shared: &Shared) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    let (head, length) = loop {
        let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = field(&head, "content-length").parse::<usize>().unwrap();
            break (head, end + 4 + length);
        }
    };
    while bytes.len() < length {
        let Ok(count @ 1..) = stream.read(&mut buffer) else { return };
        bytes.extend_from_slice(&buffer[..count]);
    }
    assert!(head.starts_with("POST /hook?from=wattmandi HTTP/1.1"), "{head}");
    assert_eq!(field(&head, "content-type"), "application/json");
    let manner = *shared.manner.lock().unwrap();
    let status = match manner {
        Manner::Status(status) => Some(status),
        Manner::Hang => None,
    };
    let body_at = head.len() + 4;
    shared.received.lock().unwrap().push(Received {
        id: field(&head, "webhook-id"),
        timestamp: field(&head, "webhook-timestamp").parse().unwrap(),
        signatures: field(&head, "webhook-signature").split(' ').map(str::to_owned).collect(),
        body: bytes[body_at..].to_vec(),
        status,
    });
    shared.came.notify_all();
    match status {
        Some(status) => {
            let more = if status == 302 { "location: http://127.0.0.1:1/\r\n" } else { "" };
            let text = format!("HTTP/1.1 {status} X\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(text.as_bytes());
        }
        // Until the client hangs up.
        None => while matches!(stream.read(&mut buffer), Ok(1..)) {},
    }
}

fn field(head: &str, name: &str) -> String {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}
