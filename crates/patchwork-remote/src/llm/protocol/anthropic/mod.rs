//! Messages, the protocol of Anthropic; on Vertex AI too.

mod abilities;
mod reader;
mod request;
#[cfg(test)]
mod tests;

use patchwork_core::port::provider::ChatRequest;
use reqwest::header::{HeaderMap, HeaderValue};

use self::reader::MessageReader;
use super::{Reader, Trouble, Wire, WireRequest};
use crate::llm::destination::{Destination, VERTEX, join};

/// The mark of what is carried back; see [`carry`](super::carry).
const NAME: &str = "anthropic";

/// `POST /messages`.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct Anthropic;

impl Wire for Anthropic {
    fn request(&self, destination: &Destination, request: &ChatRequest) -> Result<WireRequest, Trouble> {
        let mut headers = HeaderMap::new();
        headers.extend(destination.authorization());
        let vertex = destination.route.vendor == VERTEX;
        let mut body = request::body(destination, request)?;
        let url = if vertex {
            // There the model is in the path and the version in the body.
            body.remove("model");
            body.insert("anthropic_version".to_owned(), "vertex-2023-10-16".into());
            join(&destination.base, &format!("models/{}:streamRawPredict", destination.route.model))
        } else {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
            join(&destination.base, "messages")
        };
        Ok(WireRequest { url, headers, body: body.into() })
    }

    fn reader(&self, _request: &ChatRequest) -> Box<dyn Reader> {
        Box::<MessageReader>::default()
    }
}
