//! Messages over real sockets: an SMTP conversation, an HTTP gateway, and the queue before them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::{Clock, Ids, SeededEntropy, TestClock};
use courier::{
    Carrier, CarryError, Full, Gateway, Mail, Message, Queue, QueueConfig, Relay, Security, Sms, SmsCarrier,
    SmtpCarrier,
};
use test_support::peer::{Peer, Reply};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use units::{Span, Timestamp};

const NOW: Timestamp = Timestamp::from_seconds(1_793_520_000);

/// A mail relay, with an answer of the test to the recipient.
struct LocalRelay {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl LocalRelay {
    async fn start(to_recipients: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let answers: VecDeque<String> = to_recipients.iter().map(|text| (*text).to_owned()).collect();
        let (seen, answers) = (Arc::clone(&lines), Arc::new(Mutex::new(answers)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&seen), Arc::clone(&answers)));
            }
        });
        Self { port, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn count(&self, start: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(start)).count()
    }

    fn carrier(&self, security: Security) -> Arc<SmtpCarrier> {
        let relay = Relay {
            host: "127.0.0.1".into(),
            port: self.port,
            security,
            login: Some(("mailer".into(), "hunter2".into())),
            from: "Wattmandi <no-reply@solar.example.com>".into(),
        };
        let clock: Arc<dyn Clock> = Arc::new(TestClock::at(NOW));
        let ids = Ids::new(Arc::clone(&clock), Arc::new(SeededEntropy::new(1)));
        Arc::new(SmtpCarrier::new(&relay, clock, ids).unwrap())
    }
}

async fn converse(
    stream: TcpStream,
    seen: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<VecDeque<String>>>,
) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 relay.test ESMTP\r\n").await.ok()?;
    let mut in_data = false;
    while let Some(line) = lines.next_line().await.ok()? {
        seen.lock().unwrap().push(line.clone());
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            _ if in_data && line != "." => continue,
            "." => {
                in_data = false;
                "250 queued".to_owned()
            }
            "EHLO" => "250-relay.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => "235 welcome".to_owned(),
            "RCPT" => answers.lock().unwrap().pop_front().unwrap_or_else(|| "250 ok".to_owned()),
            "DATA" => {
                in_data = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

fn mail() -> Message {
    Message::Mail(Mail {
        to: "asha@example.com".into(),
        subject: "Bestätige deine Adresse".into(),
        text: "https://solar.example.com/verify?token=abc\n.\nGruß".into(),
    })
}

fn sms() -> Message {
    let text = "Your code is 012345 & nothing else".into();
    Message::Sms(Sms { to: "+919876543210".into(), text, code: Some("012345".into()) })
}

fn queue(mail: Option<Arc<dyn Carrier>>, sms: Option<Arc<dyn Carrier>>, capacity: usize) -> Queue {
    let config = QueueConfig {
        capacity,
        pauses: vec![Duration::ZERO; 3],
        attempt: Duration::from_secs(5),
        at_once: 2,
    };
    Queue::new(mail, sms, Arc::new(TestClock::at(NOW)), config, Handle::current())
}

fn soon() -> Timestamp {
    NOW.checked_add(Span::from_secs(300)).unwrap()
}

#[tokio::test]
async fn a_letter_reaches_the_relay_as_it_was_written() {
    let relay = LocalRelay::start(&[]).await;
    relay.carrier(Security::Plain).carry(&mail()).await.unwrap();
    let lines = relay.lines();
    let has = |wanted: &str| assert!(lines.iter().any(|line| line == wanted), "{wanted} in {lines:#?}");
    has("EHLO solar.example.com");
    // PLAIN: empty, user and password, each after a NUL.
    has("AUTH PLAIN AG1haWxlcgBodW50ZXIy");
    assert_eq!(relay.count("MAIL FROM:<no-reply@solar.example.com>"), 1);
    assert_eq!(relay.count("RCPT TO:<asha@example.com>"), 1);
    has("From: Wattmandi <no-reply@solar.example.com>");
    has("To: asha@example.com");
    has("Auto-Submitted: auto-generated");
    has("Date: Sun, 01 Nov 2026 08:00:00 +0000");
    assert_eq!(relay.count("Subject: =?utf-8?b?"), 1);
    assert_eq!(relay.count("Message-ID: <"), 1);
    assert_eq!(relay.count("QUIT"), 1);
}

#[tokio::test]
async fn no_password_is_told_to_a_relay_without_tls() {
    let relay = LocalRelay::start(&[]).await;
    let refused = relay.carrier(Security::StartTls).carry(&mail()).await.unwrap_err();
    assert!(matches!(refused, CarryError::Never(_)), "{refused}");
    let refused = relay.carrier(Security::Tls).carry(&mail()).await.unwrap_err();
    assert!(matches!(refused, CarryError::Later(_)), "{refused}");
    assert_eq!((relay.count("AUTH"), relay.count("MAIL"), relay.count("RCPT")), (0, 0, 0));
}

#[tokio::test]
async fn a_recipient_cannot_add_headers_or_commands() {
    let relay = LocalRelay::start(&[]).await;
    for to in ["a@example.com>\r\nRCPT TO:<b@example.com", "a@example.com, b@example.com", "nobody"] {
        let letter = Mail { to: to.into(), subject: "s".into(), text: "t".into() };
        let refused = relay.carrier(Security::Plain).carry(&Message::Mail(letter)).await.unwrap_err();
        assert!(matches!(refused, CarryError::Never(_)), "{to}");
    }
    assert_eq!(relay.lines(), Vec::<String>::new());
    let letter =
        Mail { to: "a@example.com".into(), subject: "s\r\nBcc: b@example.com".into(), text: "t".into() };
    relay.carrier(Security::Plain).carry(&Message::Mail(letter)).await.unwrap();
    assert_eq!((relay.count("Bcc:"), relay.count("RCPT")), (0, 1));
}

#[tokio::test]
async fn a_busy_relay_is_asked_again_and_a_refusal_is_final() {
    let relay = LocalRelay::start(&["451 later", "450 later", "250 ok"]).await;
    let waiting = queue(Some(relay.carrier(Security::Plain)), None, 10);
    waiting.post(mail(), soon()).unwrap();
    waiting.finish(Duration::from_secs(20)).await;
    assert_eq!((relay.count("RCPT"), relay.count("DATA")), (3, 1));

    let relay = LocalRelay::start(&["550 no such user here"]).await;
    let waiting = queue(Some(relay.carrier(Security::Plain)), None, 10);
    waiting.post(mail(), soon()).unwrap();
    waiting.finish(Duration::from_secs(20)).await;
    assert_eq!((relay.count("RCPT"), relay.count("DATA")), (1, 0));

    let relay = LocalRelay::start(&["451 later"; 20]).await;
    let waiting = queue(Some(relay.carrier(Security::Plain)), None, 10);
    waiting.post(mail(), soon()).unwrap();
    waiting.finish(Duration::from_secs(20)).await;
    assert_eq!((relay.count("RCPT"), waiting.waiting()), (4, 0));
}

fn gateway(url: &str, json: Option<&str>, form: Option<&str>) -> Arc<SmsCarrier> {
    let gateway = Gateway {
        url: url.into(),
        json: json.map(str::to_owned),
        form: form.map(str::to_owned),
        headers: vec![("Authorization".into(), "Bearer k3y".into())],
    };
    Arc::new(SmsCarrier::new(&gateway, Duration::from_secs(2), false).unwrap())
}

#[tokio::test]
async fn a_text_message_reaches_the_gateway_in_each_form() {
    let peer = Peer::start(|_| Reply::json(202, "{}")).await;
    let json = r#"{"to":"{to}","message":"{text}","vars":{"otp":"{code}"}}"#;
    gateway(&format!("{}/json", peer.url), Some(json), None).carry(&sms()).await.unwrap();
    let form = Some("to={to_digits}&text={text}");
    gateway(&format!("{}/form", peer.url), None, form).carry(&sms()).await.unwrap();
    gateway(&format!("{}/get?to={{to}}&text={{text}}", peer.url), None, None).carry(&sms()).await.unwrap();
    let requests = peer.requests();
    assert!(requests.iter().all(|request| request.header("authorization") == "Bearer k3y"));
    let methods: Vec<&str> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "POST", "GET"]);
    assert_eq!(requests[0].header("content-type"), "application/json");
    assert_eq!(
        requests[0].body,
        r#"{"message":"Your code is 012345 & nothing else","to":"+919876543210","vars":{"otp":"012345"}}"#
    );
    assert_eq!(requests[1].header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(requests[1].form()["to"], "919876543210");
    assert_eq!(requests[1].form()["text"], "Your code is 012345 & nothing else");
    assert_eq!(requests[2].query["to"], "+919876543210");
    assert_eq!(requests[2].query["text"], "Your code is 012345 & nothing else");
}

#[tokio::test]
async fn what_a_gateway_answers_decides_whether_it_is_asked_again() {
    let elsewhere = Peer::start(|_| Reply::json(200, "{}")).await;
    let away = format!("{}/away", elsewhere.url);
    let statuses = [("200", None), ("400", Some(false)), ("401", Some(false)), ("429", Some(true))];
    let peer = Peer::start(move |request| match request.path.trim_start_matches('/') {
        "stalled" => Reply::Stalled,
        "away" => Reply::redirect(&away),
        "endless" => Reply::Endless(1_024),
        status => Reply::json(status.parse().unwrap(), "{}"),
    })
    .await;
    let others = [("503", Some(true)), ("stalled", Some(true)), ("away", Some(false)), ("endless", None)];
    for (path, expected) in statuses.into_iter().chain(others) {
        let url = format!("{}/{path}?to={{to}}&text={{text}}", peer.url);
        let later = match gateway(&url, None, None).carry(&sms()).await {
            Ok(()) => None,
            Err(CarryError::Later(_)) => Some(true),
            Err(CarryError::Never(_)) => Some(false),
        };
        assert_eq!(later, expected, "{path}");
    }
    // A redirect is not followed: it would carry the key and the code away.
    assert!(elsewhere.requests().is_empty());
}

/// Takes nothing until it is let.
struct Gate(tokio::sync::Semaphore);

impl Carrier for Gate {
    fn carry<'a>(&'a self, _: &'a Message) -> futures_util::future::BoxFuture<'a, Result<(), CarryError>> {
        Box::pin(async move {
            self.0.acquire().await.unwrap().forget();
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_forgets_nothing_that_it_took() {
    let gate = Arc::new(Gate(tokio::sync::Semaphore::new(0)));
    let waiting = queue(Some(Arc::<Gate>::clone(&gate)), None, 3);
    for _ in 0..3 {
        waiting.post(mail(), soon()).unwrap();
    }
    assert_eq!(waiting.post(mail(), soon()), Err(Full));
    assert_eq!(waiting.waiting(), 3);
    gate.0.add_permits(3);
    waiting.finish(Duration::from_secs(20)).await;
    assert_eq!((waiting.waiting(), gate.0.available_permits()), (0, 0));
    waiting.post(mail(), soon()).unwrap();
}

#[tokio::test]
async fn what_expired_or_has_no_carrier_is_not_brought() {
    let relay = LocalRelay::start(&[]).await;
    let waiting = queue(Some(relay.carrier(Security::Plain)), None, 10);
    waiting.post(mail(), NOW).unwrap();
    waiting.post(sms(), soon()).unwrap();
    waiting.finish(Duration::from_secs(20)).await;
    assert_eq!((relay.lines(), waiting.waiting()), (Vec::new(), 0));
}
