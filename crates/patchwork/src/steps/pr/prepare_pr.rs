//! `PreparePR`: writes the body of a pull request.

use std::fmt::Write;

use async_trait::async_trait;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::{Change, by_file, findings};
use super::options::given;
use super::untrusted::markdown::{block, code, html, line};
use crate::report::markdown::{MAX_REMARK, evidence_line, finding_line, tries_line};
use crate::steps::code::verify_patch::Remark;

const MAX_TITLE: usize = 200;
const MAX_SUMMARY: usize = 4_000;

/// Writes the body of a pull request.
pub struct PreparePR;

/// Writes the body of a pull request in Markdown: a header, and a section for each file with its changes, the findings they
/// mend, their risk and their evidence.
///
/// A last section says what remains, and why. What models and scanners said is shown as text: HTML, links, images, mentions and references to issues have no effect.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreparePRInput {
    /// The changes.
    pub modified_code_files: Vec<Change>,
    /// How the body is laid out.
    #[serde(flatten)]
    pub body: BodyOptions,
}

/// How the body of a pull request is laid out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct BodyOptions {
    /// The first paragraph, in Markdown; says how many findings are fixed when absent.
    #[serde(default)]
    pub pr_header: Option<String>,
    /// The address of the issue that the changes are for; the header links to it.
    #[serde(default)]
    pub issue_url: Option<String>,
    /// Characters of the body at most; 60000 when absent. Files that don't fit are left out and counted.
    #[serde(default = "sixty_thousand")]
    pub pr_body_limit: usize,
    /// What was not fixed, and why.
    #[serde(default)]
    pub remaining: Vec<Remark>,
    /// What a model found to have no fix, and why.
    #[serde(default)]
    pub no_fix: Vec<Remark>,
}

impl Default for BodyOptions {
    fn default() -> Self {
        Self {
            pr_header: None,
            issue_url: None,
            pr_body_limit: sixty_thousand(),
            remaining: Vec::new(),
            no_fix: Vec::new(),
        }
    }
}

/// The body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreparePROutput {
    /// The body, in Markdown; empty when there are no changes.
    pub pr_body: String,
}

#[async_trait]
impl Step for PreparePR {
    type Input = PreparePRInput;
    type Output = PreparePROutput;

    const ID: &'static str = "PreparePR";
    const EFFECTS: Effects = Effects::NONE;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let pr_body = write_body(&input.modified_code_files, &input.body)?;
        if pr_body.is_empty() {
            ctx.skip("no file was changed: there is nothing to describe");
        }
        Ok(PreparePROutput { pr_body })
    }
}

/// The body; empty when there are no changes.
pub(super) fn write_body(changes: &[Change], options: &BodyOptions) -> Result<String, StepError> {
    let files = by_file(changes);
    if files.is_empty() {
        return Ok(String::new());
    }
    let limit = options.pr_body_limit;
    let mut body = header(options, findings(&files))?;
    if chars(&body) + chars(&left_out(files.len())) > limit {
        return Err(StepError::input(
            "pr_body_limit",
            format!("{limit} characters are too few for the header of the pull request alone"),
        ));
    }
    // What was fixed goes first, but what remains has its part of the room.
    let left = remaining(options, (limit - chars(&body) - chars(&left_out(files.len()))) / 4);
    let limit = limit - chars(&left);
    let mut used = chars(&body);
    let mut missing = 0;
    for (at, (path, changes)) in files.iter().enumerate() {
        // The line that counts what is left out must always fit, unless this is the last file and nothing is missing.
        let reserve = if at + 1 == files.len() && missing == 0 { 0 } else { chars(&left_out(files.len())) };
        match section(path, changes, limit.saturating_sub(used + reserve)) {
            Some(text) => {
                used += chars(&text);
                body.push_str(&text);
            }
            None => missing += 1,
        }
    }
    if missing > 0 {
        body.push_str(&left_out(missing));
    }
    body.push_str(&left);
    Ok(body)
}

/// What remains, with the blank line before it, in `room` characters; empty when nothing does, or there is no room at all.
fn remaining(options: &BodyOptions, room: usize) -> String {
    let all: Vec<String> = options
        .remaining
        .iter()
        .map(|remark| remark_line(remark, "not fixed"))
        .chain(options.no_fix.iter().map(|remark| remark_line(remark, "no fix")))
        .collect();
    let mut out = "\n\n#### What remains\n".to_owned();
    let more = |count: usize| format!("\n- … and {count} more");
    let (mut used, mut shown) = (chars(&out), 0);
    for (at, line) in all.iter().enumerate() {
        let reserve = if at + 1 == all.len() { 0 } else { chars(&more(all.len())) };
        if used + chars(line) + reserve > room {
            break;
        }
        used += chars(line);
        out.push_str(line);
        shown += 1;
    }
    if shown == 0 {
        return String::new();
    }
    if shown < all.len() {
        out.push_str(&more(all.len() - shown));
    }
    out
}

fn remark_line(remark: &Remark, what: &str) -> String {
    let rules: Vec<String> = remark.rules.iter().map(|rule| code(rule)).collect();
    let reason = line(&remark.reason, MAX_REMARK);
    let reason = if reason.is_empty() { what.to_owned() } else { format!("{what}, {reason}") };
    format!(
        "\n- {} {} ({}): {reason}",
        code(&format!("{}:{}", remark.path, remark.line)),
        rules.join(", "),
        remark.severity
    )
}

fn header(options: &BodyOptions, count: usize) -> Result<String, StepError> {
    if let Some(header) = given(options.pr_header.as_deref()) {
        return Ok(header);
    }
    let Some(issue) = given(options.issue_url.as_deref()) else {
        let plural = if count == 1 { "" } else { "s" };
        return Ok(format!("This pull request from patchwork fixes {count} finding{plural}."));
    };
    let is_address = issue.starts_with("https://") || issue.starts_with("http://");
    if !is_address || issue.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[]`".contains(c)) {
        return Err(StepError::input(
            "issue_url",
            "expected the address of an issue: https://github.com/OWNER/NAME/issues/1",
        ));
    }
    Ok(format!("This pull request from patchwork resolves {issue}."))
}

fn left_out(files: usize) -> String {
    let (noun, verb) = if files == 1 { ("file", "is") } else { ("files", "are") };
    format!(
        "\n\n{files} more {noun} {verb} left out here: the body would be too long. The commits hold them all."
    )
}

/// The section of a file, with the blank line before it, in `room` characters; none when not even one change fits.
fn section(path: &str, changes: &[&Change], room: usize) -> Option<String> {
    let items: Vec<String> = changes.iter().map(|change| item(change)).collect();
    if items.iter().all(String::is_empty) {
        let text = format!("\n\n- {}", code(path));
        return (chars(&text) <= room).then_some(text);
    }
    let count = if changes.len() == 1 { String::new() } else { format!(" · {} changes", changes.len()) };
    let mut text = format!("\n\n<details>\n<summary><code>{}</code>{count}</summary>", html(path));
    let end = "\n\n</details>";
    let rest = |n: usize| format!("\n\n{n} more changes of this file are left out here.");
    let (mut used, mut kept) = (chars(&text) + chars(end), 0);
    for (at, item) in items.iter().enumerate() {
        let reserve = if at + 1 == items.len() { 0 } else { chars(&rest(items.len())) };
        let size = chars(item);
        if used + size + reserve > room {
            break;
        }
        text.push_str(item);
        used += size;
        kept += 1;
    }
    if kept == 0 {
        return None;
    }
    if kept < items.len() {
        text.push_str(&rest(items.len() - kept));
    }
    text.push_str(end);
    Some(text)
}

/// What there is to say about one change, with the blank line before each part; empty when there is nothing.
fn item(change: &Change) -> String {
    let mut out = String::new();
    if let Some(title) = given(change.commit_message.as_deref()) {
        // Only the first line of a message is a title; the others follow as text.
        let (title, more) = title.split_once('\n').unwrap_or((&title, ""));
        let _ = write!(out, "\n\n#### {}", line(title, MAX_TITLE));
        paragraph(&mut out, more);
    }
    paragraph(&mut out, change.patch_message.as_deref().unwrap_or_default());
    let mut remarks = String::new();
    for finding in &change.findings {
        let _ = write!(remarks, "\n- **Finding:** {}", finding_line(finding));
    }
    if let Some(risk) = given(change.compatibility.as_deref()) {
        let _ = write!(remarks, "\n- **Compatibility risk:** {}", line(&risk, MAX_REMARK));
    }
    if let Some(evidence) = &change.evidence {
        let _ = write!(remarks, "\n- **Evidence:** {}", evidence_line(evidence));
    }
    if let Some(tried) = tries_line(&change.tries) {
        let _ = write!(remarks, "\n- **Tried:** {tried}");
    }
    if let Some(test) = &change.test {
        let _ = write!(remarks, "\n- **Regression test:** {}, new in this pull request", code(&test.path));
    }
    if !remarks.is_empty() {
        out.push('\n');
        out.push_str(&remarks);
    }
    out
}

fn paragraph(out: &mut String, text: &str) {
    let text = block(text, MAX_SUMMARY);
    if !text.is_empty() {
        out.extend(["\n\n", &text]);
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn sixty_thousand() -> usize {
    60_000
}

#[cfg(test)]
mod tests;
