//! Events over a WebSocket, by a real client: the same log as the stream, resumed, bounded, and closed to strangers.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use test_support::both_databases;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use units::Span;
use wattmandi::api::{Patience, Web};
use wattmandi::contract::{Side, State};

use crate::happen;
use crate::world::{ASHA, BILAL, Reply, World};

const APP: &str = "https://app.example.com";

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a stream with these headers: the client, or the status of the refusal.
async fn open(world: &World, path: &str, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    let mut request =
        format!("{}{path}", world.base.replace("http://", "ws://")).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((client, _)) => Ok(client),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn with_token(world: &World, token: &str, path: &str) -> Result<Client, u16> {
    open(world, path, &[("authorization", &format!("Bearer {token}"))]).await
}

async fn ticket(world: &World) -> String {
    let made = world.post(ASHA, "/api/events/tickets", &json!({})).await;
    assert_eq!(made.header("cache-control"), "private, no-store");
    made.is(201)["path"].as_str().unwrap().to_owned()
}

async fn event(client: &mut Client) -> Value {
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Why the server has ended it.
async fn end(client: &mut Client) -> CloseCode {
    loop {
        match client.next().await {
            Some(Ok(Message::Close(frame))) => return frame.unwrap().code,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn events_are_the_documents_of_the_stream_and_are_resumed(db: db::Db) {
        let world = World::start(db).await;
        world.contract(Side::Buyer, State::Draft, "t-1").await;
        let mut live = with_token(&world, ASHA, "/api/events/ws").await.unwrap();
        let mut stranger = with_token(&world, BILAL, "/api/events/ws?after=0").await.unwrap();
        for kind in ["test.one", "test.two", "test.three"] {
            happen(&world, "t-1", kind).await;
        }
        let told = [event(&mut live).await, event(&mut live).await, event(&mut live).await];
        assert_eq!((&told[0]["kind"], &told[0]["data"]), (&json!("test.one"), &json!({"n": 1})));
        // The stream of server-sent events says the same.
        let seq = told[0]["seq"].as_i64().unwrap();
        let stream = world.request(ASHA, "GET", "/api/events").header("Last-Event-ID", (seq - 1).to_string());
        let mut stream = stream.send().await.unwrap();
        assert_eq!(crate::read(&mut stream, 3).await.into_iter().map(|event| event.2).collect::<Vec<_>>(), told);
        // By the address, and by a first message.
        let mut resumed = with_token(&world, ASHA, &format!("/api/events/ws?after={seq}")).await.unwrap();
        assert_eq!([event(&mut resumed).await, event(&mut resumed).await], told[1..]);
        let mut asked = with_token(&world, ASHA, "/api/events/ws").await.unwrap();
        asked.send(Message::text(json!({"after": seq}).to_string())).await.unwrap();
        assert_eq!([event(&mut asked).await, event(&mut asked).await], told[1..]);
        asked.send(Message::Ping(vec![7].into())).await.unwrap();
        assert_eq!(asked.next().await.unwrap().unwrap(), Message::Pong(vec![7].into()));
        // Nobody else is told; a client that says anything more is not heard.
        stranger.send(Message::text("{\"user\": \"asha\"}")).await.unwrap();
        assert_eq!(end(&mut stranger).await, CloseCode::Policy);
        asked.send(Message::text("{\"after\": 0}")).await.unwrap();
        assert_eq!(end(&mut asked).await, CloseCode::Policy);
        resumed.send(Message::binary(vec![1])).await.unwrap();
        assert_eq!(end(&mut resumed).await, CloseCode::Unsupported);
        // The server does not wait for those who listen, and says that it goes.
        world.running.stop().await;
        assert_eq!(end(&mut live).await, CloseCode::Away);
    }

    async fn a_ticket_opens_one_stream_once(db: db::Db) {
        let web = Web { cors: vec![APP.to_owned()], ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let path = ticket(&world).await;
        let mut client = open(&world, &path, &[("origin", APP)]).await.unwrap();
        happen(&world, "t-1", "test.one").await;
        assert_eq!(event(&mut client).await["kind"], "test.one");
        assert_eq!(open(&world, &path, &[("origin", APP)]).await.unwrap_err(), 401);
        // Of two at the same time one gets in.
        let path = ticket(&world).await;
        let (one, other) = futures_util::join!(open(&world, &path, &[]), open(&world, &path, &[]));
        assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
        // Too late; none at all; too many that nobody has used.
        let late = ticket(&world).await;
        world.clock.advance(Span::from_secs(31));
        assert_eq!(open(&world, &late, &[]).await.unwrap_err(), 401);
        assert_eq!(open(&world, "/api/events/ws?ticket=guessed", &[]).await.unwrap_err(), 401);
        for _ in 0..20 {
            ticket(&world).await;
        }
        let refused = world.post(ASHA, "/api/events/tickets", &json!({})).await;
        refused.problem(429, "request.rate_limited");
        world.clock.advance(Span::from_secs(31));
        ticket(&world).await;
        world.running.stop().await;
    }

    async fn pages_of_other_origins_and_strangers_open_nothing(db: db::Db) {
        let web = Web { cors: vec![APP.to_owned()], ..Web::default() };
        let world = World::with(db, |state| state.web = web).await;
        let bearer = format!("Bearer {ASHA}");
        for (origin, expected) in [
            (APP.to_owned(), None),
            (world.base.clone(), None),
            ("https://evil.example".to_owned(), Some(403)),
            ("null".to_owned(), Some(403)),
        ] {
            let path = "/api/events/ws";
            let opened = open(&world, path, &[("authorization", &bearer), ("origin", &origin)]).await;
            assert_eq!(opened.err(), expected, "{origin}");
        }
        // A ticket is not lost to a page that may not use it.
        let path = ticket(&world).await;
        assert_eq!(open(&world, &path, &[("origin", "https://evil.example")]).await.unwrap_err(), 403);
        assert!(open(&world, &path, &[("origin", APP)]).await.is_ok());
        assert_eq!(open(&world, "/api/events/ws", &[]).await.unwrap_err(), 401);
        assert_eq!(with_token(&world, "nobody", "/api/events/ws").await.unwrap_err(), 401);
        for query in ["after=x", "after=-1", "since=1"] {
            assert_eq!(with_token(&world, ASHA, &format!("/api/events/ws?{query}")).await.unwrap_err(), 422);
        }
        world.get(ASHA, "/api/events/ws").await.problem(400, "request.malformed");
        // A user has a number of streams, whatever their kind.
        let mut held = Vec::new();
        let refused = loop {
            match with_token(&world, BILAL, "/api/events/ws").await {
                Ok(client) => held.push(client),
                Err(status) => break status,
            }
        };
        assert_eq!((refused, held.len()), (429, 8));
        assert_eq!(Reply::of(world.request(BILAL, "GET", "/api/events")).await.status, 429);
        world.running.stop().await;
    }

    async fn a_client_that_does_not_read_is_cut_off(db: db::Db) {
        let patience = Patience { stalled: Duration::from_millis(300), ..Patience::default() };
        let world = World::patient(db, patience).await;
        let mut lazy = with_token(&world, ASHA, "/api/events/ws").await.unwrap();
        // More than all buffers on the way hold.
        let (user, now) = (world.asha.id, world.participant.now());
        for _ in 0..40 {
            let written = world.participant.db.write(move |tx| {
                Box::pin(async move {
                    let text = json!({"text": "x".repeat(200_000)}).to_string();
                    for _ in 0..5 {
                        wattmandi::events::record(tx, user, "t-1", "test.large", &text, now).await?;
                    }
                    Ok::<_, db::DbError>(())
                })
            });
            written.await.unwrap();
        }
        // The server has ended it when all seats are free again.
        let free = async {
            loop {
                let mut held = Vec::new();
                while let Ok(client) = with_token(&world, ASHA, "/api/events/ws").await {
                    held.push(client);
                }
                if held.len() == 8 {
                    return;
                }
                drop(held);
                node::pause(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), free).await.unwrap();
        // What was on its way comes, and then the end.
        let mut seen = 0;
        while let Some(Ok(message)) = lazy.next().await {
            seen += usize::from(message.is_text());
        }
        assert!(seen < 200, "{seen}");
        world.running.stop().await;
    }
}
