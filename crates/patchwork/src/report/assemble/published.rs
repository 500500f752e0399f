//! What a run made: branch, commits, pull request, and where each fix is in them.

use std::path::Path;

use patchwork_core::engine::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Output;
use crate::report::run_report::{Case, Proof, Published, Repository};

/// Steps that say which pull request the run opened, updated or was about.
const STEPS: [&str; 5] = ["PR", "CommitChanges", "CreatePR", "ApplyBundle", "SelectChanges"];

/// What the steps that publish say; of several the last.
pub(super) fn of(outputs: &[Output]) -> Published {
    let mut published = Published::default();
    for Output { uses, value } in outputs {
        if !STEPS.contains(&uses.as_str()) {
            continue;
        }
        let text = |field: &str| value[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(commits) = value["commits"].as_array().filter(|commits| !commits.is_empty()) {
            published.commits = commits.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            published.branch = text("target_branch");
        }
        published.pull_request = text("pr_url").filter(|url| is_page(url)).or(published.pull_request);
    }
    published
}

/// Whether an address is that of a page, with nothing in it that is not for others.
fn is_page(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty()
            && !host.contains('@')
            && !url.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// The repository, as the pull request tells it.
pub(super) fn repository(folder: &Path, published: &Published) -> Repository {
    let page = published.pull_request.as_deref().and_then(|url| {
        let ends = ["/-/merge_requests/", "/pull/", "/pullrequest/"];
        ends.iter().find_map(|end| url.split_once(end)).map(|(page, _)| page)
    });
    let name = page.and_then(|page| {
        let (_, rest) = page.split_once("://")?;
        rest.split_once('/').map(|(_, path)| path.to_owned())
    });
    let folder = || folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Repository { name: name.unwrap_or_else(folder), url: page.map(str::to_owned) }
}

/// Says of each fix whether and where it was committed. There is one commit for each file, in the order in which the fixes
/// were given.
pub(super) fn mark(cases: &mut [Case], outputs: &[Output], published: &Published) {
    if published.commits.is_empty() {
        return;
    }
    let accepted =
        outputs.iter().rev().find(|output| ["VerifyPatch", "ProveFixes"].contains(&output.uses.as_str()));
    let mut files: Vec<&str> = Vec::new();
    for fix in accepted.and_then(|output| output.value["accepted"].as_array()).into_iter().flatten() {
        if let Some(path) = fix["path"].as_str().filter(|path| fix["diff"] != "" && !files.contains(path)) {
            files.push(path);
        }
    }
    for case in cases {
        let Case { path, line, fix: Some(Proof { committed, commit, link, .. }), .. } = case else {
            continue;
        };
        *committed = true;
        let place =
            files.iter().position(|file| file == path).filter(|_| files.len() == published.commits.len());
        *commit = place.and_then(|place| published.commits.get(place)).cloned();
        *link = published.pull_request.as_deref().map(|page| link_of(page, path, *line));
    }
}

/// The place of a line of the base in a pull request; the pull request itself on a forge whose addresses are not known.
fn link_of(page: &str, path: &str, line: u32) -> String {
    if page.contains("/pull/") {
        format!("{page}/files#diff-{}L{line}", hex(&Sha256::digest(path)))
    } else {
        page.to_owned()
    }
}
