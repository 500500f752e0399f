use super::*;
use crate::text::SourceText;

fn edit(lines: impl Into<Option<(u32, u32)>>, replacement: &str) -> Edit {
    let lines = lines.into();
    Edit {
        path: "a.py".to_owned(),
        start_line: lines.map(|lines| lines.0),
        end_line: lines.map(|lines| lines.1),
        replacement: replacement.to_owned(),
    }
}

fn applied(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    apply(&SourceText::decode(bytes).unwrap(), edits).unwrap()
}

fn refused(bytes: &[u8], edits: &[Edit]) -> String {
    apply(&SourceText::decode(bytes).unwrap(), edits).unwrap_err().to_string()
}

#[track_caller]
fn check(bytes: &[u8], edits: &[Edit], expected: &[u8]) {
    let new = applied(bytes, edits);
    assert_eq!(
        new,
        expected,
        "{:?} is not {:?}",
        new.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

#[test]
fn lines_are_replaced_inserted_and_deleted() {
    let file = b"a\nb\nc\n";
    check(file, &[], file);
    check(file, &[edit((1, 2), "B\n")], b"a\nB\nc\n");
    check(file, &[edit((1, 2), "B")], b"a\nB\nc\n");
    check(file, &[edit((1, 2), "B\n\n")], b"a\nB\n\nc\n");
    check(file, &[edit((1, 2), "")], b"a\nc\n");
    check(file, &[edit((1, 2), "\n")], b"a\n\nc\n");
    check(file, &[edit((0, 0), "x\n")], b"x\na\nb\nc\n");
    check(file, &[edit((3, 3), "x\n")], b"a\nb\nc\nx\n");
    check(file, &[edit((2, 3), "C\nD\n"), edit((0, 1), "A")], b"A\nb\nC\nD\n");
    check(
        file,
        &[edit((1, 1), "first"), edit((1, 1), "second"), edit((1, 2), "B")],
        b"a\nfirst\nsecond\nB\nc\n",
    );
    check(file, &[edit((0, 1), "A"), edit((1, 2), "B"), edit((2, 3), "C")], b"A\nB\nC\n");
    check(file, &[edit(None, "x\ny\n")], b"x\ny\n");
    check(file, &[edit((0, 3), "")], b"");
}

#[test]
fn the_final_newline_stays_as_it_was() {
    check(b"a\nb", &[edit((1, 2), "B\n")], b"a\nB");
    check(b"a\nb", &[edit((0, 1), "A\n")], b"A\nb");
    check(b"a\nb", &[edit((2, 2), "c\n")], b"a\nb\nc");
    check(b"a\nb", &[edit((1, 2), "")], b"a\n");
    check(b"a\nb\n", &[edit((1, 2), "B")], b"a\nB\n");
    check(b"a\r\nb", &[edit((2, 2), "c\n")], b"a\r\nb\r\nc");
    check(b"a", &[edit(None, "b\n")], b"b");
    check(b"a\n", &[edit(None, "b")], b"b\n");
}

#[test]
fn a_new_file_is_written_as_given() {
    check(b"", &[edit(None, "a\nb\n")], b"a\nb\n");
    check(b"", &[edit(None, "a\nb")], b"a\nb");
    check(b"", &[edit((0, 0), "a")], b"a");
    check(b"", &[edit(None, "")], b"");
}

#[test]
fn line_ends_of_the_replaced_lines_are_kept() {
    check(b"a\r\nb\r\nc\r\n", &[edit((1, 2), "B\nX\n")], b"a\r\nB\r\nX\r\nc\r\n");
    check(b"a\r\nb\r\nc\r\n", &[edit((1, 2), "B\r\nX\r\n")], b"a\r\nB\r\nX\r\nc\r\n");
    check(b"a\r\nb\nc\nd\r\n", &[edit((1, 2), "B\n")], b"a\r\nB\nc\nd\r\n");
    check(b"a\r\nb\nc\nd\r\n", &[edit((3, 4), "D\nE\n")], b"a\r\nb\nc\nD\r\nE\r\n");
    check(b"a\nb\nc\r\n", &[edit((2, 2), "x\n")], b"a\nb\nx\nc\r\n");
    check(b"a\r\nb\nc\nd\r\n", &[edit((0, 4), "a\nb\nX\nd\n")], b"a\r\nb\nX\nd\r\n");
    check(b"a\rb\r", &[edit((1, 2), "B\nC\n")], b"a\rB\rC\r");
}

#[test]
fn encoding_and_byte_order_mark_are_kept() {
    check(b"\xEF\xBB\xBFa\r\nb\r\n", &[edit((0, 1), "\u{FEFF}\u{e9}\n")], b"\xEF\xBB\xBF\xC3\xA9\r\nb\r\n");
    check(b"\xEF\xBB\xBFa\n", &[edit(None, "b\n")], b"\xEF\xBB\xBFb\n");
    check(
        b"# coding: latin-1\nx = '\xE9'\ny = 1\n",
        &[edit((2, 3), "y = '\u{fc}'\n")],
        b"# coding: latin-1\nx = '\xE9'\ny = '\xFC'\n",
    );
    check(b"\xFF\xFEa\0\n\0b\0", &[edit((1, 2), "\u{e9}\n")], b"\xFF\xFEa\0\n\0\xE9\0");
    check(b"\xFE\xFF\0a\0\r\0\n", &[edit((1, 1), "b\n")], b"\xFE\xFF\0a\0\r\0\n\0b\0\r\0\n");
    let (old, _, _) = encoding_rs::SHIFT_JIS.encode("# 日本語のコメントです\nx = 'あ'\n");
    let (new, _, _) = encoding_rs::SHIFT_JIS.encode("# 日本語のコメントです\nx = 'い'\n");
    check(&old, &[edit((1, 2), "x = 'い'")], &new);
}

#[test]
fn a_character_the_encoding_lacks_is_named() {
    let file = b"# coding: latin-1\nx = '\xE9'\n";
    assert_eq!(
        refused(file, &[edit((1, 2), "x = 1\ny = '€'\n")]),
        "line 3 of the new text has '€' (U+20AC), which ISO-8859-1 can't hold"
    );
    let (old, _, _) = encoding_rs::SHIFT_JIS.encode("# 日本語のコメントです\nx = 1\n");
    assert!(refused(&old, &[edit((1, 2), "x = '😀'")]).contains("'😀' (U+1F600), which Shift_JIS"));
}

#[test]
fn unreadable_bytes_survive_where_the_line_does_and_are_never_invented() {
    let file =
        "ä = 'öüß' # \u{e4}\u{f6}".as_bytes().iter().chain(b"\xE9\nx = 1\n").copied().collect::<Vec<u8>>();
    let source = SourceText::decode(file.clone()).unwrap();
    let kept = source.line(0).unwrap().to_owned();
    let expected: Vec<u8> = file.iter().take(file.len() - 6).chain(b"x = 2\n").copied().collect();
    assert_eq!(apply(&source, &[edit((0, 2), &format!("{kept}\nx = 2\n"))]).unwrap(), expected);
    let error = apply(&source, &[edit((0, 1), &format!("{kept}!"))]).unwrap_err();
    assert_eq!(error, EditError::Text(TextError::Undecodable { line: 1, encoding: "UTF-8" }));
}

#[test]
fn edits_that_do_not_fit_are_refused() {
    let file = b"a\nb\nc\n";
    for (edits, message) in [
        (vec![edit((1, 3), "x"), edit((0, 2), "y")], "two edits overlap: lines 1-2 and lines 2-3"),
        (vec![edit((0, 1), "x"), edit((0, 1), "y")], "two edits overlap: line 1 and line 1"),
        (
            vec![edit((0, 2), "x"), edit((1, 1), "y")],
            "two edits overlap: lines 1-2 and an insertion before line 2",
        ),
        (
            vec![edit(None, "x"), edit((3, 3), "y")],
            "two edits overlap: the whole file and an insertion before line 4",
        ),
        (vec![edit((2, 4), "x")], "an edit of lines 3-4 is out of range: the file has 3 lines"),
        (
            vec![edit((4, 4), "x")],
            "an edit of an insertion before line 5 is out of range: the file has 3 lines",
        ),
        (vec![edit((2, 1), "x")], "an edit ends (end_line 1) before it starts (start_line 2)"),
    ] {
        assert_eq!(refused(file, &edits), message);
    }
    assert_eq!(
        refused(b"", &[edit(None, "x"), edit((0, 0), "y")]).split(':').next(),
        Some("two edits overlap")
    );
    let half = Edit { end_line: None, ..edit((0, 1), "x") };
    assert!(refused(file, &[half]).contains("only one of start_line and end_line"));
    let other = Edit { path: "b.py".to_owned(), ..edit((1, 2), "x") };
    assert!(refused(file, &[edit((0, 1), "x"), other]).contains("a.py and b.py"));
    let error = apply(&SourceText::decode(*file).unwrap(), &[edit((0, u32::MAX), "x")]).unwrap_err();
    assert!(error.failure("a.py").message.starts_with("a.py: an edit of lines 1-4294967295 is out of range"));
}

/// Text of parts that are hard to keep, from a small generator so that a failure can be repeated.
fn awkward_file(seed: u64) -> Vec<u8> {
    const PARTS: [&[u8]; 22] = [
        b"\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"\r\n",
        b"a",
        b"    b",
        b"\t",
        b" ",
        b"\x0c",
        b"\xE2\x80\xA8",
        b"\xC3\xA9",
        b"\xE9",
        b"\x82\xA0",
        b"\xEF\xBB\xBF",
        b"\xEF\xBF\xBD",
        b"\x1b$B",
        b"x = 1",
        b"\xFF",
        b"\x85",
        b"\xFA\x5C",
        b"  \n",
    ];
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below).unwrap()
    };
    (0..next(40)).flat_map(|_| PARTS[next(PARTS.len() as u64)].iter().copied()).collect()
}

#[test]
fn replacing_lines_with_themselves_changes_no_byte() {
    for seed in 0..1_500 {
        let bytes = awkward_file(seed);
        let source = SourceText::decode(bytes.clone()).unwrap();
        let lines = source.line_count();
        check(&bytes, &[edit(None, source.text())], &bytes);
        for start in 0..lines {
            for end in [start + 1, lines] {
                let same = edit(
                    (u32::try_from(start).unwrap(), u32::try_from(end).unwrap()),
                    source.line_range(start, end),
                );
                check(&bytes, &[same], &bytes);
            }
        }
    }
}

#[test]
fn utf16_lines_replaced_with_themselves_change_no_byte() {
    for seed in 0..500 {
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(
            awkward_file(seed).iter().flat_map(|byte| [*byte, if byte.is_ascii() { 0 } else { 0xD8 }]),
        );
        let source = SourceText::decode(bytes.clone()).unwrap();
        check(&bytes, &[edit(None, source.text())], &bytes);
    }
}

#[test]
fn indentation_is_adapted_when_edits_are_applied_but_not_of_whole_files() {
    check(
        b"class A:\n    def f(self):\n        return 1\n",
        &[edit((1, 3), "def f(self):\n    return 2\n")],
        b"class A:\n    def f(self):\n        return 2\n",
    );
    check(b"    x\n", &[edit(None, "y\n")], b"y\n");
}

#[test]
fn lines_are_followed_through_edits() {
    // old: 0 1 [2 3 -> 3 lines] 4 (insert 2) 5 [6 -> nothing] 7 8 9
    let edits = [edit((6, 7), ""), edit((2, 4), "a\nb\nc\n"), edit((5, 5), "i\nj")];
    let map = LineMap::new(10, &edits).unwrap();
    assert_eq!(map.new_line_count(), 12);
    let new: Vec<Option<u32>> = (0..11).map(|line| map.new_line(line)).collect();
    assert_eq!(
        new,
        [Some(0), Some(1), None, None, Some(5), Some(8), None, Some(9), Some(10), Some(11), None]
    );
    for line in 0..10 {
        assert_eq!(new[line as usize].and_then(|new| map.old_line(new)), new[line as usize].map(|_| line));
    }
    let edit_of: Vec<Option<usize>> = (0..12).map(|line| map.edit_at(line)).collect();
    assert_eq!(edit_of[2..9], [Some(1), Some(1), Some(1), None, Some(2), Some(2), None]);
    assert_eq!((map.lines_of(1), map.lines_of(2), map.lines_of(0)), (Some(2..5), Some(6..8), Some(9..9)));
    assert_eq!(map.edits_in(5..6), [0_usize; 0]);
    assert_eq!(map.edits_in(4..7), [1, 2]);
    assert_eq!(map.edits_in(8..9), [0], "the line before a deletion");
    assert_eq!(map.edits_in(9..10), [0], "the line after a deletion");
    assert_eq!(map.new_range(0..2), Some(0..2));
    assert_eq!(map.new_range(3..5), Some(2..6), "a cut edit counts in whole");
    assert_eq!(map.new_range(4..5), Some(5..6), "an insertion after is not part of it");
    assert_eq!(map.new_range(5..6), Some(8..9), "nor one before");
    assert_eq!(map.new_range(4..6), Some(5..9), "one between is");
    assert_eq!(map.new_range(6..7), Some(9..9));
    assert_eq!(map.new_range(9..11), None);
    assert_eq!((map_line(&edits, 7), map_range(&edits, 7..9)), (Some(9), Some(9..11)));
    assert_eq!(map_line(&[edit((0, 2), ""), edit((1, 3), "")], 9), None);
}

#[test]
fn diffs_read_as_those_of_git() {
    assert_eq!(
        unified_diff("src/a b.py", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive"),
        "--- a/src/a b.py\t\n+++ b/src/a b.py\t\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n\\ No newline at end of file\n"
    );
    assert_eq!(unified_diff("a", None, "x\n"), "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n");
    assert_eq!(unified_diff("a", "x\n", None), "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n");
    assert_eq!(unified_diff("a", "x\n", "x\n"), "");
    assert_eq!(
        unified_diff("a", "1\x0c\ry\n", "2\x0c\ry\n"),
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\x0c\ry\n+2\x0c\ry\n"
    );
    assert!(
        unified_diff("a\n+++ b/evil", "", "x\n")
            .starts_with("--- \"a/a\\n+++ b/evil\"\n+++ \"b/a\\n+++ b/evil\"\n")
    );
}

#[test]
fn git_applies_our_diffs() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = ("a\nb\nc\nd", "a\nB\nc\nd\ne\n");
    std::fs::write(folder.path().join("x y.txt"), old).unwrap();
    let diff = unified_diff("x y.txt", old, new) + &unified_diff("new\t1.txt", None, "hello\n");
    std::fs::write(folder.path().join("p.diff"), diff).unwrap();
    let git = Command::new("git")
        .args(["apply", "p.diff"])
        .current_dir(folder.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", folder.path())
        .output()
        .unwrap();
    assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("x y.txt")).unwrap(), new);
    assert_eq!(std::fs::read_to_string(folder.path().join("new\t1.txt")).unwrap(), "hello\n");
}
