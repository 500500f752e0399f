//! Words of strangers in a commit message: they sign nothing, close nothing, call nobody and stop no pipeline.

use super::{shortened, visible};

/// Columns of a line.
const WIDTH: usize = 72;

/// Trailers that a forge or a tool acts on, besides all that end in `-by`.
const TRAILERS: [&str; 4] = ["change-id", "skip-checks", "cherry-picked-from", "merge-request"];

/// Parts of the address of an issue or a pull request.
const TICKETS: [&str; 8] = [
    "/issues/",
    "/pull/",
    "/pulls/",
    "/pull-requests/",
    "/pullrequest/",
    "/merge_requests/",
    "/work_items/",
    "/_workitems/",
];

/// A path on the subject line, as it is but for what no path of good will has.
pub(in super::super) fn path(text: &str) -> String {
    without_pipeline_orders(&visible(text).replace('\n', " "))
}

/// A body of wrapped lines, of at most `limit` characters before they are wrapped.
pub(in super::super) fn body(text: &str, limit: usize) -> String {
    let text = shortened(visible(text).trim(), limit);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        wrap(line.trim_end(), &mut out);
    }
    let mut tidy = without_pipeline_orders(&out);
    tidy.truncate(tidy.trim_end().len());
    tidy
}

fn wrap(line: &str, out: &mut String) {
    let text = line.trim_start();
    let indent = (line.len() - text.len()).min(8);
    let is_item = text.starts_with("- ") || text.starts_with("* ");
    let hanging = indent + if is_item { 2 } else { 0 };
    let mut column = indent;
    out.extend(std::iter::repeat_n(' ', indent));
    let mut first = true;
    // Defused before it is wrapped, word by word: a wrapped line may begin with what was in the middle of one.
    let words = text.split_whitespace().map(defused).collect::<Vec<_>>().join(" ");
    for word in words.split(' ') {
        let width = word.chars().count();
        if !first && column + 1 + width > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hanging));
            column = hanging;
        } else if !first {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
        first = false;
    }
    out.push('\n');
}

fn defused(word: &str) -> String {
    let head = word.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if head.ends_with("-by") || TRAILERS.contains(&head.as_str()) {
        return word.replacen('-', " ", head.matches('-').count());
    }
    let lower = word.to_ascii_lowercase();
    let word = match TICKETS.iter().any(|part| lower.contains(part)) {
        // A forge closes the issue that a whole address names, but not what only reads like one.
        true => without_schemes(word),
        false => word.to_owned(),
    };
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        out.push(c);
        let next_counts = chars.peek().is_some_and(|next| next.is_alphanumeric());
        let apart = match c {
            '#' => true,
            '@' => before.is_none_or(|c: char| !c.is_alphanumeric()),
            '-' => ends_with_gh(&out),
            _ => false,
        };
        if apart && next_counts {
            out.push(' ');
        }
        before = Some(c);
    }
    out
}

fn without_schemes(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for part in word.split("://") {
        out.truncate(out.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
        out.push_str(part);
    }
    out
}

/// Whether the text so far may go on as `GH-12`.
fn ends_with_gh(text: &str) -> bool {
    let mut back = text.chars().rev().map(|c| c.to_ascii_lowercase());
    back.next() == Some('-')
        && back.next() == Some('h')
        && back.next() == Some('g')
        && back.next().is_none_or(|c| !c.is_alphanumeric())
}

/// `[skip ci]` and its likes in round brackets, which no pipeline listens to.
fn without_pipeline_orders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let inside = tail.get(1..).unwrap_or_default();
        let order = inside.find(']').and_then(|end| inside.get(..end)).filter(|words| is_order(words));
        match order {
            Some(words) => {
                out.extend(["(", words, ")"]);
                rest = inside.get(words.len() + 1..).unwrap_or_default();
            }
            None => {
                out.push('[');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out.replace("***NO_CI***", "NO_CI").replace("***no_ci***", "no_ci")
}

fn is_order(words: &str) -> bool {
    const VERBS: [&str; 3] = ["skip", "no", "skipped"];
    const PIPELINES: [&str; 10] = [
        "ci",
        "actions",
        "checks",
        "build",
        "builds",
        "deploy",
        "pipeline",
        "pipelines",
        "azurepipelines",
        "travis",
    ];
    let lower = words.to_ascii_lowercase();
    let has =
        |known: &[&str]| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| known.contains(&part));
    words.len() <= 60 && (has(&VERBS) && has(&PIPELINES) || has(&["skipci"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_their_power() {
        let table = [
            ("Use a bound parameter.", "Use a bound parameter."),
            ("Fixes #1 and octo/app#2", "Fixes # 1 and octo/app# 2"),
            ("closes GH-3 (gh-4)", "closes GH- 3 (gh- 4)"),
            ("Fixes https://github.com/o/r/issues/1.", "Fixes github.com/o/r/issues/1."),
            ("see HTTPS://codeberg.org/o/r/Pulls/1,http://x.test/a", "see codeberg.org/o/r/Pulls/1,x.test/a"),
            ("see https://cwe.mitre.org/89", "see https://cwe.mitre.org/89"),
            ("thanks @octocat (a@b.test)", "thanks @ octocat (a@b.test)"),
            ("Signed-off-by: Me <m@x.test>", "Signed off by: Me <m@x.test>"),
            ("x\n\nCo-Authored-By: Me", "x\n\nCo Authored By: Me"),
            ("Reviewed-by :Me", "Reviewed by :Me"),
            ("skip-checks: true", "skip checks: true"),
            ("Change-Id: I0", "Change Id: I0"),
            ("done [skip ci] and [CI\u{200b} Skip] and [no-ci]", "done (skip ci) and (CI Skip) and (no-ci)"),
            ("index [0] of [items]", "index [0] of [items]"),
            ("***NO_CI***", "NO_CI"),
            ("a\u{1b}[31mb\u{0}\r\nc", "a[31mb\nc"),
            ("PROJ-1 #close", "PROJ-1 # close"),
        ];
        for (text, expected) in table {
            assert_eq!(body(text, 1_000), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_are_wrapped_and_lists_hang() {
        let wrapped = body(&format!("- {}\n\n  code stays", "word ".repeat(30)), 1_000);
        let lines: Vec<&str> = wrapped.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
        assert!(lines[1].starts_with("  word"), "{wrapped}");
        assert_eq!(lines.last(), Some(&"  code stays"));
        assert_eq!(body(&"x".repeat(200), 1_000).lines().count(), 1, "a long word is not torn");
        assert_eq!(body("word word", 4), "word…");
    }

    #[test]
    fn an_order_split_over_two_lines_is_no_order_after_wrapping_either() {
        let text = format!("{} [skip\nci] Signed-off-by: me", "w".repeat(70));
        let out = body(&text, 1_000);
        assert!(!out.replace('\n', " ").contains("[skip ci]"), "{out}");
        assert!(!out.contains("Signed-off-by"), "{out}");
    }

    #[test]
    fn a_path_stays_as_it_is() {
        for text in [
            "src/a b.py",
            "pages/[id].tsx",
            "pages/[skip-link]/[no].tsx",
            "node_modules/@scope/x.js",
            "a#1.c",
        ] {
            assert_eq!(path(text), text);
        }
        assert_eq!(path("[skip ci]/a\nb"), "(skip ci)/a b");
    }
}
