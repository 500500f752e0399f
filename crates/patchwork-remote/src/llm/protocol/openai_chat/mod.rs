//! OpenAI's chat completions, which most servers speak, each with its own accent.

mod answer;
mod request;
#[cfg(test)]
mod tests;

use patchwork_core::port::provider::ChatRequest;

use super::{Reader, Trouble, Wire, WireRequest};
use crate::llm::destination::{Destination, join};

/// The mark of what is carried back; see [`carry`](super::carry).
const NAME: &str = "openai_chat";

/// Chat completions.
#[derive(Debug)]
pub(in crate::llm) struct OpenAiChat;

impl Wire for OpenAiChat {
    fn request(&self, destination: &Destination, request: &ChatRequest) -> Result<WireRequest, Trouble> {
        Ok(WireRequest {
            url: join(&destination.base, "chat/completions"),
            headers: destination.authorization().into_iter().collect(),
            body: request::body(&destination.route.model, &destination.profile, request)?,
        })
    }

    fn reader(&self, _request: &ChatRequest) -> Box<dyn Reader> {
        Box::<answer::ChatReader>::default()
    }
}
