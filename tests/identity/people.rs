//! People of a test world: how they register, sign in and read their messages.

use futures_util::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use wattmandi::identity::{Accounts, Role, Setup, User, admin};

use crate::world::{Reply, US, World};

pub const EMAIL: &str = "gita@example.com";
pub const PASSWORD: &str = "quiet roof at noon";

/// A request without a token.
pub async fn say(world: &World, path: &str, body: &Value) -> Reply {
    Reply::of(world.plain("POST", path).json(body)).await
}

/// The newest message of that kind, once there are so many of the kind: they are sent behind the answer.
pub async fn message(world: &World, kind: &str, count: usize) -> Value {
    // However slow the machine is: what is sent comes.
    for _ in 0..3_000 {
        let kept = world.operator("/admin/messages").await.is(200);
        let of_kind: Vec<_> =
            kept.as_array().unwrap().iter().filter(|m| m["kind"] == kind).cloned().collect();
        if of_kind.len() >= count {
            assert_eq!(of_kind.len(), count, "{of_kind:?}");
            return of_kind[0].clone();
        }
        node::pause(Duration::from_millis(10)).await;
    }
    panic!("there are fewer than {count} messages of the kind {kind}");
}

/// The token in the link of a message.
pub fn token_in(message: &Value) -> String {
    let body = message["body"].as_str().unwrap();
    body.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// The six digits of a message.
pub fn code_in(message: &Value) -> String {
    message["body"].as_str().unwrap().split(' ').next().unwrap().to_owned()
}

/// Gita registers and opens the link.
pub async fn register(world: &World) {
    let wish = json!({"email": EMAIL, "password": PASSWORD, "name": "Gita"});
    say(world, "/auth/register", &wish).await.is(202);
    let token = token_in(&message(world, "verify_email", 1).await);
    assert_eq!(
        say(world, "/auth/verify-email", &json!({"token": token, "password": PASSWORD})).await.status,
        204
    );
}

pub async fn login(world: &World, email: &str, password: &str) -> Reply {
    say(world, "/auth/login", &json!({"email": email, "password": password, "device": "test"})).await
}

/// Signs Gita in: access and refresh token.
pub async fn sign_in(world: &World) -> (String, String) {
    let tokens = login(world, EMAIL, PASSWORD).await.is(200);
    (text(&tokens["access_token"]), text(&tokens["refresh_token"]))
}

pub async fn refresh(world: &World, token: &str) -> Reply {
    say(world, "/auth/refresh", &json!({"refresh_token": token})).await
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The accounts of the same platform, as another instance of it has them.
pub fn instance(world: &World) -> Accounts {
    let p = &world.participant;
    Accounts::new(Setup {
        db: p.db.clone(),
        clock: Arc::clone(&p.clocks.wire),
        ids: p.ids.clone(),
        signing_key: &p.node.identity(US).unwrap().signing_key,
        base_url: &world.base,
        welcome: Arc::new(|_, _, _| async { Ok(()) }.boxed()),
    })
}

/// A user of that role.
pub async fn of_role(world: &World, accounts: &Accounts, handle: &str, role: Role) -> User {
    let p = &world.participant;
    let new = wattmandi::identity::NewUser {
        id: p.ids.uuid(),
        handle: handle.into(),
        display_name: handle.into(),
        token: format!("token-of-{handle}-0001"),
        payout_name: handle.into(),
        payout_vpa: format!("{handle}@upi"),
    };
    let now = p.now();
    let added = p.db.write(move |tx| {
        let new = new.clone();
        async move {
            let user = wattmandi::identity::add(tx, &new, now).await?;
            let discom = (role == Role::Utility).then_some("NORTH");
            admin::set_role(tx, user.id, role, discom, now).await
        }
        .boxed()
    });
    let user = added.await.unwrap();
    assert!(accounts.open_session(user.clone(), "test", "").await.is_ok());
    user
}
