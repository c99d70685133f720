//! A stream ends with the right of whoever opened it: signed out, locked, another role, a token taken back or too old;
//! the clock moves only where a test moves it.

use db::DbError;
use futures_util::{FutureExt, StreamExt};
use reqwest::Response;
use serde_json::{Value, json};
use test_support::both_databases;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use units::Span;
use uuid::Uuid;
use wattmandi::events;
use wattmandi::identity::{Accounts, Role, admin};

use crate::accounts::minutes;
use crate::people::instance;
use crate::world::{ASHA, Reply, World};

db::sql! {
    REPLACE_TOKEN = "UPDATE users SET token_hash = 'another' WHERE handle = 'asha'";
}

/// As long as a stream goes on unlooked at.
const A_WHILE: Span = Span::from_secs(15);
const SIGNED_OUT: &str = "auth.token_invalid";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One who listens both ways.
struct Listener {
    stream: Response,
    told: String,
    socket: Socket,
}

async fn socket(world: &World, path: &str, token: Option<&str>) -> Result<Socket, u16> {
    let address = format!("{}{path}", world.base.replace("http://", "ws://"));
    let mut request = address.into_client_request().unwrap();
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn ticket(world: &World, token: &str) -> String {
    let made = world.post(token, "/api/events/tickets", &json!({})).await.is(201);
    made["path"].as_str().unwrap().to_owned()
}

/// What a socket says next: the kind of an event, or how it ends.
async fn next(socket: &mut Socket) -> Result<String, (CloseCode, String)> {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let event: Value = serde_json::from_str(&text).unwrap();
                return Ok(event["kind"].as_str().unwrap().to_owned());
            }
            Message::Close(frame) => {
                let frame = frame.unwrap();
                return Err((frame.code, frame.reason.to_string()));
            }
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

impl Listener {
    async fn open(world: &World, token: &str) -> Self {
        let stream = world.request(token, "GET", "/api/events").send().await.unwrap();
        assert_eq!(stream.status(), 200);
        let mut listener = Self {
            stream,
            told: String::new(),
            socket: socket(world, "/api/events/ws", Some(token)).await.unwrap(),
        };
        listener.hears("retry: 2000\n\n").await;
        listener
    }

    async fn hears(&mut self, mark: &str) {
        while !self.told.contains(mark) {
            let chunk = self.stream.chunk().await.unwrap().expect("the stream goes on");
            self.told.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn is_told(&mut self, kind: &str) {
        self.hears(&format!("event: {kind}\ndata: ")).await;
        assert_eq!(next(&mut self.socket).await, Ok(kind.to_owned()));
    }

    /// Both have ended, with that code, and have told nothing more.
    async fn ends(mut self, code: &str) {
        let before = self.told.matches("\nevent: ").count();
        while let Some(chunk) = self.stream.chunk().await.unwrap() {
            self.told.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let (events, end) = self.told.split_once("event: end\ndata: ").expect("an event that says why");
        assert_eq!(events.matches("\nevent: ").count(), before, "{}", self.told);
        let end: Value = serde_json::from_str(end.trim()).unwrap();
        assert_eq!(end["code"], code);
        assert!(end["detail"].as_str().unwrap().ends_with('.'), "{end}");
        assert_eq!(next(&mut self.socket).await, Err((CloseCode::Policy, code.to_owned())));
    }
}

async fn happen(world: &World, kind: &'static str) {
    let (user, now) = (world.asha.id, world.participant.now());
    let told = world
        .participant
        .db
        .write(move |tx| async move { events::record(tx, user, "t-1", kind, "{}", now).await }.boxed());
    told.await.unwrap();
}

/// Asha signs in: her token.
async fn session(world: &World, accounts: &Accounts) -> String {
    accounts.open_session(world.asha.clone(), "test", "").await.ok().unwrap().access_token
}

/// An API token of Asha's that reads for a day, and its id.
async fn machine(world: &World, accounts: &Accounts) -> (String, Uuid) {
    let (about, token) =
        accounts.create_token(world.asha.id, "m", &["read".to_owned()], 1).await.ok().unwrap();
    (token, about.id)
}

async fn lock(world: &World) {
    let (user, now) = (world.asha.id, world.participant.now());
    let locked = world.participant.db.write(move |tx| admin::set_lock(tx, user, true, now).boxed());
    locked.await.unwrap();
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_stream_ends_with_its_session(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let (here, there) = (session(&world, &accounts).await, session(&world, &accounts).await);
        let (leaving, mut staying) = (Listener::open(&world, &here).await, Listener::open(&world, &there).await);
        assert_eq!(world.post(&here, "/auth/logout", &json!({})).await.status, 204);
        world.clock.advance(A_WHILE);
        leaving.ends(SIGNED_OUT).await;
        happen(&world, "test.two").await;
        staying.is_told("test.two").await;
        // Longer than an access token is good: the session goes on, and so does the stream.
        world.clock.advance(minutes(16));
        happen(&world, "test.three").await;
        staying.is_told("test.three").await;
        world.running.stop().await;
    }

    async fn what_happens_after_the_end_is_not_told(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let here = session(&world, &accounts).await;
        let listener = Listener::open(&world, &here).await;
        assert_eq!(world.post(&here, "/auth/logout-all", &json!({})).await.status, 204);
        // The clock stands still: the event itself is the occasion to look.
        happen(&world, "test.secret").await;
        listener.ends(SIGNED_OUT).await;
        world.running.stop().await;
    }

    async fn a_stream_ends_with_its_token(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let (first, id) = machine(&world, &accounts).await;
        let (second, _) = machine(&world, &accounts).await;
        let (revoked, expired) = (Listener::open(&world, &first).await, Listener::open(&world, &second).await);
        let configured = Listener::open(&world, ASHA).await;
        accounts.revoke_token(world.asha.id, id).await.ok().unwrap();
        world.clock.advance(A_WHILE);
        revoked.ends(SIGNED_OUT).await;
        world.clock.advance(Span::from_hours(24));
        expired.ends(SIGNED_OUT).await;
        // The operator has given her another one.
        let replaced =
            world.participant.db.write(|tx| async move { tx.execute(&REPLACE_TOKEN, &[]).await }.boxed());
        let replaced: Result<u64, DbError> = replaced.await;
        assert_eq!(replaced, Ok(1));
        world.clock.advance(A_WHILE);
        configured.ends(SIGNED_OUT).await;
        world.running.stop().await;
    }

    async fn a_stream_ends_with_the_role_and_the_account(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let (user, now) = (world.asha.id, world.participant.now());
        let role = |role: Role, discom: Option<&'static str>| {
            let db = world.participant.db.clone();
            async move {
                let changed = db.write(move |tx| admin::set_role(tx, user, role, discom, now).boxed());
                changed.await.unwrap();
            }
        };
        let desk = Listener::open(&world, ASHA).await;
        role(Role::Utility, Some("NORTH")).await;
        world.clock.advance(A_WHILE);
        desk.ends("auth.forbidden").await;
        role(Role::Prosumer, None).await;
        let here = session(&world, &accounts).await;
        let (by_token, by_session) = (Listener::open(&world, ASHA).await, Listener::open(&world, &here).await);
        let (early, late) = (ticket(&world, ASHA).await, ticket(&world, &here).await);
        lock(&world).await;
        world.clock.advance(A_WHILE);
        by_token.ends("auth.account_locked").await;
        by_session.ends(SIGNED_OUT).await;
        assert_eq!(socket(&world, &early, None).await.err(), Some(403));
        assert_eq!(socket(&world, &late, None).await.err(), Some(401));
        world.running.stop().await;
    }

    async fn what_a_ticket_opens_ends_with_what_the_ticket_was_given_for(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let (here, (token, id)) = (session(&world, &accounts).await, machine(&world, &accounts).await);
        let (one, other) = (ticket(&world, &here).await, ticket(&world, &here).await);
        let of_machine = ticket(&world, &token).await;
        let mut opened = socket(&world, &one, None).await.unwrap();
        let mut machines = socket(&world, &of_machine, None).await.unwrap();
        happen(&world, "test.one").await;
        assert_eq!(next(&mut opened).await, Ok("test.one".to_owned()));
        assert_eq!(next(&mut machines).await, Ok("test.one".to_owned()));
        assert_eq!(world.post(&here, "/auth/logout", &json!({})).await.status, 204);
        // A ticket that was not used is worth as little as the session.
        assert_eq!(socket(&world, &other, None).await.err(), Some(401));
        let spent = Reply::of(world.plain("GET", &other)).await;
        spent.problem(401, "auth.token_invalid");
        world.clock.advance(A_WHILE);
        assert_eq!(next(&mut opened).await, Err((CloseCode::Policy, SIGNED_OUT.to_owned())));
        happen(&world, "test.two").await;
        assert_eq!(next(&mut machines).await, Ok("test.two".to_owned()));
        accounts.revoke_token(world.asha.id, id).await.ok().unwrap();
        happen(&world, "test.three").await;
        assert_eq!(next(&mut machines).await, Err((CloseCode::Policy, SIGNED_OUT.to_owned())));
        world.running.stop().await;
    }
}
