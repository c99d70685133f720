//! HEAD: the head of the answer to GET without its body (RFC 9110, 9.3.2), and a method like any other where GET has no end
//! or is not served.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use test_support::both_databases;

use crate::world::{ASHA, Reply, World};

/// All that the server sends: a client that knows HEAD would not look for a body.
async fn raw(address: SocketAddr, method: &str, path: &str) -> (String, Vec<u8>) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: us\r\nAuthorization: Bearer {ASHA}\r\nConnection: close\r\n\r\n"
    );
    let asked = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        answer
    });
    let answer = asked.await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

/// What tells the same of GET and of HEAD.
fn told(head: &str) -> Vec<String> {
    let same = ["content-length:", "content-type:", "etag:", "cache-control:", "allow:"];
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    let status = lines.remove(0);
    lines.retain(|line| same.iter().any(|name| line.starts_with(name)));
    lines.sort();
    lines.insert(0, status);
    lines
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn head_is_get_without_its_body(db: db::Db) {
        let world = World::start(db).await;
        world.offer().await;
        let public = world.running.address;
        for path in ["/", "/health", "/openapi.json", "/docs/", "/seller/offers", "/users/me/profile", "/api/transactions/none"] {
            let (get, body) = raw(public, "GET", path).await;
            let (head, nothing) = raw(public, "HEAD", path).await;
            assert!(!body.is_empty() && nothing.is_empty(), "{path}: {nothing:?}");
            assert_eq!(told(&head), told(&get), "{path}");
            assert!(told(&head).contains(&format!("content-length: {}", body.len())), "{path}: {head}");
        }
        let ops = world.running.ops_address.unwrap();
        let (head, nothing) = raw(ops, "HEAD", "/admin/outbox").await;
        assert!(head.starts_with("HTTP/1.1 403 ") && nothing.is_empty(), "the host of another machine: {head}");
        assert_eq!(Reply::of(world.to_operators("HEAD", "/admin/outbox")).await.status, 200);
        // Who has it, and who is nobody.
        let tag = Reply::of(world.request(ASHA, "HEAD", "/seller/offers")).await.header("etag").to_owned();
        let again = world.request(ASHA, "HEAD", "/seller/offers").header("If-None-Match", tag);
        assert_eq!(Reply::of(again).await.status, 304);
        assert_eq!(Reply::of(world.plain("HEAD", "/seller/offers")).await.status, 401);
        assert_eq!(Reply::of(world.plain("HEAD", "/nothing")).await.status, 404);
        world.running.stop().await;
    }

    async fn streams_and_doors_have_no_head(db: db::Db) {
        let world = World::start(db).await;
        for (path, allow) in [
            ("/api/events", "GET"),
            ("/api/events/ws", "GET"),
            ("/api/transactions/t-1/events", "GET"),
            ("/api/confirm", "POST"),
            ("/bap/receiver/on_select", "POST"),
        ] {
            let refused = Reply::of(world.request(ASHA, "HEAD", path)).await;
            assert_eq!((refused.status, refused.header("allow")), (405, allow), "{path}");
        }
        let put = Reply::of(world.request(ASHA, "PUT", "/seller/offers")).await;
        put.problem(405, "request.method_not_allowed");
        assert_eq!(put.header("allow"), "GET, POST, HEAD");
        world.running.stop().await;
    }
}
