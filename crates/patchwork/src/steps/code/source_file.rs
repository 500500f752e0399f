//! A source file of the checkout: read, edited as a whole, written in one step.

use patchwork_core::failure::Failure;
use patchwork_core::patch::Edit;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::{self, unified_diff, write_atomic};
use patchwork_repo::text::SourceText;

/// A file of the checkout as it stands.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// Its text; none when there is no such file yet.
    pub(super) text: Option<SourceText>,
}

/// Files above this are data, not source: 16 MiB.
const MAX_BYTES: u64 = 16 << 20;

impl SourceFile {
    /// Reads a file by a path from outside, which must lead to a place in the checkout.
    pub(super) fn read(ctx: &Context, path: &str) -> Result<Self, StepError> {
        let path = ctx.checkout()?.resolve(path)?;
        let place = ctx.root()?.join(&path);
        let unreadable = |error: std::io::Error| {
            StepError::Failed(Failure::failed(format!("can't read {path}")).cause(error.to_string()))
        };
        match std::fs::metadata(&place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { path, text: None });
            }
            Err(error) => return Err(unreadable(error)),
            Ok(found) if found.len() > MAX_BYTES => {
                return Err(StepError::failed(format!(
                    "{path} has {} MiB: expected a source file of at most {} MiB",
                    found.len() >> 20,
                    MAX_BYTES >> 20
                )));
            }
            Ok(_) => {}
        }
        let bytes = std::fs::read(&place).map_err(unreadable)?;
        let text = SourceText::decode(bytes).map_err(|error| error.failure(&path))?;
        Ok(Self { path, text: Some(text) })
    }

    /// The text; empty for a file that does not exist yet.
    pub(super) fn text(&self) -> &str {
        self.text.as_ref().map_or("", SourceText::text)
    }

    /// The bytes with edits applied, all or none.
    pub(super) fn with_edits(&self, edits: &[Edit]) -> Result<Vec<u8>, Failure> {
        let empty;
        let source = match &self.text {
            Some(text) => text,
            None => {
                empty = SourceText::decode(Vec::new()).map_err(|error| error.failure(&self.path))?;
                &empty
            }
        };
        edits::apply(source, edits).map_err(|error| error.failure(&self.path))
    }

    /// The unified diff from the file as it stands to these bytes of it.
    pub(super) fn diff_to(&self, bytes: &[u8]) -> Result<String, Failure> {
        let new = SourceText::decode(bytes).map_err(|error| error.failure(&self.path))?;
        Ok(unified_diff(&self.path, self.text.as_ref().map(SourceText::text), new.text()))
    }

    /// Puts new bytes in place of the file.
    pub(super) fn write(&self, ctx: &Context, bytes: &[u8]) -> Result<(), StepError> {
        write_atomic(ctx.root()?, &self.path, bytes).map_err(|error| StepError::Failed(error.into()))
    }
}
