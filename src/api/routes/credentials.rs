//! Energy credentials: handed in, judged, shown with each check and its reason, taken back.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use units::Timestamp;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::json::{self, Unread};
use crate::api::problem::Problem;
use crate::api::view::masked;
use crate::credentials::{self, Stored};
use crate::error::Code;
use crate::metering::present::{self, File};
use crate::metering::{self, proof};
use crate::network::normalize_meter;

/// Largest document, bytes.
const BODY_MAX: usize = 1024 * 1024;

/// The media types that a credential may come in.
const TAKEN: [&str; 5] =
    ["application/json", "application/ld+json", "application/vc", "application/jwt", "application/vc+jwt"];

/// The bytes of a PDF as the whole body.
pub struct PdfFile;

impl PartialSchema for PdfFile {
    fn schema() -> RefOr<Schema> {
        let bytes = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(bytes)).into()
    }
}

impl ToSchema for PdfFile {
    fn name() -> std::borrow::Cow<'static, str> {
        "PdfFile".into()
    }
}

/// A credential, as it was judged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialDocument {
    #[schema(value_type = String, format = "uuid")]
    pub credential_id: Uuid,
    /// `verified` when every check passed, else `refused`. Later its issuer may have made it `revoked`; it is
    /// `suspended` while nobody says whether it is, and proves nothing until somebody does.
    #[schema(example = "verified")]
    pub state: &'static str,
    /// `json`, `jwt` or `pdf`.
    #[schema(example = "jwt")]
    pub form: String,
    #[schema(example = "GenerationProfileCredential")]
    pub kind: Option<String>,
    #[schema(example = "did:web:north.discom.example")]
    pub issuer: Option<String>,
    /// The DISCOM that the issuer speaks for.
    pub discom: Option<String>,
    pub checks: Vec<CheckView>,
    /// What it says of each meter; believed only when `state` is `verified`.
    pub meters: Vec<ClaimView>,
    /// Masked.
    #[schema(example = "••••0123")]
    pub customer_number: Option<String>,
    /// Code of the program, of an enrollment.
    pub program: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_from: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CredentialCheck)]
pub struct CheckView {
    /// Of a credential `format`, `schema`, `issuer`, `proof`, `dates`, `revocation`, `discom`, `meter`, `customer` or
    /// `role`; of a bill `meter`, `customer`, `load`, `period` or `readers`.
    #[schema(example = "proof")]
    pub check: String,
    /// `passed`, `failed` or `unknown`; only `passed` counts.
    #[schema(example = "passed")]
    pub verdict: String,
    pub reason: String,
}

/// What a credential says of one meter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CredentialClaim)]
pub struct ClaimView {
    /// Masked, unless it is the user's own.
    pub meter_id: Option<String>,
    pub resource_type: Option<String>,
    pub installed_capacity_w: Option<i64>,
    pub sanctioned_load_w: Option<i64>,
    pub storage_wh: Option<i64>,
}

/// Hands in an energy credential: JSON with its proof, a JWT, or the PDF that carries one of them. It is kept and
/// shown whatever its checks say; what a verified one says of a meter of the user's becomes the meter's limits. Twenty an
/// hour are taken, readable or not. One PDF of a user is read at a time: another one at the same moment is refused, and not
/// counted.
#[utoipa::path(post, path = "/users/me/credentials", tag = "users",
    request_body(content((serde_json::Value = "application/json"), (String = "application/jwt"),
        (String = "application/vc+jwt"), (PdfFile = "application/pdf"))),
    responses((status = 201, body = CredentialDocument)))]
pub async fn upload(
    state: State,
    Caller { user, .. }: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Answer {
    let kind = essence(&request);
    let pdf = kind == "application/pdf";
    if !pdf && !TAKEN.contains(&kind.as_str()) {
        return Err(Problem::new(Code::UnsupportedMediaType, "A credential is JSON, a JWT or a PDF.")
            .advise("Send the Content-Type that says which: application/json, application/jwt or application/pdf."));
    }
    let bytes = collected(payload, "A credential").await?;
    let key = state.keyed(&request, &bytes, user.id).await?;
    let (p, verifier, under) = (state.participant.clone(), state.credentials.clone(), key.clone());
    let documents = state.documents.clone();
    let work = async move {
        let file = if pdf { File::Pdf(bytes.to_vec()) } else { File::Plain(bytes.to_vec()) };
        present::present(&p, &verifier, &documents, user.id, file, under).await
    };
    let answered = state
        .once(key, work, |accepted| Answered {
            status: StatusCode::CREATED,
            body: serde_json::to_vec(accepted).unwrap_or_default(),
        })
        .await?;
    let accepted: present::Accepted =
        serde_json::from_slice(&answered.body).map_err(|_| Problem::of(Code::Internal))?;
    let document = read(&state, user.id, accepted.credential_id).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/users/me/credentials/{}", accepted.credential_id)))
        .json(document))
}

/// The bytes of a document, whatever it is; `what` begins a sentence.
pub(super) async fn collected(payload: Payload, what: &str) -> Result<Bytes, Problem> {
    json::collect(payload, BODY_MAX).await.map_err(|unread| match unread {
        Unread::TooLong => {
            Problem::new(Code::RequestTooLarge, format!("{what} has at most {BODY_MAX} bytes."))
        }
        Unread::Broken => Problem::new(Code::RequestMalformed, "The body did not arrive whole."),
    })
}

/// The media type of a body, without its parameters.
pub(super) fn essence(request: &HttpRequest) -> String {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The user's credentials, newest first.
#[utoipa::path(get, path = "/users/me/credentials", tag = "users",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<CredentialDocument>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let (before, rows) = (page.before, page.rows());
    let read = state.read(move |tx| {
        async move {
            let meters = metering::of_user(tx, user.id).await?;
            Ok((credentials::of_user(tx, user.id, before, rows).await?, own(&meters)))
        }
        .boxed()
    });
    let (found, own) = read.await?;
    Ok(page.answer(&request, found, |credential| credential.id, |credential| shown(credential, &own)))
}

/// One credential.
#[utoipa::path(get, path = "/users/me/credentials/{id}", tag = "users",
    params(("id" = String, Path, description = "The credential id")),
    responses((status = 200, body = CredentialDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    Ok(HttpResponse::Ok().json(read(&state, user.id, credential_id(&request)?).await?))
}

/// Takes a credential back, with what it proved: a meter that nothing else proves trades no more. The judgment stays on
/// record.
#[utoipa::path(delete, path = "/users/me/credentials/{id}", tag = "users",
    params(("id" = String, Path, description = "The credential id")),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (id, now) = (credential_id(&request)?, state.participant.now());
    let db = state.participant.db.clone();
    let work = async move {
        db.write(move |tx| async move { proof::withdraw(tx, user.id, id, now).await }.boxed()).await
    };
    if state.run(work).await?? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found("credential"))
    }
}

fn credential_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "credential")?).map_err(|_| Problem::not_found("credential"))
}

async fn read(state: &State, user: Uuid, id: Uuid) -> Result<CredentialDocument, Problem> {
    let read = state.read(move |tx| {
        async move {
            let meters = metering::of_user(tx, user).await?;
            Ok((credentials::find(tx, user, id).await?, own(&meters)))
        }
        .boxed()
    });
    let (found, own) = read.await?;
    found.map(|credential| shown(&credential, &own)).ok_or_else(|| Problem::not_found("credential"))
}

fn own(meters: &[metering::Meter]) -> Vec<String> {
    meters.iter().map(|meter| meter.meter_key.clone()).collect()
}

fn shown(credential: &Stored, own: &[String]) -> CredentialDocument {
    let said = credential.claims.clone().unwrap_or_default();
    let meter = |id: String| if own.contains(&normalize_meter(&id)) { id } else { masked(&id) };
    let claim = |said: credentials::Proven| ClaimView {
        meter_id: said.meter.map(meter),
        resource_type: said.resource_type,
        installed_capacity_w: said.installed_capacity_w,
        sanctioned_load_w: said.sanctioned_load_w,
        storage_wh: said.storage_wh.filter(|storage| *storage > 0),
    };
    let check = |check: &credentials::StoredCheck| CheckView {
        check: check.name.clone(),
        verdict: check.verdict.clone(),
        reason: check.reason.clone(),
    };
    CredentialDocument {
        credential_id: credential.id,
        state: match credential {
            Stored { verified: false, .. } => "refused",
            Stored { revoked_at: Some(_), .. } => "revoked",
            Stored { suspended_at: Some(_), .. } => "suspended",
            Stored { .. } => "verified",
        },
        form: credential.form.clone(),
        kind: credential.kind.clone(),
        issuer: credential.issuer.clone(),
        discom: credential.discom.clone(),
        checks: credential.checks.iter().map(check).collect(),
        meters: said.meters.into_iter().map(claim).collect(),
        customer_number: said.customer_number.as_deref().map(masked),
        program: said.program,
        valid_from: credential.valid_from,
        valid_until: credential.valid_until,
        created_at: credential.created_at,
    }
}
