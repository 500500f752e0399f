use patchwork_core::change::{ChangeStatus, FileChange, Hunk, Line};
use proptest::prelude::*;

use super::*;
use crate::review::bundle::{Limits, bundle};
use crate::review::fixture::changed;
use crate::review::index::Index;

/// The names of the units of a file.
fn names(path: &str, old: &str, new: &str) -> Vec<String> {
    let files = [changed(path, old, new)];
    cut(&files).remove(0).units.into_iter().map(|unit| unit.name).collect()
}

#[test]
fn lines_belong_to_the_innermost_function_or_class() {
    let old = "import a\n\n\nclass A:\n    x = 1\n\n    def f(self):\n        def g():\n            return 1\n        return g\n\n\ny = 2\n";
    for (from, to, expected) in [
        ("x = 1", "x = 2", "A"),
        ("            return 1", "            return 2", "A.f.g"),
        ("return g", "return g()", "A.f"),
        ("y = 2", "y = 3", ""),
        ("import a", "import b", ""),
    ] {
        assert_eq!(names("a.py", old, &old.replace(from, to)), [expected], "{from}");
    }
    let gone = old.replace("        def g():\n            return 1\n", "");
    assert_eq!(names("a.py", old, &gone), ["A.f.g"]);
    // The last line of a function, where no line of it follows.
    assert_eq!(names("a.py", old, &old.replace("        return g\n", "")), ["A.f"]);
}

#[test]
fn what_is_removed_at_the_end_of_a_function_is_shown() {
    let old = "def f(x):\n    use(x)\n    close(x)\n    check(x)\n\n\ndef g():\n    return 1\n";
    for gone in ["    check(x)\n", "    close(x)\n    check(x)\n"] {
        for old in [old, old.trim_end_matches("\n\ndef g():\n    return 1\n")] {
            let files = [changed("a.py", old, &old.replace(gone, ""))];
            let units = cut(&files);
            let bundles = bundle(&units, &Index::new(&units, &[]), Limits::default(), |_| true);
            assert_eq!((units[0].units.len(), units[0].units[0].name.as_str()), (1, "f"));
            assert!(
                bundles[0].diff.contains("- ") && bundles[0].diff.contains("check(x)"),
                "{}",
                bundles[0].diff
            );
        }
    }
}

#[test]
fn a_new_file_is_parted_by_its_functions() {
    let text = "import a\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return f()\n";
    assert_eq!(names("a.py", "", text), ["", "f", "g"]);
    let files = [changed("a.py", "", text)];
    let units = &cut(&files)[0].units;
    assert_eq!(units[2].calls, ["f"]);
    assert_eq!((units[1].lines.clone(), units[1].defines.as_slice()), (4..6, ["f".to_owned()].as_slice()));
}

#[test]
fn without_a_grammar_lines_that_are_near_are_one_unit() {
    let old: String = (0..100).map(|line| format!("line {line}\n")).collect();
    let new = old.replace("line 5\n", "x\n").replace("line 9\n", "y\n").replace("line 70\n", "z\n");
    let files = [changed("a.conf", &old, &new)];
    let units = &cut(&files)[0].units;
    assert_eq!(units.iter().map(|unit| unit.lines.clone()).collect::<Vec<_>>(), [6..11, 71..72]);
    let long: String = (0..1_000).map(|line| format!("line {line}\n")).collect();
    assert_eq!(names("a.conf", "", &long).len(), 4);
}

proptest! {
    #[test]
    fn any_texts_are_cut_and_every_changed_line_is_asked_about(
        old in "(def f\\(\\):\n|    return 1\n|class A:\n|\\}\n|x\n|\n|\\{|ä){0,25}",
        new in "(def f\\(\\):\n|    return 1\n|class A:\n|\\}\n|y\n|\n|\\{|ä){1,25}",
        ending in "(py|js|rs|txt|rb)",
    ) {
        prop_assume!(old != new);
        let files = [changed(&format!("a.{ending}"), &old, &new)];
        let units = cut(&files);
        let bundles = bundle(&units, &Index::new(&units, &[]), Limits { diff: 40, context: 20 }, |_| true);
        let signs = |sign: &str| bundles.iter().flat_map(|b| b.diff.lines()).filter(|line| line.get(11..).is_some_and(|line| line.starts_with(sign))).count();
        prop_assert!(signs(" + ") >= files[0].change.additions as usize);
        prop_assert!(signs(" - ") >= files[0].change.deletions as usize);
    }

    #[test]
    fn hunks_that_can_not_be_do_no_harm(
        hunks in prop::collection::vec((any::<u32>(), 0_u32..9, 0_u32..9, prop::collection::vec((0_u8..3, "(a|b|)"), 0..6)), 0..4),
        additions in any::<u32>(),
    ) {
        let hunks = hunks.into_iter().map(|(old_start, new_start, count, lines)| Hunk {
            old_start,
            old_lines: count,
            new_start,
            new_lines: count,
            heading: String::new(),
            lines: lines
                .into_iter()
                .map(|(kind, text)| {
                    let kind = [LineKind::Context, LineKind::Added, LineKind::Removed][usize::from(kind)];
                    Line { kind, text, no_newline: false }
                })
                .collect(),
        });
        let change = FileChange {
            hunks: hunks.collect(),
            additions,
            deletions: additions,
            status: ChangeStatus::Modified,
            ..changed("a.py", "a\n", "b\n").change
        };
        if let Ok(file) = ReviewFile::read(change, Some(b"a\n".to_vec()), Some(b"a\nb\na\na\nb\nb\na\n".to_vec())) {
            let files = [file];
            let units = cut(&files);
            let _ = bundle(&units, &Index::new(&units, &[]), Limits::default(), |_| true);
        }
    }
}
