//! Engines carry out a machine's commands and journal the outcomes. The embedded one runs in this process; around every
//! step body stands the guard, because a result is journaled once but an effect happens at least once.

mod checkout_state;
mod embedded;
mod guard;
mod replay;
mod session;
mod spending;
#[cfg(test)]
mod tests;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use embedded::{Embedded, RunEnd};
pub use replay::{ReplayedModels, difference};
pub use session::Totals;

use crate::step::StepError;

/// The SHA-256 of a value's JSON, in hex: what stands for an input in journal keys.
pub fn digest(value: &impl Serialize) -> Result<String, StepError> {
    let bytes =
        serde_json::to_vec(value).map_err(|e| StepError::internal(format!("an input is not JSON: {e}")))?;
    Ok(hex(&Sha256::digest(&bytes)))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
