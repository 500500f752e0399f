//! `generateContent`, the protocol of Google's models; on Vertex AI too.

mod reader;
mod request;
#[cfg(test)]
mod tests;

use patchwork_core::port::provider::ChatRequest;

use self::reader::ContentReader;
use super::{Reader, Trouble, Wire, WireRequest};
use crate::llm::destination::{Destination, join};

/// The mark of what is carried back; see [`carry`](super::carry).
const NAME: &str = "gemini";

/// `POST /models/MODEL:streamGenerateContent`.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct Gemini;

impl Wire for Gemini {
    fn request(&self, destination: &Destination, request: &ChatRequest) -> Result<WireRequest, Trouble> {
        let model = &destination.route.model;
        let model = model.strip_prefix("models/").unwrap_or(model);
        // It becomes a part of the path.
        if model.is_empty() || !model.chars().all(|c| c.is_ascii_alphanumeric() || "-._:@".contains(c)) {
            return Err(Trouble::invalid(
                "the name of the model has characters that no model of Google's has",
            ));
        }
        let mut url = join(&destination.base, &format!("models/{model}:streamGenerateContent"));
        url.query_pairs_mut().append_pair("alt", "sse");
        Ok(WireRequest {
            url,
            headers: destination.authorization().into_iter().collect(),
            body: request::body(destination, request)?,
        })
    }

    fn reader(&self, _request: &ChatRequest) -> Box<dyn Reader> {
        Box::<ContentReader>::default()
    }
}
