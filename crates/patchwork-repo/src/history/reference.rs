//! Names of commits that come from outside: forges, options, text.

/// More than any name that git can store.
const LONGEST: usize = 1024;

/// Whether text is the whole id of an object.
pub(super) fn is_whole_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether text is the full name of a reference (`refs/heads/main`), by the rules of `git check-ref-format`. No pattern is.
pub(super) fn is_reference(text: &str) -> bool {
    let part_is_right = |part: &str| {
        !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.') && !part.ends_with(".lock")
    };
    text.len() <= LONGEST
        && text.starts_with("refs/")
        && text.split('/').count() > 2
        && text.split('/').all(part_is_right)
        && !text.contains("..")
        && !text.contains("@{")
        && !text
            .chars()
            .any(|c| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\'))
}

/// Whether text may name one commit. Ranges, searches in messages and names of files are none.
pub(super) fn is_revision(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && !text.starts_with(['-', '^'])
        && !text.contains("..")
        && !text.contains("{/")
        && !text.chars().any(|c| c.is_control() || matches!(c, ':' | '?' | '*' | '[' | '\\'))
}

/// Whether an expression counts from what is checked out.
pub(super) fn begins_at_head(revision: &str) -> bool {
    let name = revision.split(['~', '^', '@']).next().unwrap_or_default();
    name.is_empty() || name == "HEAD"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_git_would_take_for_more() {
        for right in ["refs/heads/main", "refs/pull/7/head", "refs/merge-requests/7/head", "refs/heads/ä/b@c"]
        {
            assert!(is_reference(right), "{right}");
        }
        for wrong in [
            "main",
            "refs/heads",
            "refs/heads/",
            "refs/heads/*",
            "refs/heads/a b",
            "refs/heads/a:refs/heads/b",
            "refs//x",
            "refs/heads/a..b",
            "refs/heads/a.lock",
            "refs/heads/.a",
            "refs/heads/a@{1}",
            "refs/heads/a\nb",
            "+refs/heads/a",
            "^refs/heads/a",
            "refs/heads/a\u{7f}",
        ] {
            assert!(!is_reference(wrong), "{wrong}");
        }
        for right in
            ["main", "HEAD~2", "v1.0^", "@{upstream}", "origin/main", "refs/heads/x", "abc1234", "a-b"]
        {
            assert!(is_revision(right), "{right}");
        }
        for wrong in [
            "",
            "-x",
            "--all",
            "a..b",
            "a...b",
            "^a",
            ":/fix",
            "HEAD:file",
            "HEAD^{/fix}",
            "a\0b",
            "a\nb",
            "..",
            "*",
        ] {
            assert!(!is_revision(wrong), "{wrong}");
        }
        assert!(["HEAD", "HEAD~1", "@", "@{1}", "HEAD^"].iter().all(|name| begins_at_head(name)));
        assert!(["HEADS", "main", "origin/HEAD"].iter().all(|name| !begins_at_head(name)));
    }
}
