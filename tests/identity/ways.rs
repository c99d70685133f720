//! Further ways into an account: proven by a code, one account's only, told to nobody else, and never the last one gone.

use serde_json::{Value, json};
use test_support::both_databases;

use crate::accounts::{alike, minutes};
use crate::people::{EMAIL, PASSWORD, code_in, login, message, register, say, sign_in, text, token_in};
use crate::world::{ASHA, Reply, World};

const LOGINS: &str = "/users/me/logins";
const CONFIRM: &str = "/users/me/logins/confirm";
const PHONE: &str = "+919810012345";

/// Signs a number in, whose codes are the `count`th sent so far: the tokens.
async fn by_phone(world: &World, phone: &str, count: usize) -> Value {
    say(world, "/auth/phone/code", &json!({"phone": phone})).await.is(202);
    let code = code_in(&message(world, "sign_in_code", count).await);
    let reply = say(world, "/auth/phone/verify", &json!({"phone": phone, "code": code})).await;
    assert!(reply.status < 300, "{}", reply.text());
    reply.json()
}

/// Asks for a code to that address, the `count`th code so far: the code.
async fn code(world: &World, token: &str, address: &Value, count: usize) -> String {
    world.post(token, LOGINS, address).await.is(202);
    let sent = message(world, "sign_in_code", count).await;
    let to = address["phone"].as_str().or(address["email"].as_str()).unwrap();
    assert_eq!(sent["to"], to);
    code_in(&sent)
}

fn another(code: &str) -> &'static str {
    if code == "111111" { "222222" } else { "111111" }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn an_account_by_e_mail_gets_a_number(db: db::Db) {
        let world = World::start(db).await;
        register(&world).await;
        let (access, _) = sign_in(&world).await;
        let before = world.get(&access, LOGINS).await.is(200);
        assert_eq!(before, json!({"email": EMAIL, "email_verified": true, "phone": null, "password": true, "issuers": []}));
        let given = code(&world, &access, &json!({"phone": PHONE}), 1).await;
        let show = |code: &str| json!({"address": "phone", "code": code});
        for _ in 0..4 {
            world.post(&access, CONFIRM, &show(another(&given))).await.problem(401, "auth.code_invalid");
        }
        // Nobody else's, and of no use to sign in.
        world.post(ASHA, CONFIRM, &show(&given)).await.problem(403, "auth.scope_missing");
        let wrong_door = json!({"phone": PHONE, "code": given});
        say(&world, "/auth/phone/verify", &wrong_door).await.problem(401, "auth.code_invalid");
        assert_eq!(world.post(&access, CONFIRM, &show(&given)).await.status, 204);
        world.post(&access, CONFIRM, &show(&given)).await.problem(401, "auth.code_invalid");
        assert_eq!(world.get(&access, LOGINS).await.is(200)["phone"], PHONE);
        let told = message(&world, "notice", 1).await;
        assert!(told["to"] == EMAIL && text(&told["body"]).contains("mobile number"), "{told}");
        let me = text(&world.get(&access, "/users/me").await.is(200)["id"]);
        assert_eq!(by_phone(&world, PHONE, 2).await["user_id"], me);
        // One of each kind.
        let second = world.post(&access, LOGINS, &json!({"phone": "9810099999"})).await;
        assert_eq!(second.problem(422, "request.field_invalid")["field"], "phone");
        for odd in [json!({}), json!({"email": "a@example.com", "phone": PHONE})] {
            world.post(&access, LOGINS, &odd).await.problem(422, "request.field_invalid");
        }
        world.running.stop().await;
    }

    async fn an_account_by_number_gets_an_e_mail_address_and_then_a_password(db: db::Db) {
        let world = World::start(db).await;
        let tokens = by_phone(&world, PHONE, 1).await;
        let access = text(&tokens["access_token"]);
        // Whoever claims an address without having it loses it to whoever has.
        let wish = json!({"email": EMAIL, "password": "password of mallory", "name": "Mallory"});
        say(&world, "/auth/register", &wish).await.is(202);
        let claim = token_in(&message(&world, "verify_email", 1).await);
        let given = code(&world, &access, &json!({"email": EMAIL}), 2).await;
        world.clock.advance(minutes(5));
        let late = world.post(&access, CONFIRM, &json!({"address": "email", "code": given})).await;
        late.problem(401, "auth.code_invalid");
        let given = code(&world, &access, &json!({"email": EMAIL}), 3).await;
        let shown = json!({"address": "email", "code": given});
        assert_eq!(world.post(&access, CONFIRM, &shown).await.status, 204);
        assert_eq!(message(&world, "notice", 1).await["to"], PHONE);
        login(&world, EMAIL, "password of mallory").await.problem(401, "auth.credentials_wrong");
        let stale = json!({"token": claim, "password": "password of mallory"});
        say(&world, "/auth/verify-email", &stale).await.problem(401, "auth.code_invalid");
        say(&world, "/auth/password/forgot", &json!({"email": EMAIL})).await.is(202);
        let link = token_in(&message(&world, "reset_password", 1).await);
        let reset = json!({"token": link, "password": PASSWORD});
        assert_eq!(say(&world, "/auth/password/reset", &reset).await.status, 204);
        assert_eq!(login(&world, EMAIL, PASSWORD).await.is(200)["user_id"], tokens["user_id"]);
        world.running.stop().await;
    }

    async fn an_address_of_another_account_is_not_taken_over(db: db::Db) {
        let world = World::start(db).await;
        let owner = by_phone(&world, PHONE, 1).await;
        register(&world).await;
        let (access, _) = sign_in(&world).await;
        let fresh = world.post(&access, LOGINS, &json!({"phone": "9810099999"})).await;
        let given = code(&world, &access, &json!({"phone": PHONE}), 3).await;
        assert_eq!(alike(&fresh), (202, json!({"sent_by": "phone", "expires_in": 300})));
        // Who has the number is told that it has an account; nothing of either changes.
        let refused = world.post(&access, CONFIRM, &json!({"address": "phone", "code": given})).await;
        assert_eq!(refused.problem(422, "request.field_invalid")["field"], "phone");
        assert_eq!(world.get(&access, LOGINS).await.is(200)["phone"], json!(null));
        assert_eq!(by_phone(&world, PHONE, 4).await["user_id"], owner["user_id"]);
        let other = text(&by_phone(&world, "+919810077777", 5).await["access_token"]);
        let given = code(&world, &other, &json!({"email": EMAIL}), 6).await;
        let refused = world.post(&other, CONFIRM, &json!({"address": "email", "code": given})).await;
        assert_eq!(refused.problem(422, "request.field_invalid")["field"], "email");
        login(&world, EMAIL, PASSWORD).await.is(200);
        world.running.stop().await;
    }

    async fn of_two_at_once_one_gets_the_address(db: db::Db) {
        let world = World::start(db).await;
        let mut ready = Vec::new();
        for (number, phone) in ["+919810000001", "+919810000002"].into_iter().enumerate() {
            let access = text(&by_phone(&world, phone, 2 * number + 1).await["access_token"]);
            let given = code(&world, &access, &json!({"email": EMAIL}), 2 * number + 2).await;
            ready.push((access, json!({"address": "email", "code": given})));
        }
        let confirms = ready.iter().map(|(access, shown)| world.post(access, CONFIRM, shown));
        let mut replies: Vec<Reply> = futures_util::future::join_all(confirms).await;
        replies.sort_by_key(|reply| reply.status);
        assert_eq!(replies[0].status, 204);
        assert_eq!(replies[1].problem(422, "request.field_invalid")["field"], "email");
        world.running.stop().await;
    }
}
