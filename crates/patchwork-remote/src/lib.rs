//! The HTTP door, model providers and forges of Patchwork.

pub mod forge;
pub mod http;
pub mod llm;
pub mod otlp;
mod tls;

pub use tls::install_tls;
