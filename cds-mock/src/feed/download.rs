//! Large results of pulls: kept for an hour, fetched by an address that carries its own proof and needs no header.
//!
//! The address is signed by the service's key over what it allows: which result, until when. The text that is signed
//! cannot be that of a message, so neither proof can be taken for the other.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use beckn_wire::code::ErrorCode;
use beckn_wire::energy::feed::Download;
use db::{DbError, params};
use node::Refusal;
use sha2::{Digest as _, Sha256};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::answer::{Query, refuse, unavailable};
use super::{Feed, store};

/// The only name of a result.
pub const FILE: &str = "catalogs.json.gz";
/// So long a result may be fetched.
const LIFE: Span = Span::from_hours(1);
/// Results that are kept for one subscriber.
const KEPT: i64 = 4;

impl Feed {
    /// Stores a packed result under the id of its request, in place of an earlier one of the same. One transaction.
    pub(super) async fn keep(&self, id: Uuid, subscriber: &str, body: Vec<u8>) -> Result<Download, DbError> {
        let expires_at = Timestamp::from_seconds(self.clocks.wire.now().saturating_add(LIFE).seconds());
        let checksum = format!("sha256:{}", hex(&Sha256::digest(&body)));
        let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let row = Arc::new((subscriber.to_owned(), checksum.clone(), body));
        self.db
            .write(move |tx| {
                let row = Arc::clone(&row);
                Box::pin(async move {
                    let (subscriber, checksum, body) = &*row;
                    let fields = params![id, subscriber, checksum, body, expires_at];
                    tx.execute(&store::PUT_DOWNLOAD, &fields).await?;
                    tx.execute(&store::DROP_DOWNLOADS, &params![subscriber, KEPT]).await.map(|_| ())
                })
            })
            .await?;
        let url = format!(
            "{}/catalog/pull/result/{id}/{FILE}?expires={}&token={}",
            self.base_url.trim_end_matches('/'),
            expires_at.seconds(),
            self.token(id, expires_at.seconds()),
        );
        Ok(Download { url, format: "json.gz".to_owned(), size, checksum, expires_at })
    }

    fn permission(&self, id: Uuid, expires: i64) -> String {
        format!("download of {id} from {} until {expires}", self.subscriber_id)
    }

    fn token(&self, id: Uuid, expires: i64) -> String {
        let signature = self.key.sign_bytes(self.permission(id, expires).as_bytes());
        URL_SAFE_NO_PAD.encode(STANDARD.decode(signature).unwrap_or_default())
    }

    /// A stored result.
    ///
    /// # Errors
    /// 403 when the address was not made here, 410 when it has expired, 404 when there is nothing under it.
    pub async fn download(&self, id: &str, file: &str, query: &str) -> Result<Vec<u8>, Refusal> {
        let gone = || refuse(404, ErrorCode::BizItemNotFound, "there is no such result", "");
        let forged = || refuse(403, ErrorCode::AutUnauthorizedAction, "the address was not made here", "");
        let query = Query::parse(query)?;
        let id = super::answer::uuid(id).map_err(|_| gone())?;
        if file != FILE {
            return Err(gone());
        }
        let expires: i64 = query.get("expires").and_then(|text| text.parse().ok()).ok_or_else(forged)?;
        let token =
            query.get("token").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or_else(forged)?;
        let permission = self.permission(id, expires);
        if !self.key.public().verifies_base64(permission.as_bytes(), &STANDARD.encode(token)) {
            return Err(forged());
        }
        let now = self.clocks.wire.now();
        if expires <= now.seconds() {
            return Err(refuse(410, ErrorCode::BizItemNotFound, "the address has expired; pull again", ""));
        }
        let read = self
            .db
            .read(move |tx| Box::pin(async move { tx.query_opt(&store::DOWNLOAD, &params![id, now]).await }));
        let row = read.await.map_err(|error| unavailable(&error))?.ok_or_else(gone)?;
        row.get("body").map_err(|error| unavailable(&error))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
