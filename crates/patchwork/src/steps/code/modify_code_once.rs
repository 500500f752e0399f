//! `ModifyCodeOnce`: replaces lines of one file.

use async_trait::async_trait;
use patchwork_core::patch::Edit;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source_file::SourceFile;

/// Replaces lines of one file.
pub struct ModifyCodeOnce;

/// Replaces lines of one file, or all of it.
///
/// Line ends, encoding, byte order mark, final newline and indentation stay those of the file; the lines that are not
/// replaced keep every byte. A file that does not exist is made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyCodeOnceInput {
    /// The file, relative to the root of the repository.
    pub file_path: String,
    /// The new text. The step does nothing when it is absent.
    #[serde(default)]
    pub new_code: Option<String>,
    /// First line that is replaced, 0-based; absent together with `end_line` for the whole file.
    #[serde(default)]
    pub start_line: Option<u32>,
    /// Line after the last that is replaced, 0-based; equal to `start_line` for an insertion.
    #[serde(default)]
    pub end_line: Option<u32>,
}

/// What was changed; empty when the step did nothing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ModifyCodeOnceOutput {
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line that was replaced, 0-based; null for the whole file.
    pub start_line: Option<u32>,
    /// Line after the last that was replaced, 0-based; null for the whole file.
    pub end_line: Option<u32>,
    /// The unified diff of the file; empty when nothing differs.
    pub diff: String,
}

#[async_trait]
impl Step for ModifyCodeOnce {
    type Input = ModifyCodeOnceInput;
    type Output = ModifyCodeOnceOutput;

    const ID: &'static str = "ModifyCodeOnce";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let Some(replacement) = input.new_code else {
            ctx.skip("there is no new code");
            return Ok(ModifyCodeOnceOutput::default());
        };
        let file = SourceFile::read(ctx, &input.file_path)?;
        let (start_line, end_line) = (input.start_line, input.end_line);
        let edit = Edit { path: file.path.clone(), start_line, end_line, replacement };
        let bytes = file.with_edits(&[edit])?;
        let diff = file.diff_to(ctx, &bytes)?;
        if diff.is_empty() {
            ctx.skip(format!("{} is so already", file.path));
        } else {
            file.write(ctx, &bytes)?;
        }
        Ok(ModifyCodeOnceOutput { path: file.path, start_line, end_line, diff })
    }
}
