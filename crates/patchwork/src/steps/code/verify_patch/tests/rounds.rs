//! What is kept, turned down and asked for again, round after round, without a scanner.

use patchwork_core::evidence::Level;

use super::*;

fn app_with(first: &str, second: &str, third: &str) -> String {
    let old: Vec<&str> = APP.split_inclusive('\n').collect();
    let pick = |new: &str, start: usize, end: usize| {
        if new.is_empty() { old[start..end].concat() } else { new.to_owned() }
    };
    format!("{}{}\n{}\n{}", old[..2].concat(), pick(first, 2, 5), pick(second, 6, 9), pick(third, 10, 13))
}

#[tokio::test]
async fn fixes_of_one_file_all_land_where_they_belong() {
    let fixture = Fixture::new(&[("app.py", APP), ("other.py", "x = 1\n")]).await;
    let out = fixture
        .verify(VerifyPatchInput {
            findings: app_pieces(),
            responses: vec![fix(FIRST), fix(SECOND), fix(THIRD)],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(fixture.text("app.py"), app_with(FIRST, SECOND, THIRD));
    assert_eq!((out.accepted.len(), out.pending.len(), out.asked), (3, 0, 3));
    assert!(out.accepted.iter().all(|fix| fix.evidence.level == Level::L0), "{:?}", out.accepted);
    let [file] = &out.modified_code_files[..] else { panic!("{:?}", out.modified_code_files) };
    let diff = fixture.test.context_for(&VerifyPatch).checkout().unwrap().diff().await.unwrap();
    let hunks = |diff: &str| diff[diff.find("@@").unwrap()..].replace(" def first", "").to_owned();
    assert!(file.diff.contains("+    value = int(data)"), "{}", file.diff);
    assert_eq!(
        hunks(&file.diff).lines().filter(|l| !l.starts_with("@@")).collect::<Vec<_>>(),
        hunks(&diff).lines().filter(|l| !l.starts_with("@@")).collect::<Vec<_>>()
    );
    assert_eq!(file.commit_message, "Fix 3 findings in app.py\n\n- Fix it\n- Fix it\n- Fix it");
    assert!(out.accepted[0].diff.contains("+    value = int(data)"));
    assert!(!out.accepted[0].diff.contains("sha256"));
}

#[tokio::test]
async fn a_fix_that_breaks_the_syntax_is_turned_down_and_the_others_stay() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let broken = "def second(data):\n    return hashlib.sha256(data\n";
    let out = fixture
        .verify(VerifyPatchInput {
            findings: app_pieces(),
            responses: vec![fix(FIRST), fix(broken), fix(THIRD)],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(fixture.text("app.py"), app_with(FIRST, "", THIRD));
    let [reason] = reasons(&out)[..] else { panic!("{:?}", out.rejected) };
    assert!(reason.contains("app.py no longer parses with it"), "{reason}");
    assert_eq!(out.pending.len(), 1);
    assert_eq!(out.pending[0].feedback, [reason]);
    assert_eq!(out.pending[0].affected_code, app_pieces()[1].affected_code, "its lines did not change");

    // The lines of the base are asked about still, wherever they are by now.
    let out = fixture.verify(next_round(out, vec![fix(SECOND)])).await;
    assert_eq!(fixture.text("app.py"), app_with(FIRST, SECOND, THIRD));
    assert_eq!((out.accepted.len(), out.pending.len()), (3, 0));
    assert!(out.modified_code_files[0].diff.contains("-    value = eval(data)"), "the diff is of the base");
    let replaced: Vec<&str> = out.accepted.iter().map(|fix| fix.replaced[0].as_str()).collect();
    assert_eq!(replaced, app_pieces().iter().map(|p| p.affected_code.as_str()).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_answer_gets_its_verdict() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let out = fixture
        .verify(VerifyPatchInput {
            findings: app_pieces(),
            responses: vec![
                says("NOT VULNERABLE\nIt is a constant."),
                says("NO FIX POSSIBLE"),
                Answer { error: Some("the server said 500".into()), ..Answer::default() },
            ],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(fixture.text("app.py"), APP);
    assert_eq!(out.not_vulnerable[0].to_string(), "app.py:4 python-eval: It is a constant.");
    assert_eq!(out.no_fix[0].to_string(), "app.py:8 python-weak-hash");
    assert_eq!(reasons(&out), ["the server said 500"]);
    assert_eq!((out.asked, out.unanswered, out.pending.len()), (3, 1, 1));
    assert!(out.pending[0].feedback.is_empty(), "the model did nothing wrong");

    let out = fixture.verify(next_round(out, vec![fix(THIRD)])).await;
    assert_eq!((out.accepted.len(), out.not_vulnerable.len(), out.no_fix.len()), (1, 1, 1));
}

#[tokio::test]
async fn pieces_that_were_not_asked_about_stay() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let input = VerifyPatchInput { findings: app_pieces(), ..VerifyPatchInput::default() };
    let out = fixture.verify(input).await;
    assert_eq!(out.pending, app_pieces());
    assert_eq!((out.asked, out.rejected.len()), (0, 0));
}

#[tokio::test]
async fn the_compatibility_limit_is_on_the_risk() {
    for (limit, risk, kept) in [
        (Risk::Unknown, "High", true),
        (Risk::Unknown, "who knows", true),
        (Risk::Medium, "Low – because nobody notices", true),
        (Risk::Medium, "Medium", true),
        (Risk::Medium, "High", false),
        (Risk::Low, "Medium", false),
        (Risk::High, "who knows", false),
    ] {
        let fixture = Fixture::new(&[("app.py", APP)]).await;
        let out = fixture
            .verify(VerifyPatchInput {
                findings: app_pieces().into_iter().take(1).collect(),
                responses: vec![says(&fix_reply("c", "s", risk, FIRST))],
                compatibility: limit,
                ..VerifyPatchInput::default()
            })
            .await;
        assert_eq!(out.accepted.len() == 1, kept, "{limit:?} {risk}: {:?}", out.rejected);
        assert_eq!(fixture.text("app.py") == APP, !kept);
    }
}

#[tokio::test]
async fn a_fix_of_lines_that_another_fixed_comes_on_top_of_it() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let mut wide = piece(APP, "app.py", 6, 13, "python-weak-hash");
    wide.findings.push(finding("app.py", "extra", 12));
    let pieces = vec![app_pieces().remove(2), wide];
    let replacement = format!("{SECOND}\n{THIRD}");
    let out = fixture
        .verify(VerifyPatchInput {
            findings: pieces,
            responses: vec![fix(THIRD), fix(&replacement)],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(fixture.text("app.py"), app_with("", "", THIRD));
    assert_eq!(reasons(&out), ["another fix changes the same lines"]);
    let [again] = &out.pending[..] else { panic!("{:?}", out.pending) };
    assert!(again.affected_code.contains("safe_load"), "it shows the new text: {}", again.affected_code);
    assert!(again.feedback.is_empty());

    let out = fixture.verify(next_round(out, vec![fix(&replacement)])).await;
    assert_eq!(fixture.text("app.py"), app_with("", SECOND, THIRD));
    let [both] = &out.accepted[..] else { panic!("{:?}", out.accepted) };
    assert_eq!(both.findings.len(), 3, "it fixes what both fixed");
    assert_eq!(both.replaced.concat(), APP.split_inclusive('\n').skip(6).collect::<String>());
}

#[tokio::test]
async fn a_rules_fix_is_taken_without_an_answer_and_what_waits_sees_it() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let by_rule = rule_fix(app_pieces().remove(2), 11, "    value = yaml.safe_load(data)\n");
    let mut waiting = piece(APP, "app.py", 10, 13, "other-rule");
    waiting.findings[0].start_line = 13;
    let out = fixture
        .verify(VerifyPatchInput { findings: vec![by_rule, waiting], ..VerifyPatchInput::default() })
        .await;
    assert_eq!(fixture.text("app.py"), app_with("", "", THIRD));
    assert_eq!(out.accepted[0].source, patchwork_core::evidence::Author::Rule);
    assert_eq!(out.accepted[0].commit_message, "Fix python-yaml-load in app.py");
    assert_eq!(out.pending[0].affected_code, THIRD);
}

#[tokio::test]
async fn a_rules_fix_that_fails_is_left_to_the_model() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let by_rule = rule_fix(app_pieces().remove(2), 11, "    value = yaml.safe_load((data\n");
    let out =
        fixture.verify(VerifyPatchInput { findings: vec![by_rule], ..VerifyPatchInput::default() }).await;
    assert_eq!(fixture.text("app.py"), APP);
    assert_eq!((out.pending.len(), out.rejected.len()), (1, 1));
    assert_eq!(out.pending[0].fix, None);
    assert!(out.pending[0].feedback.is_empty());
}

#[tokio::test]
async fn line_ends_and_indentation_stay_those_of_the_file() {
    let crlf = APP.replace('\n', "\r\n");
    let fixture = Fixture::new(&[("app.py", &crlf)]).await;
    // The model dedented nothing here; it forgot the final newline and wrote plain line ends.
    let out = fixture
        .verify(VerifyPatchInput {
            findings: app_pieces(),
            responses: vec![fix(FIRST.trim_end())],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(out.accepted.len(), 1);
    assert_eq!(fixture.text("app.py"), app_with(FIRST, "", "").replace('\n', "\r\n"));
}

#[tokio::test]
async fn paths_and_lines_from_outside_are_refused_one_by_one() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let outside = AffectedCode { uri: "../../etc/passwd".into(), ..app_pieces().remove(0) };
    let git = AffectedCode { uri: ".git/config".into(), ..app_pieces().remove(0) };
    let missing = AffectedCode { uri: "gone.py".into(), ..app_pieces().remove(0) };
    let beyond = AffectedCode { start_line: 90, end_line: 99, ..app_pieces().remove(0) };
    let reversed = AffectedCode { start_line: 5, end_line: 2, ..app_pieces().remove(0) };
    let mut elsewhere = rule_fix(app_pieces().remove(1), 7, "    value = 1\n");
    if let Some(fix) = &mut elsewhere.fix {
        fix.edits[0].path = "other.py".into();
    }
    let findings = vec![outside, git, missing, beyond, reversed, app_pieces().remove(2), elsewhere];
    let out = fixture
        .verify(VerifyPatchInput { findings, responses: vec![fix(THIRD); 6], ..VerifyPatchInput::default() })
        .await;
    assert_eq!((out.accepted.len(), out.rejected.len()), (1, 6), "{:?}", out.rejected);
    assert_eq!(fixture.text("app.py"), app_with("", "", THIRD));
}

#[tokio::test]
async fn two_fixes_that_only_together_break_the_file_lose_the_later() {
    let text = "/* a */\nx();\n/* b */\n";
    let fixture = Fixture::new(&[("app.js", text)]).await;
    // The comment that the first opens is closed by the one that the second takes away.
    let pieces = vec![piece(text, "app.js", 0, 1, "x"), piece(text, "app.js", 2, 3, "y")];
    let out = fixture
        .verify(VerifyPatchInput {
            findings: pieces,
            responses: vec![fix("/* a\n"), fix("y();\n")],
            ..VerifyPatchInput::default()
        })
        .await;
    assert_eq!(reasons(&out), ["together with another fix the file no longer parses"]);
    assert_eq!(fixture.text("app.js"), "/* a\nx();\n/* b */\n");
}

#[tokio::test]
async fn fixes_that_are_not_in_the_checkout_are_an_error() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let out = fixture
        .verify(VerifyPatchInput {
            findings: app_pieces(),
            responses: vec![fix(FIRST)],
            ..VerifyPatchInput::default()
        })
        .await;
    std::fs::write(fixture.path("app.py"), "x = 1\n").unwrap();
    let error = fixture.test.run(&VerifyPatch, next_round(out, vec![fix(SECOND)])).await.unwrap_err();
    assert!(error.to_string().contains("`accepted`"), "{error}");
}

#[tokio::test]
async fn a_fix_over_an_earlier_one_takes_in_all_of_it() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    // One fix with two edits: in the first function and in the third.
    let mut both = rule_fix(app_pieces().remove(0), 3, "    value = int(data)\n");
    let more = rule_fix(app_pieces().remove(2), 11, "    value = yaml.safe_load(data)\n").fix.unwrap();
    both.fix.as_mut().unwrap().edits.extend(more.edits);
    let mut waiting = app_pieces().remove(2);
    waiting.findings[0].start_line = 13;
    let out = fixture
        .verify(VerifyPatchInput { findings: vec![both, waiting], ..VerifyPatchInput::default() })
        .await;
    assert_eq!(out.accepted[0].patch.edits.len(), 2);
    let [piece] = &out.pending[..] else { panic!("{:?}", out.pending) };
    assert_eq!((piece.start_line, piece.end_line), (3, 13), "it grows over both edits");
    assert!(piece.affected_code.starts_with("    value = int(data)\n"), "{}", piece.affected_code);

    let replacement = piece.affected_code.replace("return value", "return [value]");
    let out = fixture.verify(next_round(out, vec![fix(&replacement)])).await;
    assert_eq!((out.accepted.len(), out.pending.len()), (1, 0), "{:?}", out.rejected);
    assert_eq!(out.accepted[0].replaced.concat(), APP.split_inclusive('\n').skip(3).collect::<String>());
    assert!(fixture.text("app.py").contains("safe_load(data)\n    return [value]"));
}

/// A long chain of rounds over one file: the diff against the base is always that of git.
#[tokio::test]
async fn many_rounds_keep_to_the_base() {
    let body: String =
        (0..12).map(|n| format!("def f{n}(data):\n    value = eval(data)\n    return value\n\n")).collect();
    let fixture = Fixture::new(&[("a.py", &body)]).await;
    let findings: Vec<AffectedCode> = (0..12).map(|n| piece(&body, "a.py", n * 4, n * 4 + 3, "r")).collect();
    let mut input = VerifyPatchInput { findings, ..VerifyPatchInput::default() };
    for round in 0..4 {
        // Two of three good ones, of other lengths than what they replace, the third broken.
        input.responses = (0..input.findings.len())
            .map(|at| match (at + round) % 3 {
                0 => fix("def g(data):\n    return data\n"),
                1 => fix(&format!("def g(data):\n{}    return data\n", "    data += 1\n".repeat(round + 1))),
                _ => fix("def g(data:\n    return data\n"),
            })
            .collect();
        let out = fixture.verify(input).await;
        let ctx = fixture.test.context_for(&VerifyPatch);
        let git = ctx.checkout().unwrap().diff().await.unwrap();
        let count = |diff: &str, sign: char| {
            diff.lines()
                .filter(|l| l.starts_with(sign) && !l.starts_with("+++") && !l.starts_with("---"))
                .count()
        };
        let ours = out.modified_code_files.first().map_or("", |file| file.diff.as_str());
        assert_eq!(count(ours, '-'), count(&git, '-'), "round {round}");
        assert_eq!(count(ours, '+'), count(&git, '+'), "round {round}");
        let old: String = ours.lines().filter(|l| l.starts_with('-') && !l.starts_with("---")).collect();
        assert!(!old.contains("def g"), "the old side is the base");
        input = next_round(out, Vec::new());
    }
    assert_eq!((input.accepted.len(), input.findings.len()), (12, 0));
}
