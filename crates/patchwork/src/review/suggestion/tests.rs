use proptest::prelude::*;

use super::*;
use crate::review::fixture::changed;

const NEW: &str = "import os\n\n\ndef read(path):\n    if path:\n        data = open(path).read()\n        return data\n    return None\n";

fn file() -> ReviewFile {
    changed("src/a.py", "import os\n", NEW)
}

fn checked(lines: RangeInclusive<u32>, suggestion: &str) -> Result<String, &'static str> {
    check(&file(), lines, suggestion, &Guarded::of(&Policy::default()))
}

#[test]
fn what_applies_and_parses_is_kept() {
    let whole = "        with open(path) as file:\n            return file.read()";
    assert_eq!(checked(6..=7, whole).as_deref(), Ok(whole));
    // Without the indentation, and in a fence.
    let bare = "```python\nwith open(path) as file:\n    return file.read()\n```\n";
    assert_eq!(checked(6..=7, bare).as_deref(), Ok(whole));
    assert_eq!(checked(1..=1, "").as_deref(), Ok(""));
    assert_eq!(
        apply(NEW, &(6..=7), whole),
        NEW.replace("        data = open(path).read()\n        return data", whole)
    );
    assert_eq!(apply("a\nb", &(2..=2), "c\nd"), "a\nc\nd");
    assert_eq!(apply("a\nb\n", &(1..=1), ""), "b\n");
}

#[test]
fn what_does_not_hold_is_turned_down_with_its_reason() {
    for (lines, suggestion, reason) in [
        (6..=6, "        data = open(path).read()", "it changes nothing"),
        (6..=6, "        data = open(path.read()", "the file does not parse with it"),
        (6..=6, "        data = load(path)\n        return data", "it repeats a line beside"),
        (6..=6, "    if path:\n        data = load(path)", "it repeats a line beside"),
        (6..=6, "        x = 1\n```\n# hidden", "it holds a fence"),
        (6..=6, "        x = 'a\u{202e}b'", "it holds characters"),
        (
            6..=6,
            "        key = 'ghp_R7kQ2mZx9Lp4Wv8Nc1Ty6Bh3Df5Gj0Ks2Qa9'",
            "it holds what looks like a secret",
        ),
        (9..=9, "x", "it replaces lines that are not there"),
        (0..=1, "x", "it replaces lines that are not there"),
    ] {
        let answer = checked(lines, suggestion);
        assert!(answer.as_ref().is_err_and(|why| why.starts_with(reason)), "{suggestion}: {answer:?}");
    }
    let long = "x = 1\n".repeat(200);
    assert_eq!(checked(1..=1, &long), Err("it is too long"));
}

#[test]
fn pipelines_and_secrets_are_never_changed() {
    for path in
        [".github/workflows/ci.yml", "sub/.github/workflows/ci.yml", ".env", "a/Jenkinsfile", "AGENTS.md"]
    {
        let file = changed(path, "a: 1\n", "a: 2\n");
        let answer = check(&file, 1..=1, "a: 3", &Guarded::of(&Policy::default()));
        assert_eq!(answer, Err("the file is one that patchwork does not change"), "{path}");
    }
}

#[test]
fn json_and_texts_without_grammar_are_looked_at_as_far_as_that_goes() {
    let json = changed("a.json", "{}\n", "{\n  \"a\": 1\n}\n");
    let guarded = Guarded::default();
    assert_eq!(check(&json, 2..=2, "  \"a\": 2", &guarded).as_deref(), Ok("  \"a\": 2"));
    assert_eq!(check(&json, 2..=2, "  \"a\": ", &guarded), Err("the file does not parse with it"));
    let text = changed("a.txt", "a\n", "b\n");
    assert_eq!(check(&text, 1..=1, "c", &guarded).as_deref(), Ok("c"));
}

proptest! {
    #[test]
    fn nothing_that_is_suggested_does_harm(start in 0_u32..12, end in 0_u32..12, suggestion in "(\\PC|\n){0,80}") {
        if let Ok(code) = checked(start..=end, &suggestion) {
            let after = apply(NEW, &(start..=end), &code);
            let kept: Vec<&str> = NEW.lines().skip(end as usize).collect();
            prop_assert!(after.ends_with(&kept.join("\n")) || after.trim_end().ends_with(kept.join("\n").as_str()));
        }
    }
}
