use patchwork_core::change::Side;
use patchwork_core::port::forge::{Account, Hidden, Reaction, Trust};

use super::*;
use crate::review::file::ReviewFile;
use crate::review::fixture::{changed, renamed};
use crate::review::selection::{NotReviewed, Reason};

const OLD: &str = "def read(path):\n    return load(path)\n\n\ndef other():\n    return 1\n";
const NEW: &str = "def read(path):\n    data = open(path)\n    return data\n\n\ndef other():\n    return 1\n";

fn print(lines: &[&str]) -> String {
    Fingerprint::of("logic", "a.py", "read", Side::New, lines.iter().copied()).to_string()
}

fn account(name: &str, trust: Trust) -> Account {
    Account { name: name.to_owned(), trust }
}

fn comment(id: &str, author: Account, body: &str) -> Comment {
    Comment {
        id: id.to_owned(),
        url: String::new(),
        author,
        body: body.to_owned(),
        created_ms: 0,
        place: None,
        thread: Some("t".to_owned()),
        resolved: false,
        reactions: Vec::new(),
    }
}

fn ours(lines: &[&str]) -> Comment {
    let body = Mark::named("PRReview").key(print(lines)).write("**Wrong path**\n\nHigh", Hidden::Html);
    comment("1", account("bot", Trust::Own), &body)
}

fn dismissed(comments: &[Comment]) -> Option<DismissedBy> {
    said(comments, "PRReview", &[]).remove(0).dismissed
}

#[test]
fn only_marked_comments_of_our_own_count() {
    let forged = comment("2", account("mallory", Trust::Outsider), &ours(&["x"]).body);
    let other =
        comment("3", account("bot", Trust::Own), &Mark::named("PRReview/summary").write("x", Hidden::Html));
    let strange =
        comment("4", account("bot", Trust::Own), &Mark::named("PRReview").key("x").write("x", Hidden::Html));
    let found = said(&[forged, ours(&["data = open(path)"]), other, strange], "PRReview", &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].title.as_str(), found[0].thread.as_deref()), ("Wrong path", Some("t")));
}

#[test]
fn insiders_dismiss_and_nobody_else() {
    let reply = |trust| comment("9", account("ada", trust), "false positive: it is checked");
    let word = dismissed(&[ours(&["x"]), reply(Trust::Insider)]).unwrap();
    assert_eq!((word.by.as_str(), word.reason.as_str()), ("ada", "it is checked"));
    assert_eq!(dismissed(&[ours(&["x"]), reply(Trust::Outsider)]), None);
    assert_eq!(dismissed(&[ours(&["x"]), reply(Trust::Own)]), None);
    let elsewhere = Comment { thread: Some("u".to_owned()), ..reply(Trust::Insider) };
    assert_eq!(dismissed(&[ours(&["x"]), elsewhere]), None);
    let down = |trust| {
        let reaction = Reaction { approves: Some(false), by: account("bo", trust) };
        dismissed(&[Comment { reactions: vec![reaction], ..ours(&["x"]) }]).map(|word| word.reason)
    };
    assert_eq!(down(Trust::Insider).as_deref(), Some("thumbs down"));
    assert_eq!((down(Trust::Outsider), down(Trust::Own)), (None, None));
    let up = Reaction { approves: Some(true), by: account("bo", Trust::Insider) };
    assert_eq!(dismissed(&[Comment { reactions: vec![up], ..ours(&["x"]) }]), None);
}

#[test]
fn of_comments_about_one_finding_the_newest_counts() {
    let first = ours(&["x"]);
    let fingerprint = print(&["x"]);
    let comments = |more: Vec<Comment>| [vec![first.clone()], more].concat();
    let read = |comments: &[Comment], fixed: &[&str]| {
        let fixed: Vec<String> = fixed.iter().map(|id| (*id).to_owned()).collect();
        said(comments, "PRReview", &fixed)
    };
    assert_eq!(key(&fingerprint, &[]), fingerprint);
    let once = key(&fingerprint, &read(&comments(Vec::new()), &["1"]));
    let body = Mark::named("PRReview").key(once.clone()).write("**Wrong path**", Hidden::Html);
    let second = Comment { thread: Some("u".to_owned()), ..comment("2", account("bot", Trust::Own), &body) };
    // The older one is resolved, or stands on an equal line: neither matters any more.
    let found = read(&comments(vec![second.clone()]), &["1"]);
    assert_eq!((found.len(), found[0].comment.as_str(), found[0].again, found[0].fixed), (1, "2", 1, false));
    assert_eq!(found[0].fingerprint, fingerprint);
    assert_ne!(key(&fingerprint, &found), once);
    // What people say in the older one holds.
    let word = comment("3", account("ada", Trust::Insider), "wontfix");
    assert!(read(&comments(vec![second, word]), &["1"])[0].dismissed.is_some());
    for key in ["~1", &format!("{fingerprint}~"), &format!("{fingerprint}~x"), &format!("{fingerprint}~1~1")]
    {
        let body = Mark::named("PRReview").key(key).write("x", Hidden::Html);
        assert_eq!(read(&[comment("1", account("bot", Trust::Own), &body)], &[]), [], "{key}");
    }
}

#[test]
fn what_is_fixed_is_remembered_until_somebody_opens_it_again() {
    let mut found = said(&[ours(&["x"])], "PRReview", &[]);
    found[0].still = Still::Gone;
    assert_eq!(fixed(&found, &resolved(&found)), ["1"]);
    (found[0].fixed, found[0].resolved) = (true, true);
    assert!(found[0].is_over() && resolved(&found).is_empty());
    assert_eq!(fixed(&found, &[]), ["1"]);
    // Opened by somebody: it is not closed against them.
    found[0].resolved = false;
    assert!(!found[0].is_over() && resolved(&found).is_empty());
    assert_eq!(fixed(&found, &[]), ["1"]);
    found[0].still = Still::Here;
    assert_eq!(fixed(&found, &[]), [""; 0]);
}

fn still(lines: &[&str], files: &[ReviewFile]) -> Still {
    let mut found = said(&[ours(lines)], "PRReview", &[]);
    look(&mut found, files, &[]);
    found[0].still
}

#[test]
fn lines_that_only_move_are_still_there() {
    let line = &["    data = open(path)"];
    assert_eq!(still(line, &[changed("a.py", OLD, NEW)]), Still::Here);
    let above = "import os\n\n";
    let shifted = changed("a.py", &format!("{above}{OLD}"), &format!("{above}{NEW}"));
    assert_eq!(still(line, &[shifted]), Still::Here);
    assert_eq!(still(line, &[renamed("a.py", "b.py", OLD, NEW)]), Still::Here);
    assert_eq!(still(line, &[changed("a.py", OLD, &NEW.replace("    ", "\t"))]), Still::Here);
    // Into another function, as new lines of the change.
    let moved = OLD.replace("    return 1", "    data = open(path)\n    return 1");
    assert_eq!(still(line, &[changed("a.py", OLD, &moved)]), Still::Moved);
    assert_eq!(still(line, &[changed("c.py", "", "data = open(path)\n")]), Still::Moved);
}

#[test]
fn lines_that_are_gone_or_changed_are_fixed() {
    let line = &["data = open(path)"];
    assert_eq!(
        still(line, &[changed("a.py", OLD, &NEW.replace("open(path)", "open(path, 'r')"))]),
        Still::Gone
    );
    assert_eq!(still(line, &[changed("a.py", OLD, &OLD.replace("1", "2"))]), Still::Gone);
    assert_eq!(still(line, &[]), Still::Gone);
    assert_eq!(still(&["data = open(path)", "return data"], &[changed("a.py", OLD, NEW)]), Still::Here);
    let between = NEW.replace("    return data", "    check(data)\n    return data");
    assert_eq!(still(&["data = open(path)", "return data"], &[changed("a.py", OLD, &between)]), Still::Gone);
    // An equal line that was always elsewhere is not the one that was meant.
    let old = "def a():\n    x = 1\n\n\ndef other():\n    data = open(path)\n";
    assert_eq!(still(line, &[changed("a.py", old, &old.replace("x = 1", "x = 2"))]), Still::Gone);
    let mut found = said(&[ours(line)], "PRReview", &[]);
    look(&mut found, &[], &[]);
    assert_eq!(resolved(&found).len(), 1);
    found[0].resolved = true;
    assert!(resolved(&found).is_empty());
}

#[test]
fn what_is_left_out_of_the_review_is_not_known() {
    let place = LinePlace { path: "a.py".to_owned(), side: Side::New, start_line: None, line: Some(2) };
    let mut found = said(&[Comment { place: Some(place), ..ours(&["data = open(path)"]) }], "PRReview", &[]);
    let mut look_at = |path: &str, reason| {
        look(
            &mut found,
            &[],
            &[NotReviewed { path: path.to_owned(), old_path: Some("a.py".to_owned()), reason }],
        );
        std::mem::take(&mut found[0].still)
    };
    assert_eq!(look_at("a.py", Reason::NotWanted), Still::Unknown);
    assert_eq!(look_at("vendor/a.py", Reason::Vendored), Still::Unknown);
    assert_eq!(look_at("a.py", Reason::Deleted), Still::Gone);
}

#[test]
fn of_two_findings_on_equal_lines_one_is_fixed_when_one_line_is() {
    let two = "def read(path):\n    check(path)\n    x = 1\n    check(path)\n";
    let second = ours(&["check(path)"]);
    let body = second.body.replace("-1.0", "-1.1");
    let mut found =
        said(&[ours(&["check(path)"]), Comment { id: "2".to_owned(), body, ..second }], "PRReview", &[]);
    assert_eq!(found.len(), 2);
    look(&mut found, &[changed("a.py", "", two)], &[]);
    assert_eq!(found.iter().map(|said| said.still).collect::<Vec<_>>(), [Still::Here, Still::Here]);
    look(&mut found, &[changed("a.py", "", &two.replacen("check(path)", "check(path, 1)", 1))], &[]);
    assert_eq!(found.iter().map(|said| said.still).collect::<Vec<_>>(), [Still::Here, Still::Gone]);
}

#[test]
fn removed_lines_are_gone_when_they_are_back() {
    let print = Fingerprint::of("logic", "a.py", "read", Side::Old, ["return load(path)"]).to_string();
    let body = Mark::named("PRReview").key(print).write("**x**", Hidden::Html);
    let mut found = said(&[comment("1", account("bot", Trust::Own), &body)], "PRReview", &[]);
    look(&mut found, &[changed("a.py", OLD, NEW)], &[]);
    assert_eq!(found[0].still, Still::Here);
    look(&mut found, &[changed("a.py", OLD, &OLD.replace("return 1", "return 2"))], &[]);
    assert_eq!(found[0].still, Still::Gone);
}
