//! OpenAI's responses: newer than chat completions, and the only way to some models.

mod reader;
mod request;
#[cfg(test)]
mod tests;

use patchwork_core::port::provider::ChatRequest;

use self::reader::ResponseReader;
use super::{Reader, Trouble, Wire, WireRequest};
use crate::llm::destination::{Destination, join};

/// The mark of what is carried back; see [`carry`](super::carry).
const NAME: &str = "openai_responses";

/// `POST /responses`.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct OpenAiResponses;

impl Wire for OpenAiResponses {
    fn request(&self, destination: &Destination, request: &ChatRequest) -> Result<WireRequest, Trouble> {
        Ok(WireRequest {
            url: join(&destination.base, "responses"),
            headers: destination.authorization().into_iter().collect(),
            body: request::body(&destination.route.model, &destination.profile, request)?,
        })
    }

    fn reader(&self, request: &ChatRequest) -> Box<dyn Reader> {
        Box::new(ResponseReader::new(request.parameters.max_tokens))
    }
}
