//! Test parts: repositories, a scripted model server, a recorded forge.

pub mod context;
pub mod model;
