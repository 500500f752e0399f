//! What a model is asked for a regression test: the finding, the old code and a test to go by, and nothing of the fix.

use patchwork_core::step::{Context, StepError};
use patchwork_repo::language::Language;
use patchwork_repo::text::SourceText;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::style::{self, TestFiles};
use crate::steps::code::verify_patch::Fix;

/// Characters of old code that are shown whole.
const MAX_CODE: usize = 16_000;

/// Lines of a longer file: its beginning, and around the finding on each side.
const HEAD: usize = 60;
const AROUND: usize = 100;

/// Characters of the test that is shown as an example.
const MAX_EXAMPLE: usize = 8_000;

/// Test files that are read to find the nearest, and bytes of each.
const MAX_READ: usize = 200;
const MAX_READ_BYTES: u64 = 256 << 10;

/// A regression test to be asked for. Its fields are the variables of the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestQuestion {
    /// The position of the fix in the list of fixes.
    pub fix: usize,
    /// The file with the weakness.
    pub uri: String,
    /// What is wrong with it, in words.
    pub message_text: String,
    /// The code before the fix.
    pub affected_code: String,
    /// The language's name.
    pub language: String,
    /// The command that runs the tests.
    pub test_command: String,
    /// Where a new test goes, and what it is called.
    pub wanted: String,
    /// A file of tests to go by.
    pub example_path: String,
    /// Its text, or the beginning of it.
    pub example: String,
    /// What was wrong with earlier answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<String>,
}

impl TestQuestion {
    /// The question about a fix; else why no test can be asked for. `base` is its file before it was fixed.
    pub(super) fn about(
        ctx: &Context,
        at: usize,
        fix: &Fix,
        base: &[u8],
        test_command: &str,
    ) -> Result<Result<Self, String>, StepError> {
        let Some(language) = Language::of_path(&fix.path) else {
            return Ok(Err(format!("{} is of no language whose tests are known", fix.path)));
        };
        let files = TestFiles::find(ctx.root()?, language, &fix.path);
        let Some(example_path) = nearest(ctx, &files, &fix.path)? else {
            return Ok(Err(format!("there is no test of {} to go by", language.name())));
        };
        let example = read(ctx, &example_path)?.unwrap_or_default();
        let text = SourceText::decode(base).map_err(|error| StepError::Failed(error.failure(&fix.path)))?;
        Ok(Ok(Self {
            fix: at,
            uri: fix.path.clone(),
            message_text: message(fix),
            affected_code: shown(&text, fix),
            language: language.name().to_owned(),
            test_command: test_command.to_owned(),
            wanted: files.wanted(&example_path),
            example: beginning(&example, MAX_EXAMPLE).to_owned(),
            example_path,
            feedback: Vec::new(),
        }))
    }
}

/// What is wrong, without the scanner's word on how to mend it.
fn message(fix: &Fix) -> String {
    let mut lines: Vec<String> = Vec::new();
    for finding in &fix.findings {
        let place = if finding.start_line == finding.end_line {
            format!("line {}", finding.start_line)
        } else {
            format!("lines {} to {}", finding.start_line, finding.end_line)
        };
        lines.push(format!("{place}, rule {}: {}", finding.rule, finding.message.trim()));
    }
    lines.dedup();
    lines.join("\n")
}

/// The old file, or of a long one its beginning and what is around the fix.
fn shown(text: &SourceText, fix: &Fix) -> String {
    let all = text.text();
    if all.len() <= MAX_CODE {
        return all.to_owned();
    }
    let starts = fix.patch.edits.iter().filter_map(|edit| edit.start_line);
    let ends = fix.patch.edits.iter().filter_map(|edit| edit.end_line);
    let start = (starts.min().unwrap_or(0) as usize).saturating_sub(AROUND);
    let end = (ends.max().unwrap_or(0) as usize).saturating_add(AROUND).min(text.line_count());
    if start <= HEAD {
        return beginning(text.line_range(0, end), MAX_CODE).to_owned();
    }
    format!("{}…\n{}", text.line_range(0, HEAD), beginning(text.line_range(start, end), MAX_CODE))
}

/// The first lines of a text that have so many bytes together.
fn beginning(text: &str, room: usize) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at + line.len() > room {
            break;
        }
        at += line.len();
    }
    text.get(..at).unwrap_or(text)
}

/// The test file that is nearest to a file: called after it, else one that names it, else the one that is nearest by folder.
fn nearest(ctx: &Context, files: &TestFiles, path: &str) -> Result<Option<String>, StepError> {
    let stem = style::name(path).split('.').next().unwrap_or_default().to_lowercase();
    let shared = |test: &str| test.split('/').zip(path.split('/')).take_while(|(a, b)| a == b).count();
    let mut ranked: Vec<(bool, usize, &String)> = files
        .paths
        .iter()
        .map(|test| (!style::name(test).to_lowercase().contains(&stem), usize::MAX - shared(test), test))
        .collect();
    ranked.sort();
    if let Some((false, _, test)) = ranked.first() {
        return Ok(Some((*test).clone()));
    }
    for (_, _, test) in ranked.iter().take(MAX_READ) {
        let names_it = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word.eq_ignore_ascii_case(&stem))
        };
        if read(ctx, test)?.is_some_and(|text| names_it(&text)) {
            return Ok(Some((*test).clone()));
        }
    }
    Ok(ranked.first().map(|(_, _, test)| (*test).clone()))
}

/// A file of the checkout; none when it is large or not text.
fn read(ctx: &Context, path: &str) -> Result<Option<String>, StepError> {
    let place = ctx.root()?.join(path);
    let fits =
        std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_file() && found.len() <= MAX_READ_BYTES);
    Ok(std::fs::read(place).ok().filter(|_| fits).and_then(|bytes| String::from_utf8(bytes).ok()))
}
