//! The operator's language model: one question, one bounded answer, at an address that only the operator chose.

use std::time::Duration;

use bill_reader::Document;
use bytes::Bytes;
use node::client::ClientError;
use node::{AllowList, ClientConfig, GuardedClient};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::model::ModelUse;
use crate::config::{ModelConfig, Secret};

/// Longer answers are not read, bytes.
const ANSWER_MAX: usize = 64 * 1024;
/// Questions under way at once; what comes beyond them is read by rules alone.
const AT_ONCE: usize = 4;

/// A service with OpenAI's chat completions.
pub struct Model {
    url: String,
    key: Secret,
    name: String,
    client: GuardedClient,
    places: Semaphore,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

impl Model {
    /// The model's host, and no other, may be a private one. `unprotected` allows plain http to other machines, in a demo.
    ///
    /// # Errors
    /// The address cannot be used, or TLS cannot be initialised.
    pub fn new(config: &ModelConfig, unprotected: bool) -> Result<Self, ClientError> {
        Self::patient(config, unprotected, Duration::from_secs(config.timeout_secs))
    }

    /// As [`Self::new`], with another patience than that of the configuration.
    ///
    /// # Errors
    /// As there.
    pub fn patient(config: &ModelConfig, unprotected: bool, timeout: Duration) -> Result<Self, ClientError> {
        let allow = AllowList::chosen(&config.url, unprotected)?;
        let client = ClientConfig { allow, total_timeout: timeout, ..ClientConfig::default() };
        Ok(Self {
            url: format!("{}/chat/completions", config.url.trim_end_matches('/')),
            key: config.key.clone(),
            name: config.name.clone(),
            client: GuardedClient::new(&client)?,
            places: Semaphore::new(AT_ONCE),
        })
    }

    /// What the model says of a bill, as text.
    ///
    /// # Errors
    /// Why it does not help.
    pub(super) async fn ask(&self, document: &Document) -> Result<String, ModelUse> {
        let _place = self.places.try_acquire().map_err(|_| ModelUse::Busy)?;
        let body = Bytes::from(bill_reader::model::request(document, &self.name).to_string());
        let bearer = format!("Bearer {}", self.key.expose());
        let asked = self.client.post(&self.url, &[("authorization", &bearer)], body, ANSWER_MAX).await;
        let answer = asked.map_err(|error| {
            tracing::warn!(%error, "the model of the bills cannot be asked");
            ModelUse::Unavailable
        })?;
        if answer.status != 200 {
            tracing::warn!(status = answer.status, "the model of the bills does not answer");
            return Err(ModelUse::Unavailable);
        }
        let completion = (!answer.truncated).then(|| serde_json::from_slice::<Completion>(&answer.body).ok());
        let first = completion.flatten().and_then(|completion| completion.choices.into_iter().next());
        first.map(|choice| choice.message.content).ok_or_else(|| {
            tracing::warn!("the answer of the model of the bills is none");
            ModelUse::Unusable
        })
    }
}
