//! `ModifyCode`: writes what models proposed into files.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::patch::Edit;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::source_file::SourceFile;

/// Writes what models proposed into files.
pub struct ModifyCode;

/// Writes what models proposed into files: each response's `patch` replaces the lines of the piece at the same position.
///
/// Line numbers are those of the files before the step, so that several patches of one file land right. A file gets all
/// its patches or, when two overlap or one does not fit, none: `failed` says why, the other files are changed all the
/// same. The step fails when no file could be changed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyCodeInput {
    /// The pieces.
    pub files_to_patch: Vec<PieceToPatch>,
    /// The responses, one for each piece, in the same order. One without `patch` changes nothing.
    pub extracted_responses: Vec<Map<String, Value>>,
}

/// Lines of a file. Keys other than these are ignored.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PieceToPatch {
    /// The file, relative to the root of the repository.
    pub uri: String,
    /// First line, 0-based; absent together with `endLine` for the whole file.
    #[serde(default, rename = "startLine")]
    pub start_line: Option<u32>,
    /// Line after the last, 0-based.
    #[serde(default, rename = "endLine")]
    pub end_line: Option<u32>,
}

/// What was changed.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ModifyCodeOutput {
    /// The patches that were written, in the order of the pieces.
    pub modified_code_files: Vec<ModifiedPiece>,
    /// The files that could not be changed.
    pub failed: Vec<FailedFile>,
}

/// One patch that was written, with the other keys of its response.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ModifiedPiece {
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line that was replaced, 0-based; null for the whole file.
    pub start_line: Option<u32>,
    /// Line after the last that was replaced, 0-based; null for the whole file.
    pub end_line: Option<u32>,
    /// The unified diff of this patch alone.
    pub diff: String,
    /// The other keys of the response (`commit_message`).
    #[serde(flatten)]
    pub sections: Map<String, Value>,
}

/// A file that could not be changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FailedFile {
    /// The file, as it was named.
    pub path: String,
    /// Why.
    pub reason: String,
}

#[async_trait]
impl Step for ModifyCode {
    type Input = ModifyCodeInput;
    type Output = ModifyCodeOutput;

    const ID: &'static str = "ModifyCode";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (pieces, responses) = (input.files_to_patch.len(), input.extracted_responses.len());
        if pieces != responses {
            return Err(StepError::input(
                "extracted_responses",
                format!("{responses} responses for {pieces} items of files_to_patch: expected one for each"),
            ));
        }
        let mut files: BTreeMap<String, Vec<Proposal>> = BTreeMap::new();
        let mut refused: Vec<(String, Failure)> = Vec::new();
        let pairs = input.files_to_patch.into_iter().zip(input.extracted_responses);
        for (index, (piece, sections)) in pairs.enumerate() {
            if let Some(proposal) = Proposal::of(index, &piece, sections)? {
                // By its resolved path: `a.py` and `./a.py` are one file, and its patches belong together.
                match ctx.checkout()?.resolve(&piece.uri) {
                    Ok(path) => files.entry(path).or_default().push(proposal),
                    Err(failure) => refused.push((piece.uri, failure)),
                }
            }
        }
        if files.is_empty() && refused.is_empty() {
            ctx.skip("no response holds a patch");
            return Ok(ModifyCodeOutput::default());
        }

        let (mut modified, mut failed, mut last) = (Vec::new(), Vec::new(), None);
        for (path, proposals) in files {
            match modify(ctx, &path, proposals) {
                Ok(pieces) => modified.extend(pieces),
                Err(error) => refused.push((path, error.into_failure())),
            }
        }
        for (path, failure) in refused {
            let reason = ctx.redact(&failure.to_string());
            ctx.warn(format!("{path} is not changed: {reason}"));
            failed.push(FailedFile { path, reason });
            last = Some(failure);
        }
        if let Some(failure) = last.filter(|_| modified.is_empty()) {
            return Err(StepError::Failed(match failed.len() {
                1 => failure,
                many => Failure::new(failure.kind, format!("none of {many} files could be changed"))
                    .cause(failure.to_string()),
            }));
        }
        modified.sort_by_key(|(index, _)| *index);
        let modified_code_files: Vec<_> = modified.into_iter().map(|(_, piece)| piece).collect();
        if modified_code_files.iter().all(|piece| piece.diff.is_empty()) {
            ctx.skip("the files are so already");
        }
        Ok(ModifyCodeOutput { modified_code_files, failed })
    }
}

/// A patch on its way into a file.
struct Proposal {
    index: usize,
    start_line: Option<u32>,
    end_line: Option<u32>,
    patch: String,
    sections: Map<String, Value>,
}

impl Proposal {
    fn of(
        index: usize,
        piece: &PieceToPatch,
        mut sections: Map<String, Value>,
    ) -> Result<Option<Self>, StepError> {
        let patch = match sections.remove("patch") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(patch)) => patch,
            Some(other) => {
                return Err(StepError::input(
                    format!("extracted_responses[{index}].patch"),
                    format!("{other} is no text"),
                ));
            }
        };
        // These say where the patch is; a response has no word in it.
        for key in ["path", "start_line", "end_line", "diff"] {
            sections.remove(key);
        }
        let (start_line, end_line) = (piece.start_line, piece.end_line);
        Ok(Some(Self { index, start_line, end_line, patch, sections }))
    }

    fn edit(&self, path: &str) -> Edit {
        Edit {
            path: path.to_owned(),
            start_line: self.start_line,
            end_line: self.end_line,
            replacement: self.patch.clone(),
        }
    }
}

/// Writes all patches of one file.
fn modify(
    ctx: &Context,
    path: &str,
    proposals: Vec<Proposal>,
) -> Result<Vec<(usize, ModifiedPiece)>, StepError> {
    let file = SourceFile::read(ctx, path)?;
    let edits: Vec<Edit> = proposals.iter().map(|proposal| proposal.edit(&file.path)).collect();
    let bytes = file.with_edits(&edits)?;
    let mut pieces = Vec::with_capacity(proposals.len());
    for (proposal, edit) in proposals.into_iter().zip(edits) {
        let diff = file.diff_to(ctx, &file.with_edits(&[edit])?)?;
        let Proposal { index, start_line, end_line, sections, .. } = proposal;
        pieces.push((index, ModifiedPiece { path: file.path.clone(), start_line, end_line, diff, sections }));
    }
    if file.text.as_ref().is_none_or(|text| text.bytes() != bytes) {
        file.write(ctx, &bytes)?;
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests;
