use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::change::{Line, Side};

/// Status, names, modes, what is left out, hunks, lines: what a diff says of its files.
fn told(text: &str) -> Vec<String> {
    let files = read_diff(text).unwrap();
    let status = |status| serde_json::to_value(status).unwrap().as_str().unwrap().to_owned();
    let mode = |mode: &Option<String>| mode.as_deref().unwrap_or("-").to_owned();
    files
        .iter()
        .map(|file| {
            let from = file.old_path.as_ref().map(|path| format!(" from {path:?}")).unwrap_or_default();
            let out = file.left_out.map(|out| format!(" {out:?}")).unwrap_or_default();
            format!(
                "{} {:?}{from} {}>{} +{} -{} in {}{out}{}",
                status(file.status),
                file.path,
                mode(&file.old_mode),
                mode(&file.new_mode),
                file.additions,
                file.deletions,
                file.hunks.len(),
                if file.binary { " binary" } else { "" }
            )
        })
        .collect()
}

#[test]
fn the_patch_of_a_forge_is_read() {
    let patch = "@@ -1,3 +1,4 @@ fn main() {\n one\n-two\r\n+2\r\n+\n three\n@@ -10 +11,0 @@\n-ten\n\\ No newline at end of file";
    let hunks = read_hunks(patch).unwrap();
    let [first, second] = hunks.as_slice() else { panic!("{hunks:?}") };
    assert_eq!((first.heading.as_str(), first.old_start, first.new_lines), ("fn main() {", 1, 4));
    assert_eq!(first.lines[1], Line { kind: LineKind::Removed, text: "two\r".into(), no_newline: false });
    assert_eq!(first.new_line_numbers().collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(second.lines[0], Line { kind: LineKind::Removed, text: "ten".into(), no_newline: true });
    // GitLab puts the names of the file before it in some versions; others leave the space of an empty line away.
    assert_eq!(read_hunks(&format!("--- a/x\n+++ b/x\n{patch}\n\n")).unwrap(), hunks);
    assert_eq!(read_hunks("@@ -1,2 +1,2 @@\n\n-a\n+b\n").unwrap()[0].lines[0].text, "");
    assert_eq!(read_hunks("").unwrap(), []);
}

#[test]
fn a_line_is_in_the_diff_on_its_own_side() {
    let diff = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -5,2 +5,3 @@\n a\n-b\n+c\n+d\n@@ -20,0 +22 @@\n+e\n";
    let file = &read_diff(diff).unwrap()[0];
    let on = |side| (0..30).filter(|line| file.holds(side, *line)).collect::<Vec<u32>>();
    assert_eq!(on(Side::Old), [5, 6]);
    assert_eq!(on(Side::New), [5, 6, 7, 22]);
    assert_eq!(file.hunk_of(Side::New, 22).unwrap().header(), "@@ -20,0 +22 @@");
    let removed = file.hunks[0].numbered().find(|line| line.new.is_none()).unwrap();
    assert_eq!((removed.on(Side::Old), removed.line.text.as_str()), (Some(6), "b"));
}

#[test]
fn what_git_writes_is_read() {
    let diff = "\
diff --git a/gone.txt b/gone.txt
deleted file mode 100755
index 7898192..0000000
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-a
diff --git a/empty b/empty
new file mode 100644
index 0000000..e69de29
diff --git a/run b c.sh b/run b c.sh
old mode 100644
new mode 100755
diff --git a/with space.txt b/with space.txt
index 1..2 100644
--- a/with space.txt\t
+++ b/with space.txt\t
@@ -1 +1 @@
--- a
+++ b
diff --git \"a/caf\\303\\251\\t\\\"x\\\"\" \"b/caf\\303\\251\\t\\\"x\\\"\"
index 1..2 100644
--- \"a/caf\\303\\251\\t\\\"x\\\"\"
+++ \"b/caf\\303\\251\\t\\\"x\\\"\"
@@ -1 +1 @@
-a
\\ No newline at end of file
+b
\\ No newline at end of file
diff --git a/old b/new
similarity index 90%
rename from old
rename to new
diff --git a/one b/dir/two
similarity index 90%
copy from one
copy to dir/two
index 1..2 100644
--- a/one
+++ b/dir/two
@@ -1 +1 @@
-a
+b
diff --git a/p.png b/p.png
index 1..2 100644
Binary files a/p.png and b/p.png differ
diff --git a/q.png b/q.png
new file mode 100644
index 0000000..2
GIT binary patch
literal 3
Kcmxxx

literal 0
HcmV?d00001

diff --git a/lib b/lib
index 1..2 160000
--- a/lib
+++ b/lib
@@ -1 +1 @@
-Subproject commit 1
+Subproject commit 2
diff --git a/link b/link
deleted file mode 100644
index 1..0
--- a/link
+++ /dev/null
@@ -1 +0,0 @@
-a
diff --git a/link b/link
new file mode 120000
index 0..1
--- /dev/null
+++ b/link
@@ -0,0 +1 @@
+a
\\ No newline at end of file
";
    assert_eq!(
        told(diff),
        [
            "deleted \"gone.txt\" 100755>- +0 -1 in 1",
            "added \"empty\" ->100644 +0 -0 in 0",
            "modified \"run b c.sh\" 100644>100755 +0 -0 in 0",
            "modified \"with space.txt\" 100644>100644 +1 -1 in 1",
            "modified \"café\\t\\\"x\\\"\" 100644>100644 +1 -1 in 1",
            "renamed \"new\" from \"old\" ->- +0 -0 in 0",
            "copied \"dir/two\" from \"one\" 100644>100644 +1 -1 in 1",
            "modified \"p.png\" 100644>100644 +0 -0 in 0 binary",
            "added \"q.png\" ->100644 +0 -0 in 0 binary",
            "modified \"lib\" 160000>160000 +0 -0 in 0 Submodule",
            "type_changed \"link\" 100644>120000 +0 -0 in 0 Symlink",
        ]
    );
    assert_eq!(told(&diff.replace('\n', "\r\n").replace("\\r\\n", "")).len(), 11, "whole diffs with CRLF");
}

#[test]
fn other_programs_and_mails_are_read() {
    let mail = "From 1 Mon\nSubject: [PATCH] x\n\n---\n f | 2 +-\n\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n-- \n2.30.2\n";
    assert_eq!(told(mail), ["modified \"f\" ->- +1 -1 in 1"]);
    let plain = "Index: x\n=====\n--- src/x.c\t2026-01-01 10:00:00\n+++ src/x.c\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
    assert_eq!(told(plain), ["modified \"src/x.c\" ->- +1 -1 in 1", "deleted \"y\" ->- +0 -1 in 1"]);
    let bare = "diff --git a/f a/f\n--- a/f\n+++ a/f\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(told(bare), ["modified \"a/f\" ->- +1 -1 in 1"], "written without prefixes");
    let mnemonic = "diff --git i/f w/f\n--- i/f\n+++ w/f\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(told(mnemonic), ["modified \"f\" ->- +1 -1 in 1"]);
    assert_eq!(told(""), [""; 0]);
}

#[test]
fn faults_are_named_with_their_line() {
    let file = "diff --git a/f b/f\n--- a/f\n+++ b/f\n";
    for (text, words) in [
        ("no diff at all", "this is no diff"),
        ("diff --cc f\n", "line 1: this is the combined diff"),
        (&format!("{file}@@@ -1 -1 +1 @@@\n"), "line 4: this is the combined diff"),
        (&format!("{file}@@ -1 +x @@\n"), "line 4: expected the start of a hunk"),
        (&format!("{file}@@ -1,4294967295 +1 @@\n a"), "line 4: expected the start of a hunk"),
        (&format!("{file}@@ -1,2 +1,2 @@\n a"), "line 6: the hunk ends before"),
        (&format!("{file}@@ -1,2 +1 @@\n a\n+b\n"), "line 6: the hunk ends before"),
        (
            &format!("{file}@@ -1 +1 @@\n a\n b\n"),
            "line 6: expected the start of a hunk, such as `@@ -1,2 +1,3 @@`, not ` b`",
        ),
        (&format!("{file}@@ -1 +1 @@\nx\n"), "line 5: expected a line of the hunk, not `x`"),
        (&format!("{file}@@ -1 +1 @@\n\\ No\n"), "line 5: expected a line"),
        (&format!("{file}@@ -5 +5 @@\n a\n@@ -5 +5 @@\n a\n"), "line 6: the hunk does not begin after"),
        ("diff --git a/f\n", "line 1: expected the names of a file"),
        ("diff --git \"a/\\777\" \"b/\\777\"\n", "line 1: expected the names of a file"),
        ("diff --git a/f b/f\nrename from \"\\377\"\n", "line 2: the name of a file is not UTF-8"),
    ] {
        let error = read_diff(text).unwrap_err().to_string();
        assert!(error.starts_with(words), "{text:?}: {error}");
    }
    assert!(read_hunks("@@ -1 +1 @@\n a\nmore").unwrap_err().to_string().starts_with("line 3"));
    let long = read_hunks(&"é\u{1b}".repeat(500)).unwrap_err().to_string();
    assert!(long.len() < 1000 && !long.contains('\u{1b}'), "{long}");
}

fn line() -> impl Strategy<Value = (LineKind, String)> {
    let kind = prop_oneof![Just(LineKind::Context), Just(LineKind::Added), Just(LineKind::Removed)];
    (kind, "[^\n]{0,8}|[-+ @\\\\]{0,4}|diff --git a b|-- ")
}

fn hunks() -> impl Strategy<Value = Vec<Hunk>> {
    let heading = "[a-z({ @]{0,8}".prop_map(|text| text.trim().to_owned());
    vec((1_u32..50, vec(line(), 1..8), heading), 0..4).prop_map(|all| {
        let (mut old, mut new) = (0, 0);
        let hunk = |(gap, lines, heading): (u32, Vec<(LineKind, String)>, String)| {
            let count =
                |without| u32::try_from(lines.iter().filter(|line| line.0 != without).count()).unwrap();
            let (old_lines, new_lines) = (count(LineKind::Added), count(LineKind::Removed));
            let (old_start, new_start) = (old + gap, new + gap);
            (old, new) = (old_start + old_lines, new_start + new_lines);
            let lines =
                lines.into_iter().map(|(kind, text)| Line { kind, text, no_newline: false }).collect();
            Hunk { old_start, old_lines, new_start, new_lines, heading, lines }
        };
        all.into_iter().map(hunk).collect()
    })
}

fn path() -> impl Strategy<Value = String> {
    vec("[a-z \"\\\\\u{e9}\t\n\u{1}\u{7f}']{1,6}|b|a", 1..4).prop_map(|parts| parts.join("/"))
}

fn change() -> impl Strategy<Value = FileChange> {
    let mode = || prop_oneof![Just("100644"), Just("100755")].prop_map(str::to_owned);
    (0..5, path(), path(), mode(), mode(), hunks(), any::<bool>(), any::<bool>()).prop_map(
        |(status, path, other, old_mode, new_mode, hunks, binary, end)| {
            let (status, old, new) = match status {
                0 => (ChangeStatus::Added, None, Some(new_mode)),
                1 => (ChangeStatus::Deleted, Some(old_mode), None),
                2 if path != other => (ChangeStatus::Renamed, None, None),
                3 if path != other => (ChangeStatus::Copied, Some("100644".into()), Some("100755".into())),
                _ => (ChangeStatus::Modified, Some("100755".into()), Some("100644".into())),
            };
            let moved = matches!(status, ChangeStatus::Renamed | ChangeStatus::Copied);
            let mut change = FileChange {
                path,
                old_path: moved.then_some(other),
                status,
                binary,
                old_mode: old,
                new_mode: new,
                hunks: if binary { Vec::new() } else { hunks },
                left_out: None,
                additions: 0,
                deletions: 0,
            };
            if let Some(last) = change.hunks.last_mut().and_then(|hunk| hunk.lines.last_mut()) {
                last.no_newline = end;
            }
            change.count();
            change
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(changes in vec(change(), 1..4)) {
        let text: String = changes.iter().map(FileChange::to_unified).collect();
        prop_assert_eq!(&read_diff(&text).unwrap(), &changes, "{}", text);
        for change in &changes {
            prop_assert_eq!(&read_hunks(&change.hunks_text()).unwrap(), &change.hunks);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(lines in vec("(@@ -[0-9]{1,3}(,[0-9]{1,10})? \\+[0-9]{1,3}(,[0-2])? @@|[-+ \\\\][a-z]?|diff --(git|cc) .{0,9}|(---|\\+\\+\\+) .{0,5}|(rename|copy) (from|to) .{0,4}|(old|new) mode .{0,6}|.{0,9})\r?", 0..12)) {
        let text = lines.join("\n");
        let hunks = read_hunks(&text).unwrap_or_default();
        let files = read_diff(&text).unwrap_or_default();
        for file in files.iter().filter(|file| file.left_out.is_none()) {
            let again = read_diff(&file.to_unified()).unwrap();
            prop_assert_eq!(again.iter().map(|file| (&file.path, &file.hunks)).collect::<Vec<_>>(), [(&file.path, &file.hunks)]);
        }
        for hunk in files.iter().flat_map(|file| &file.hunks).chain(&hunks) {
            let on = |side| u32::try_from(hunk.numbered().filter(|line| line.on(side).is_some()).count()).unwrap();
            prop_assert_eq!((on(Side::Old), on(Side::New)), (hunk.old_lines, hunk.new_lines));
            prop_assert!(hunk.numbered().all(|line| [Side::Old, Side::New]
                .into_iter().all(|side| line.on(side).is_none_or(|number| hunk.holds(side, number)))));
        }
    }
}
