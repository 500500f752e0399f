use std::sync::Arc;

use patchwork_core::effect::{Policy, PolicyFile, PushSpec};
use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::{CheckSpec, Credential, Forge, ForgeTarget, Forges, SarifSpec};
use patchwork_core::secret::Secret;
use patchwork_remote::forge::Sites;
use patchwork_testkit::forge::ForgeServer;
use serde_json::json;

use super::check::same_repository;
use super::*;

fn bundle() -> Bundle {
    Bundle {
        kind: KIND.to_owned(),
        version: VERSION,
        program_version: "0".to_owned(),
        patchflow: "AutoFix".to_owned(),
        run: "r".to_owned(),
        created_ms: 0,
        repository: Target {
            forge: Some(ForgeKind::GitHub),
            remote_url: "https://github.com/acme/shop".to_owned(),
            base: "0".repeat(40),
            branch: Some("main".to_owned()),
        },
        about: vec![7],
        heard: None,
        effects: vec![Effect::Resolve { number: 7, thread: "t".to_owned(), resolved: true }],
        commits: Vec::new(),
        totals: Totals::default(),
        evidence: Value::Null,
        recording: Value::Null,
    }
}

#[test]
fn both_forms_of_a_bundle_are_read_and_have_their_digest() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle");
    let mut digests = Vec::new();
    for plain in [false, true] {
        let mut bytes = Vec::new();
        let written = if plain { bundle().write_plain(&mut bytes) } else { bundle().write(&mut bytes) };
        written.unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let (read, digest) = Bundle::read(&file).unwrap();
        assert_eq!(read, bundle());
        assert_eq!(digest, read::digest(&bytes));
        digests.push(digest);
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_file_that_swells_or_breaks_off_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle");
    let mut bytes = Vec::new();
    bundle().write(&mut bytes).unwrap();
    for end in [1, 2, 10, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..end]).unwrap();
        let failure = Bundle::read(&file).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage, "{failure}");
    }
    let deep = format!("{{\"kind\":\"{KIND}\",\"version\":1,\"evidence\":{}", "[".repeat(100_000));
    std::fs::write(&file, deep).unwrap();
    assert!(Bundle::read(&file).unwrap_err().message.contains("is not a bundle"));
}

#[test]
fn a_repository_is_the_same_however_its_remote_is_written() {
    let one = "https://github.com/Acme/shop.git";
    for same in [
        "git@github.com:acme/shop",
        "ssh://git@github.com:22/acme/shop.git",
        "https://u:p@github.com/acme/shop/",
    ] {
        assert!(same_repository(one, same), "{same}");
    }
    for other in [
        "https://github.com/acme/shop2",
        "https://github.com.evil.test/acme/shop",
        "https://evil.test/github.com/acme/shop",
        "https://gitlab.com/acme/shop",
        "/acme/shop",
        "",
    ] {
        assert!(!same_repository(one, other), "{other}");
    }
    assert!(!same_repository("http://127.0.0.1:1/a/b", "http://127.0.0.1:2/a/b"));
    assert!(!same_repository(one, "https://github.com:8443/acme/shop"));
}

/// The commit that the run stood on.
const BASE: &str = "0000000000000000000000000000000000000000";

const TOKEN: &str = "ghp_0123456789abcdefghij";

fn github(api_url: Option<&str>) -> Arc<dyn Forge> {
    let target = ForgeTarget {
        remote_url: bundle().repository.remote_url,
        api_url: api_url.map(str::to_owned),
        credentials: vec![Credential::Token { forge: ForgeKind::GitHub, token: Secret::new(TOKEN) }],
    };
    Sites::new().connect(&target).unwrap()
}

fn sarif(reference: &str, commit: &str, scanner: &str) -> Effect {
    let run = json!({ "tool": { "driver": { "name": scanner } }, "results": [] });
    Effect::Sarif(SarifSpec {
        commit: commit.to_owned(),
        reference: reference.to_owned(),
        sarif: json!({ "version": "2.1.0", "runs": [run] }).to_string(),
    })
}

fn check(commit: &str) -> Effect {
    let (name, title) = ("Patchwork review".to_owned(), "Fine".to_owned());
    Effect::Check(CheckSpec { commit: commit.to_owned(), name, title, ..CheckSpec::default() })
}

/// What speaks against a bundle with these effects, each with the field of the policy that decides.
fn refused(effects: Vec<Effect>, policy: &Policy, pulls: &[Place]) -> Vec<String> {
    let bundle = Bundle { effects, ..bundle() };
    let forge = github(None);
    let bases = ["main".to_owned()];
    let here = Here { remote_url: "git@github.com:acme/shop", forge: &*forge, bases: &bases, pulls };
    bundle.violations(policy, &here).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn checks_and_reports_are_on_the_runs_own_commits_and_pull_requests() {
    let (head, other) = ("1".repeat(40), "2".repeat(40));
    let pull = Place { reference: Some("refs/pull/7/head".to_owned()), commits: vec![head.clone()] };
    let policy = Policy::default();
    let of = |effect: Effect| refused(vec![effect], &policy, std::slice::from_ref(&pull));
    for fine in [
        sarif("refs/heads/main", BASE, "Patchwork Review"),
        sarif("refs/pull/7/head", &head, "Patchwork rules"),
        check(BASE),
        check(&head),
    ] {
        assert_eq!(of(fine), [""; 0]);
    }
    for (reference, commit) in [
        ("refs/heads/main", &*head),
        ("refs/heads/main", &other),
        ("refs/pull/7/head", BASE),
        ("refs/pull/8/head", &head),
        ("refs/heads/release", BASE),
        ("main", BASE),
        ("", BASE),
    ] {
        let found = of(sarif(reference, commit, "Patchwork Review"));
        assert!(
            found.len() == 1 && found[0].ends_with("(policy: numbers)"),
            "{reference} {commit}: {found:?}"
        );
    }
    insta::assert_snapshot!(of(sarif("refs/heads/main", &head, "Patchwork")).join("\n"), @"code scanning report for refs/heads/main: commit 1111111111111111111111111111111111111111 is none that the run knows of this ref (policy: numbers)");
    insta::assert_snapshot!(of(check(&other)).join("\n"), @r#"check "Patchwork review" of 2222222222222222222222222222222222222222: its commit is neither the one that the run stood on, nor one that it pushes, nor one of a pull request that it was about (policy: numbers)"#);

    // A branch that the bundle pushes is its own, its commits as well.
    let push = |commit: &str| {
        let text = |text: &str| text.to_owned();
        Effect::Push(PushSpec {
            remote: text("origin"),
            branch: text("fix"),
            commit: text(commit),
            force: true,
        })
    };
    let pushed = Bundle {
        effects: vec![push(&other), check(&other), sarif("refs/heads/fix", &other, "Patchwork")],
        commits: vec![PackedCommit { id: other.clone(), object: String::new(), files: Vec::new() }],
        ..bundle()
    };
    for effect in &pushed.effects {
        assert_eq!(pushed.place_faults(effect, &policy, &[]).unwrap(), []);
    }
}

#[test]
fn a_report_in_the_name_of_another_scanner_is_refused_unless_policy_names_it() {
    let policy = Policy::default();
    let of = |scanner: &str| refused(vec![sarif("refs/heads/main", BASE, scanner)], &policy, &[]);
    insta::assert_snapshot!(of("CodeQL").join("\n"), @"code scanning report for refs/heads/main: a bundle may hand in no report of the scanner `CodeQL`, whose former results it would replace (policy: scanners)");
    assert_eq!(of("").len(), 1);
    assert_eq!(of("CodeQL Patchwork").len(), 1);
    let allowed: Policy =
        PolicyFile { scanners: Some(vec!["Semgrep*".to_owned()]), ..PolicyFile::default() }.into();
    let semgrep = || vec![sarif("refs/heads/main", BASE, "Semgrep OSS")];
    assert_eq!(refused(semgrep(), &allowed, &[]), [""; 0]);
    let tightened = allowed.tightened(&PolicyFile { scanners: Some(Vec::new()), ..PolicyFile::default() });
    assert_eq!(refused(semgrep(), &tightened, &[]).len(), 1);
}

#[test]
fn what_another_reader_might_see_in_a_report_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle");
    let read = |text: &str| {
        let spec = SarifSpec { sarif: text.to_owned(), ..SarifSpec::default() };
        let bundle = Bundle { effects: vec![Effect::Sarif(spec)], ..bundle() };
        bundle.write(std::fs::File::create(&file).unwrap()).unwrap();
        Bundle::read(&file).map(|(bundle, _)| match &bundle.effects[0] {
            Effect::Sarif(spec) => spec.sarif.clone(),
            other => panic!("{other:?}"),
        })
    };
    let ours = r#"{"tool":{"driver":{"name":"Patchwork"}},"results":[]}"#;
    let theirs = ours.replace("Patchwork", "CodeQL");
    let category = ours.replacen('{', r#"{"automationDetails":{"id":"/language:python/"},"#, 1);
    for text in [
        format!(r#"{{"version":"2.1.0","runs":[{ours}]}}"#),
        format!(r#"{{"version":"2.1.0","runs":[{ours}],"Runs":[{theirs}],"inlineExternalProperties":null}}"#),
        format!(r#"{{"version":"2.1.0","runs":[{category}]}}"#),
    ] {
        assert_eq!(read(&text).unwrap(), format!(r#"{{"version":"2.1.0","runs":[{ours}]}}"#), "{text}");
    }
    let unused = r#"{"tool":{"driver":{"name":"Patchwork","rules":[{"id":"a"},{"id":"b"}]}},"results":[]}"#;
    let once = read(&format!(r#"{{"version":"2.1.0","runs":[{unused}]}}"#)).unwrap();
    assert!(
        once.contains(r#""rules":[{"id":"patchwork/unused/0"},{"id":"patchwork/unused/1"}]"#),
        "a rule without results is one all the same: {once}"
    );
    assert_eq!(read(&once).unwrap(), once);
    let twice = read(&format!(r#"{{"version":"2.1.0","runs":[{theirs}],"runs":[{ours}]}}"#));
    assert!(twice.is_err() || !twice.unwrap().contains("CodeQL"));
    let failure = read("[]").unwrap_err();
    assert!(failure.message.contains("effects[0].sarif"), "{failure}");
}

#[tokio::test]
async fn the_forge_is_asked_for_pull_requests_that_checks_and_reports_are_on() {
    let server = ForgeServer::github("acme/shop", TOKEN).unwrap();
    let mut pull = server.pull("main", "feature", "Feature", "Text.");
    (pull.number, pull.head_commit) = (7, "1".repeat(40));
    pull.commits = vec![("3".repeat(40), "before".to_owned()), ("1".repeat(40), "now".to_owned())];
    server.add(pull);
    let issue = server.add_issue("anna", "An issue", "Text.");
    let forge = github(Some(server.url()));
    let asked = |effect: Effect, about: Vec<u64>| {
        let bundle = Bundle { effects: vec![effect], about, ..bundle() };
        let forge = forge.clone();
        async move { bundle.pulls(&Policy::default(), &*forge).await.unwrap() }
    };
    assert_eq!(asked(check(BASE), vec![7]).await, []);
    assert_eq!(server.requests().len(), 0);
    let pulls = asked(check(&"3".repeat(40)), vec![issue, 7, 99]).await;
    assert_eq!(pulls.len(), 1);
    for known in ["1", "3"] {
        assert_eq!(refused(vec![check(&known.repeat(40))], &Policy::default(), &pulls), [""; 0]);
        let report = sarif("refs/pull/7/head", &known.repeat(40), "Patchwork");
        assert_eq!(refused(vec![report], &Policy::default(), &pulls), [""; 0]);
    }
    let before = server.requests().len();
    let _ = asked(check(&"4".repeat(40)), (100..1_000).collect()).await;
    assert_eq!(server.requests().len() - before, 10, "who made the bundle may name any number of them");
}

#[test]
fn a_commit_has_the_headers_of_ours_and_no_others() {
    let who = "Patchwork <patchwork@localhost> 1 +0000";
    let object =
        |more: &str| format!("tree {BASE}\nparent {BASE}\nauthor {who}\ncommitter {who}\n{more}\nFix it\n");
    let told = |object: String| {
        let commits = vec![PackedCommit { id: "1".repeat(40), object, files: Vec::new() }];
        let bundle = Bundle { commits, ..bundle() };
        let forge = github(None);
        let here = Here { remote_url: "git@github.com:acme/shop", forge: &*forge, bases: &[], pulls: &[] };
        let found = bundle.violations(&Policy::default(), &here).unwrap();
        found
            .into_iter()
            .map(|violation| violation.problem)
            .filter(|problem| problem.contains("header"))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(object("")), [""; 0]);
    // In UTF-7 `+AEA-all` mentions everybody.
    assert_eq!(
        told(object("encoding UTF-7\n")),
        [format!("commit {} has the header `encoding`", "1".repeat(40))]
    );
    assert_eq!(told(object("gpgsig a\n b\n")).len(), 2);
}
