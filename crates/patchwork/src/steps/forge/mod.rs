//! Steps that read from forges and write to them.

pub mod access;
pub mod apply_bundle;
pub mod create_check;
pub mod create_issue;
pub mod create_issue_comment;
pub mod create_pr_comment;
pub mod create_pr_review;
pub(crate) mod diffs;
pub mod read_issues;
pub mod read_pr_comments;
pub mod read_pr_diffs;
pub mod read_prs;
pub mod text;
pub mod upload_sarif;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(read_pr_diffs::ReadPRDiffs),
        erase(read_prs::ReadPRs),
        erase(read_pr_comments::ReadPRComments),
        erase(read_issues::ReadIssues),
        erase(create_pr_comment::CreatePRComment),
        erase(create_pr_review::CreatePRReview),
        erase(create_check::CreateCheck),
        erase(create_issue::CreateIssue),
        erase(create_issue_comment::CreateIssueComment),
        erase(upload_sarif::UploadSarif),
        erase(apply_bundle::ApplyBundle),
    ]
}

/// A key that stands for some texts.
pub(crate) fn key_of(texts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.len().to_le_bytes());
        hasher.update(text);
    }
    patchwork_core::engine::hex(&hasher.finalize()).chars().take(16).collect()
}
