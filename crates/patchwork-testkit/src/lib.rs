//! Test parts: repositories, a scripted model server, a recorded forge, what benches share.

pub mod bench;
pub mod context;
pub mod described;
pub mod forge;
pub mod git_http;
pub mod llama;
pub mod model;
pub mod otlp;
pub mod repo;
pub mod sandbox;
