use patchwork_testkit::model::fix_reply;

use super::*;

const OLD: &str = "def f(a):\n    return eval(a)\n";
const NEW: &str = "def f(a):\n    return int(a)\n";

fn piece() -> AffectedCode {
    AffectedCode {
        uri: "app.py".into(),
        start_line: 0,
        end_line: 2,
        affected_code: OLD.into(),
        message_text: String::new(),
        language: "Python".into(),
        unit: "function".into(),
        findings: Vec::new(),
        fix: None,
        feedback: Vec::new(),
        tries: Vec::new(),
    }
}

fn verdict(text: &str) -> Verdict {
    read(&Answer { text: Some(text.to_owned()), ..Answer::default() }, &piece(), false)
}

fn reason(text: &str) -> String {
    match verdict(text) {
        Verdict::Unusable(reason) | Verdict::Refused(reason, _) => reason,
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn four_sections_are_a_fix() {
    let Verdict::Fix(fix) =
        verdict(&fix_reply("Parse numbers", "No eval.", "Low – callers pass digits", NEW))
    else {
        panic!("no fix");
    };
    assert_eq!((fix.commit_message.as_str(), fix.patch_message.as_str()), ("Parse numbers", "No eval."));
    assert_eq!((fix.risk, fix.code.as_str()), (Risk::Low, NEW));
}

#[test]
fn decorated_headings_and_missing_minor_sections_are_understood() {
    let text = format!(
        "Sure!\n\n### **C. Compatibility Risk:** Medium\n\n**D. Fixed Code**:\n```python\n{NEW}```\nBye."
    );
    let Verdict::Fix(fix) = verdict(&text) else { panic!("no fix") };
    assert_eq!((fix.risk, fix.commit_message.as_str(), fix.code.as_str()), (Risk::Medium, "", NEW));
}

#[test]
fn headings_inside_of_the_code_are_code() {
    let code = "TEXT = '''\nA. Commit message:\nnone\n'''\n";
    let Verdict::Fix(fix) = verdict(&fix_reply("Real message", "s", "High", code)) else { panic!("no fix") };
    assert_eq!((fix.commit_message.as_str(), fix.code.as_str()), ("Real message", code));
}

#[test]
fn code_with_backticks_survives_an_answer_with_short_fences() {
    let code = "\"\"\"Usage:\n```\nx\n```\n\"\"\"\nsafe = 1\n";
    let text = format!("D. Fixed Code:\n```python\n{code}```\n");
    let Verdict::Fix(fix) = verdict(&text) else { panic!("no fix") };
    assert_eq!(fix.code, code);
}

#[test]
fn sentinels_are_understood_in_many_words() {
    for (text, expected) in [
        ("NOT VULNERABLE", ""),
        ("NOT VULNERABLE\nThe value is a constant.", "The value is a constant."),
        ("**Not vulnerable.** The value is a constant.", "The value is a constant."),
        ("The code is not vulnerable: the value is a constant.", "the value is a constant."),
        ("I looked at it for long.\n\nNot vulnerable", "I looked at it for long."),
        ("This is a false positive.", ""),
    ] {
        assert_eq!(verdict(text), Verdict::NotVulnerable(expected.to_owned()), "{text}");
    }
    for (text, expected) in [
        ("NO FIX POSSIBLE\nThe interface needs it.", "The interface needs it."),
        ("No fix is possible", ""),
        ("`NO FIX POSSIBLE`", ""),
        ("A. Commit message:\nnone\n\nD. Fixed Code:\nNO FIX POSSIBLE", ""),
        ("It can't be done here.\nNO FIX POSSIBLE", "It can't be done here."),
    ] {
        assert_eq!(verdict(text), Verdict::NoFix(expected.to_owned()), "{text}");
    }
    // Words that only sound like it, and a fix that only speaks of it.
    assert!(reason("It would be wrong to say that it is not vulnerable to this.").contains("is missing"));
    assert!(reason("Not vulnerableish").contains("is missing"));
    let fix = fix_reply("Make it", "Now it is not vulnerable.\nNot vulnerable", "Low", NEW);
    assert!(matches!(verdict(&fix), Verdict::Fix(_)));
}

#[test]
fn what_cannot_be_used_is_said_in_words_for_the_model() {
    for (text, expected) in [
        ("", "the answer is empty"),
        ("  \n", "the answer is empty"),
        ("<!DOCTYPE html><html>502</html>", "the answer is an HTML page"),
        ("Here is some advice.", "section `D. Fixed Code:` is missing"),
        ("```python\nx = 1\n```", "section `D. Fixed Code:` is missing"),
        ("D. Fixed Code:\nx = 1\n", "it has no fenced code block"),
        ("D. Fixed Code:\n```python\nx = (\n", "its code block is never closed"),
        ("D. Fixed Code:\n```\n\n```\n", "must not delete everything"),
        ("D. Fixed Code:\n```\nx = '\0'\n```\n", "the invisible character U+0000"),
        ("D. Fixed Code:\n```\nx = '\u{202e}'\n```\n", "the invisible character U+202E"),
        ("D. Fixed Code:\n```\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> b\n```\n", "merge marker"),
        (
            "D. Fixed Code:\n```\nx = eval(y)  # NOSEMGREP: python-eval\n```\n",
            "silences the scanner (`nosemgrep`)",
        ),
        (
            "D. Fixed Code:\n```\n# ast-grep-ignore\nx = eval(y)\n```\n",
            "silences the scanner (`ast-grep-ignore`)",
        ),
        ("D. Fixed Code:\n```\ndef f(a):\n    # ... rest of the function\n```\n", "leaves code out"),
    ] {
        let reason = reason(text);
        assert!(reason.contains(expected), "{text:?}: {reason}");
    }
    let same = fix_reply("c", "s", "Low", "\n    def f(a):\n        return eval(a)  \n\n");
    assert_eq!(reason(&same), "the fixed code is the same as before");
}

#[test]
fn a_cut_answer_is_used_only_when_that_was_asked_for() {
    let whole = fix_reply("c", "s", "Low", NEW);
    let cut = |text: &str, allow| {
        let answer =
            Answer { text: Some(text.to_owned()), finish: Some(Finish::Length), ..Answer::default() };
        read(&answer, &piece(), allow)
    };
    assert!(matches!(cut(&whole, false), Verdict::Unusable(reason) if reason.contains("cut")));
    assert!(matches!(cut("", true), Verdict::Unusable(reason) if reason.contains("cut")));
    assert!(matches!(cut(&whole, true), Verdict::Fix(_)));
    let open = whole.trim_end().trim_end_matches('`').to_owned();
    assert!(matches!(cut(&open, true), Verdict::Unusable(reason) if reason.contains("never closed")));
}

#[test]
fn an_error_is_no_fault_of_the_model() {
    let answer = Answer { error: Some("401".to_owned()), ..Answer::default() };
    assert_eq!(read(&answer, &piece(), false), Verdict::Unanswered("401".to_owned()));
}

#[test]
fn risks_are_read_from_prose() {
    for (text, risk) in [
        ("Low – because callers see no change", Risk::Low),
        ("**HIGH**", Risk::High),
        ("The risk is medium.", Risk::Medium),
        ("None", Risk::Low),
        ("hard to say", Risk::Unknown),
        ("", Risk::Unknown),
    ] {
        assert_eq!(Risk::stated_in(text), risk, "{text}");
    }
}

#[test]
fn blank_lines_around_the_code_stay_as_they_were() {
    for (old, code, expected) in [
        ("a\n", "\n\nb\n\n", "b\n"),
        ("\n  \na\n\n", "b\n", "\n  \nb\n\n"),
        ("a\n\nc\n", "b\n\n\nd\n", "b\n\n\nd\n"),
        ("a", "\nb\n", "b\n"),
        ("a\r\n\r\n", "b\n", "b\n\r\n"),
        ("\n\n", "b\n", "b\n"),
    ] {
        assert_eq!(with_edges_of(old, code), expected, "{old:?} {code:?}");
    }
}
