//! A source file of the checkout: read, edited as a whole, written in one step.

use patchwork_core::failure::Failure;
use patchwork_core::patch::Edit;
use patchwork_core::secret::PLACEHOLDER;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::{self, unified_diff, write_atomic};
use patchwork_repo::text::SourceText;

use super::masked;

/// A file of the checkout as it stands.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// Its text; none when there is no such file yet.
    pub(super) text: Option<SourceText>,
    /// The same with placeholders for its secrets, where it has any.
    masked: Option<SourceText>,
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
                return Ok(Self { path, text: None, masked: None });
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
        Self::of(ctx, path, text)
    }

    /// A file of this text.
    pub(super) fn of(ctx: &Context, path: String, text: SourceText) -> Result<Self, StepError> {
        let masked = masked::shown(ctx, &text).map_err(|error| error.failure(&path))?;
        Ok(Self { path, text: Some(text), masked: masked.map(|(text, _)| text) })
    }

    /// The text as others see it: with placeholders for its secrets, in the same lines. None when there is no such file yet.
    pub(super) fn shown(&self) -> Option<&SourceText> {
        self.masked.as_ref().or(self.text.as_ref())
    }

    /// The text; empty for a file that does not exist yet.
    pub(super) fn text(&self) -> &str {
        self.text.as_ref().map_or("", SourceText::text)
    }

    /// The bytes with edits applied, all or none. Edits are of the text as it is shown: lines that they leave alone keep their
    /// secrets, and no placeholder is ever written.
    pub(super) fn with_edits(&self, edits: &[Edit]) -> Result<Vec<u8>, Failure> {
        let empty;
        let source = match &self.text {
            Some(text) => text,
            None => {
                empty = SourceText::decode(Vec::new()).map_err(|error| error.failure(&self.path))?;
                &empty
            }
        };
        let real;
        let edits = match edits.iter().any(|edit| edit.replacement.contains(PLACEHOLDER)) {
            true => {
                let unmasked = edits.iter().map(|edit| self.unmasked(source, edit));
                real = unmasked.collect::<Result<Vec<_>, _>>()?;
                &real
            }
            false => edits,
        };
        edits::apply(source, edits).map_err(|error| error.failure(&self.path))
    }

    fn unmasked(&self, source: &SourceText, edit: &Edit) -> Result<Edit, Failure> {
        let shown = self.masked.as_ref().unwrap_or(source);
        let lines = |text: &SourceText| match (edit.start_line, edit.end_line) {
            (Some(start), Some(end)) => text.line_range(start as usize, end as usize).to_owned(),
            _ => text.text().to_owned(),
        };
        masked::unmasked(&edit.replacement, &lines(shown), &lines(source))
            .map(|replacement| Edit { replacement, ..edit.clone() })
            .map_err(Failure::failed)
    }

    /// The unified diff from the file as it stands to these bytes of it, both as they are shown.
    pub(super) fn diff_to(&self, ctx: &Context, bytes: &[u8]) -> Result<String, StepError> {
        let new = SourceText::decode(bytes).map_err(|error| error.failure(&self.path))?;
        let new = Self::of(ctx, self.path.clone(), new)?;
        let text = |file: &Self| file.shown().map(|text| text.text().to_owned());
        Ok(unified_diff(&self.path, text(self).as_deref(), text(&new).unwrap_or_default().as_str()))
    }

    /// Puts new bytes in place of the file.
    pub(super) fn write(&self, ctx: &Context, bytes: &[u8]) -> Result<(), StepError> {
        write_atomic(ctx.root()?, &self.path, bytes).map_err(|error| StepError::Failed(error.into()))
    }
}
