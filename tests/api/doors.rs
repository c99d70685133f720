//! What a client may cost: slow heads, idle connections, unread bodies, names that are not this machine's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use test_support::both_databases;
use wattmandi::api::{OPERATED, Patience};

use crate::world::{Reply, World};

/// The answer to a head that announces a body of which nothing comes.
fn without_body(address: SocketAddr, header: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = "POST /bpp/receiver/select HTTP/1.1\r\nHost: us\r\nContent-Type: application/json\r\nContent-Length: 9\r\n";
    socket.write_all(format!("{head}{header}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    let length = socket.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn an_unknown_key_is_told_so_before_a_byte_of_the_body_is_read(db: db::Db) {
        let world = World::start(db).await;
        let signature = format!(
            "Signature keyId=\"p.example|k|ed25519\",algorithm=\"ed25519\",created=\"1\",expires=\"2\",\
            headers=\"(created) (expires) digest\",signature=\"{}==\"",
            "A".repeat(86)
        );
        // The body is announced, and none ever comes.
        let (address, unread) = (world.running.address, format!("Authorization: {signature}"));
        let answer = tokio::task::spawn_blocking(move || without_body(address, &unread)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("AUT_SUBSCRIBER_NOT_FOUND"), "{answer}");
        world.running.stop().await;
    }

    async fn clients_that_are_slow_or_idle_lose_their_place(db: db::Db) {
        let short = Duration::from_millis(700);
        let world = World::patient(db, Patience { head: short, idle: short, connections: 1, ..Patience::default() }).await;
        let address = world.running.address;
        // As many beginnings of a request as there are places: the next client is served when they have been cut off.
        let places = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        let (slow, asked) = tokio::task::spawn_blocking(move || {
            let begin = |text: &str| {
                let mut socket = TcpStream::connect(address).unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                socket.write_all(text.as_bytes()).unwrap();
                socket
            };
            let mut slow: Vec<_> = (0..places).map(|_| begin("GET /health HTTP/1.1\r\nHost: us\r\n")).collect();
            let mut asked = begin("GET /health HTTP/1.1\r\nHost: us\r\n\r\n");
            let whole = |socket: &mut TcpStream| {
                let mut answer = String::new();
                socket.read_to_string(&mut answer).map(|_| answer)
            };
            // Read to the end: an idle connection is closed, too.
            let asked = whole(&mut asked);
            (slow.iter_mut().map(whole).collect::<Vec<_>>(), asked)
        })
        .await
        .unwrap();
        assert!(asked.unwrap().starts_with("HTTP/1.1 200 "));
        for cut in slow {
            assert!(cut.unwrap().starts_with("HTTP/1.1 408 "));
        }
        world.running.stop().await;
    }

    async fn the_operators_port_answers_to_no_other_name(db: db::Db) {
        let world = World::start(db).await;
        for path in OPERATED.iter().filter(|route| route.method == "get").map(|route| route.path) {
            let by = |host: &str| Reply::of(world.at_operators(path).header("Host", host));
            by("rebound.example:4900").await.problem(403, "auth.forbidden");
            assert_eq!(by("localhost:4900").await.status, 200, "{path}");
        }
        world.running.stop().await;
    }
}
