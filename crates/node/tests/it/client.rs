//! What the client never does.

use std::time::Duration;

use bytes::Bytes;
use node::client::ClientError;
use node::{AllowList, ClientConfig, GuardedClient};

use crate::http::{Answer, Peer};

fn client(allow: AllowList) -> GuardedClient {
    let config = ClientConfig {
        connect_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_secs(2),
        allow,
    };
    GuardedClient::new(&config).unwrap()
}

#[tokio::test]
async fn a_private_address_is_refused_and_no_connection_made() {
    let peer = Peer::start(|_| Answer::ack()).await;
    let port = peer.url.rsplit(':').next().unwrap();
    let guarded = client(AllowList::none());
    for url in [
        peer.url.clone(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0x7f.1:{port}/"),
        format!("https://0:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "http://example.com/".to_owned(),
    ] {
        let outcome = guarded.post(&url, &[], Bytes::new(), 10).await;
        assert_eq!(outcome.unwrap_err(), ClientError::Forbidden, "{url}");
    }
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/", "https://user@example.com/", "", "https://"] {
        assert_eq!(guarded.get(url, 10).await.unwrap_err(), ClientError::BadUrl, "{url}");
    }
    assert_eq!(peer.connections(), 0);
    let other_port = client(AllowList::none().with("127.0.0.1:1").unwrap());
    assert_eq!(other_port.get(&peer.url, 10).await.unwrap_err(), ClientError::Forbidden);
    assert_eq!(client(AllowList::loopback_for_demo()).get(&peer.url, 100).await.unwrap().status, 200);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_redirect_comes_back_unfollowed() {
    let target = Peer::start(|_| Answer::ack()).await;
    let location = target.url.clone();
    let peer = Peer::start(move |_| Answer::Reply {
        status: 307,
        headers: vec![("Location".to_owned(), location.clone())],
        body: Vec::new(),
    })
    .await;
    let answer =
        client(AllowList::loopback_for_demo()).post(&peer.url, &[], Bytes::from("{}"), 10).await.unwrap();
    assert_eq!((answer.status, target.connections()), (307, 0));
}

#[tokio::test]
async fn size_and_time_are_bounded() {
    let open = client(AllowList::loopback_for_demo());
    let huge = Peer::start(|_| Answer::Endless(64 << 20)).await;
    let answer = open.get(&huge.url, 5000).await.unwrap();
    assert_eq!((answer.body.len(), answer.truncated), (5000, true));
    let exact = Peer::start(|_| Answer::json(200, "12345")).await;
    let answer = open.get(&exact.url, 5).await.unwrap();
    assert_eq!((&answer.body[..], answer.truncated), (&b"12345"[..], false));
    let silent = Peer::start(|_| Answer::Silence(Duration::from_secs(20))).await;
    let waited = tokio::time::timeout(Duration::from_secs(5), open.get(&silent.url, 5)).await.unwrap();
    assert_eq!(waited.unwrap_err(), ClientError::Timeout);
    assert_eq!(open.get("http://127.0.0.1:1/", 5).await.unwrap_err(), ClientError::Unreachable);
}

#[tokio::test]
async fn a_header_cannot_be_smuggled_in() {
    let peer = Peer::start(|_| Answer::ack()).await;
    let open = client(AllowList::loopback_for_demo());
    let outcome = open.post(&peer.url, &[("authorization", "a\r\nx-evil: 1")], Bytes::new(), 5).await;
    assert!(outcome.is_err());
    assert_eq!(peer.connections(), 0);
}
