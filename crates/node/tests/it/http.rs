//! A peer at the other end of a real socket, scripted by the test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use node::Headers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

pub enum Answer {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// A body that goes on for so many bytes.
    Endless(usize),
    /// Nothing, for so long.
    Silence(Duration),
    HangUp,
}

impl Answer {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub fn ack() -> Self {
        Self::json(200, r#"{"message":{"status":"ACK","messageId":"m"}}"#)
    }

    pub fn nack(status: u16, code: &str) -> Self {
        let error = format!(r#"{{"code":"{code}","message":"no"}}"#);
        Self::json(status, &format!(r#"{{"message":{{"status":"NACK","messageId":"m","error":{error}}}}}"#))
    }
}

type Script = dyn Fn(&Request) -> Answer + Send + Sync;

pub struct Peer {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    pub async fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, count, script): (_, _, Arc<Script>) =
            (Arc::clone(&requests), Arc::clone(&connections), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                tokio::spawn(async move { serve(stream, &seen, &*script).await });
            }
        });
        Self { url, requests, connections }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Request>>, script: &Script) -> Option<()> {
    let request = read(&mut stream).await?;
    seen.lock().unwrap().push(request.clone());
    match script(&request) {
        Answer::Reply { status, headers, body } => {
            let mut head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
        }
        Answer::Endless(bytes) => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").await.ok()?;
            for _ in 0..bytes / 1024 {
                stream.write_all(&[b' '; 1024]).await.ok()?;
            }
        }
        Answer::Silence(time) => node::pause(time).await,
        Answer::HangUp => {}
    }
    stream.shutdown().await.ok()
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..n]);
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Headers = lines.filter_map(|line| line.split_once(": ")).collect();
    let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = bytes[head_end..].to_vec();
    while body.len() < length {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.ok()?;
        body.extend_from_slice(&chunk[..n]);
    }
    Some(Request { path, headers, body })
}
