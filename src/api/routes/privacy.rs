//! All of one's own data: given out as a whole, and taken away.
//!
//! Erasing takes no idempotency key: it would be stored as a hash of what has the password in it, for an account that is
//! gone. A repetition finds no session. No page of another site can ask for it: nothing but the header opens the route.

use std::collections::VecDeque;
use std::io;

use actix_web::http::header;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, stream};
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::Answer;
use super::auth::{cookie, read, refused};
use crate::api::access::Caller;
use crate::api::limits::names::Purpose;
use crate::api::problem::Problem;
use crate::api::stream::Seat;
use crate::api::{Shared, State};
use crate::identity::{self, IdentityError, Proof};
use crate::notify::{Message, MessageKind, Recipient};
use crate::privacy;
use crate::privacy::export::{self, After, FORMAT, Kind, Section};
use crate::privacy::sections::SECTIONS;

/// The shape of an export, made from its sections.
pub struct ExportDocument;

impl PartialSchema for ExportDocument {
    fn schema() -> RefOr<Schema> {
        let text = |format| ObjectBuilder::new().schema_type(Type::String).format(format);
        let uuid = text(Some(SchemaFormat::Custom("uuid".to_owned())));
        let instant = || text(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let mut document = ObjectBuilder::new()
            .property("format", text(None).description(Some("What this shape is called")))
            .property("user_id", uuid)
            .property("exported_at", instant());
        for name in ["format", "user_id", "exported_at"] {
            document = document.required(name);
        }
        for section in SECTIONS {
            let mut row = ObjectBuilder::new();
            for (name, kind) in section.fields {
                let types = |of: Type| SchemaType::from_iter([of, Type::Null]);
                let member = match kind {
                    Kind::Instant => instant().schema_type(types(Type::String)),
                    Kind::Count => ObjectBuilder::new().schema_type(types(Type::Integer)),
                    Kind::Flag => ObjectBuilder::new().schema_type(types(Type::Boolean)),
                    Kind::Json => ObjectBuilder::new().schema_type(SchemaType::AnyValue),
                    _ => text(None).schema_type(types(Type::String)),
                };
                row = row.property(*name, member).required(*name);
            }
            let rows = ArrayBuilder::new().items(row).description(Some(section.about.trim()));
            document = document.property(section.name, rows).required(section.name);
        }
        document.description(Some("All that is stored of a user, one list for each kind of it.")).into()
    }
}

impl ToSchema for ExportDocument {
    fn name() -> std::borrow::Cow<'static, str> {
        "Export".into()
    }
}

/// All of one's own data as one JSON document. Nothing changes by it, so it is a read; it is written while it is sent,
/// however long it is, and breaks off where something fails: what ends with its closing brace is whole.
#[utoipa::path(get, path = "/users/me/export", tag = "users", responses((status = 200, body = ExportDocument)))]
pub async fn export(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    super::paging::Asked::read(&request, &[])?;
    let seat = state.streams.sit(user.id)?;
    let name = "attachment; filename=\"wattmandi-export.json\"";
    Ok(HttpResponse::Ok()
        .content_type(header::ContentType::json())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(pages(Writing::of(state, user.id, seat))))
}

/// Shows once more who one is: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EraseMe)]
pub struct EraseBody {
    password: Option<String>,
    /// For accounts by mobile number: `POST /auth/phone/code` sends it.
    #[schema(example = "482913")]
    code: Option<String>,
}

/// The account is gone.
#[derive(Serialize, ToSchema)]
#[schema(as = Erased)]
pub struct ErasedView {
    #[schema(value_type = String, format = DateTime)]
    pub erased_at: Timestamp,
    /// Until then, by the clock of the market, the messages of settled trades are kept in case of a dispute, and with
    /// them the meter's number; afterwards their digests, under a random id.
    #[schema(value_type = String, format = DateTime)]
    pub evidence_until: Timestamp,
}

/// Erases one's account, for good. Offers are withdrawn; open trades, plans, payments and money are named, and keep it.
#[utoipa::path(delete, path = "/users/me", tag = "users", request_body = EraseBody,
    responses((status = 200, description = "It is gone", body = ErasedView)))]
pub async fn erase(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EraseBody { password, code } = read(&request, payload).await?;
    let proof = match (password, code) {
        (Some(password), None) => Proof::Password(password),
        (None, Some(code)) => Proof::Code(code),
        _ => {
            let detail = "Your password, or a code that was sent to your number, and not both, is expected.";
            return Err(Problem::field("password", detail));
        }
    };
    let (user, accounts, p) = (caller.user.id, state.accounts.clone(), state.participant.clone());
    let purpose = if matches!(proof, Proof::Password(_)) { Purpose::Login } else { Purpose::CodeTry };
    state.count_name(&request, purpose, &user.to_string()).await?;
    let login = state.read(move |tx| identity::login(tx, user).boxed()).await?;
    let erased = state.run(async move {
        let proven = accounts.prove(user, proof).await.map_err(|error| match error {
            IdentityError::PasswordNone | IdentityError::PasswordWrong => refused(error).at("password"),
            other => refused(other),
        })?;
        Ok::<_, Problem>(privacy::erase::erase(&p, &accounts, user, proven).await?)
    });
    let erased = erased.await??;
    if let Some(email) = login.and_then(|login| login.email.filter(|_| login.email_verified)) {
        state.deliver(farewell(email));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::SET_COOKIE, cookie(&state, "", 0)))
        .json(ErasedView { erased_at: erased.at, evidence_until: erased.evidence_until }))
}

fn farewell(email: String) -> Message {
    let body = "Your account was erased, as you asked. Nothing here leads to you any more; what you traded stays under a \
                random number. If it was not you who asked, tell the operator of this platform at once.\n";
    Message {
        to: Recipient::Email(email),
        kind: MessageKind::Notice,
        subject: "Your account was erased".to_owned(),
        body: body.to_owned(),
    }
}

/// An export on its way.
struct Writing {
    state: State,
    user: Uuid,
    sections: VecDeque<&'static Section>,
    after: After,
    /// What comes before the next page.
    pending: String,
    rows: bool,
    ended: bool,
    _seat: Seat,
}

/// A failure cuts the answer off: its status has left already.
fn pages(writing: Writing) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(writing, |mut writing| async move {
        let chunk = writing.next().await?;
        writing.ended |= chunk.is_err();
        Some((chunk.map_err(|problem| io::Error::other(problem.to_string())), writing))
    })
}

impl Writing {
    fn of(state: State, user: Uuid, seat: Seat) -> Self {
        let at = state.participant.now().to_rfc3339();
        let pending = format!("{{\"format\":\"{FORMAT}\",\"user_id\":\"{user}\",\"exported_at\":\"{at}\"");
        let sections = SECTIONS.iter().collect();
        Self {
            state,
            user,
            sections,
            after: After::default(),
            pending,
            rows: false,
            ended: false,
            _seat: seat,
        }
    }

    /// The next piece of the document; none after its end.
    async fn next(&mut self) -> Option<Result<Bytes, Problem>> {
        if self.ended {
            return None;
        }
        let Some(section) = self.sections.front().copied() else {
            self.ended = true;
            return Some(Ok(Bytes::from_static(b"}\n")));
        };
        let begins = self.after == After::default();
        let (user, after) = (self.user, self.after.clone());
        let page = Shared::read(&self.state, move |tx| {
            let after = after.clone();
            async move { export::page(tx, section, user, &after).await }.boxed()
        });
        let (items, next) = match page.await {
            Ok(page) => page,
            Err(problem) => return Some(Err(problem)),
        };
        let mut text = std::mem::take(&mut self.pending);
        if begins {
            self.rows = false;
            text.push_str(&format!(",\n\"{}\":[", section.name));
        }
        for item in items {
            text.push_str(if self.rows { ",\n" } else { "\n" });
            text.push_str(&item.to_string());
            self.rows = true;
        }
        match next {
            Some(next) => self.after = next,
            None => {
                text.push(']');
                self.sections.pop_front();
                self.after = After::default();
            }
        }
        Some(Ok(text.into()))
    }
}
