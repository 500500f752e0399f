use super::*;
use crate::change::ChangeStatus;
use crate::port::forge::mark::Mark;
use crate::port::forge::{CheckSpec, IssueSpec};

fn change(path: &str) -> FileChange {
    FileChange {
        path: path.to_owned(),
        old_path: None,
        status: ChangeStatus::Modified,
        binary: false,
        old_mode: Some("100644".into()),
        new_mode: Some("100644".into()),
        hunks: Vec::new(),
        left_out: None,
        additions: 0,
        deletions: 0,
    }
}

fn push(branch: &str) -> Effect {
    let text = |text: &str| text.to_owned();
    Effect::Push(PushSpec { remote: text("origin"), branch: text(branch), commit: text("c"), force: true })
}

fn told(policy: &Policy, effect: &Effect, allowance: &Allowance<'_>) -> Vec<String> {
    policy.violations(effect, allowance).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn protected_paths_are_found_in_every_folder_and_case() {
    let policy = Policy::default();
    let refused = |path: &str| {
        let changes = [change(path)];
        !told(&policy, &push("fix"), &Allowance { changes: &changes, ..Allowance::default() }).is_empty()
    };
    for path in [
        ".github/workflows/ci.yml",
        "sub/.GitHub/workflows/ci.yml",
        ".github",
        ".gitlab-ci.yml",
        "ci/build.gitlab-ci.yml",
        "azure-pipelines-release.yml",
        "app/package-lock.json",
        "Cargo.lock",
        "docs/CLAUDE.md",
        "agents.MD",
        ".cursor/rules/x.mdc",
        ".windsurfrules",
        ".patchwork/rules/x.yml",
        ".patchwork.yaml",
        ".husky/pre-commit",
        "x/.gitattributes",
        "Jenkinsfile",
        ".git\u{200b}hub/workflows/x.yml",
        ".vscode/tasks.json",
    ] {
        assert!(refused(path), "{path}");
    }
    for path in ["src/a.py", "github/x", "docs/lock.md", ".patchwork/dismissed.yml", "Jenkins.md", "xgo.sum"]
    {
        assert!(!refused(path), "{path}");
    }
}

#[test]
fn the_path_the_glob_and_the_field_are_named() {
    let old = FileChange { old_path: Some(".npmrc".into()), ..change("npm.txt") };
    let link = FileChange { new_mode: Some("120000".into()), old_mode: None, ..change("ln") };
    let run = FileChange { new_mode: Some("100755".into()), ..change("run.sh") };
    let module = FileChange { new_mode: Some("160000".into()), old_mode: None, ..change("dep") };
    let changes = [old, link, run, module];
    let bases = ["main".to_owned()];
    let allowance = Allowance { changes: &changes, bases: &bases, ..Allowance::default() };
    insta::assert_snapshot!(told(&Policy::default(), &push("Main"), &allowance).join("\n"), @r"
    push to origin/Main: `Main` is the base or the default branch, which is never pushed to
    push to origin/Main: .npmrc is protected by `.npmrc` (policy: allowed_paths)
    push to origin/Main: ln is a symbolic link (policy: file_kinds)
    push to origin/Main: run.sh is made executable (policy: file_kinds)
    push to origin/Main: dep is a submodule (policy: file_kinds)
    ");
    let policy: Policy = PolicyFile {
        allowed_paths: Some(vec!["/.npmrc".into()]),
        file_kinds: Some(vec![FileKind::Symlink, FileKind::Submodule, FileKind::Executable]),
        ..PolicyFile::default()
    }
    .into();
    assert_eq!(told(&policy, &push("fix"), &allowance), [""; 0]);
    assert_eq!(told(&policy, &push("Release/1"), &allowance).len(), 1);
}

#[test]
fn kinds_numbers_and_outsiders_have_their_limits() {
    let comment = Effect::Comment { on: Thing::PullRequest(7), mark: Mark::named("x"), body: "hi".into() };
    let issue = Effect::Issue { mark: Mark::named("x"), spec: IssueSpec::default() };
    let policy = Policy::default();
    let had = [(EffectKind::Comment, 10)];
    let about = [8];
    let allowance = Allowance { had: &had, about: Some(&about), ..Allowance::default() };
    insta::assert_snapshot!(told(&policy, &comment, &allowance).join("\n"), @r"
    comment on pull request 7: a run may have 10 of `comment`, this would be 11 (policy: effects)
    comment on pull request 7: the run was not about number 7 (policy: numbers)
    ");
    let heard = Allowance { heard: Some("the title of pull request 7 by mallory"), ..Allowance::default() };
    assert_eq!(told(&policy, &comment, &heard), [""; 0]);
    insta::assert_snapshot!(told(&policy, &issue, &heard).join("\n"), @r#"issue "": the run has read the title of pull request 7 by mallory, and then may have no `issue` (policy: outsiders)"#);
    let failure = Violation::failure(&policy.violations(&comment, &allowance).unwrap());
    assert_eq!((failure.exit_code(), failure.causes.len()), (6, 2));
    assert!(failure.hints[0].ends_with("effects, numbers"), "{failure:?}");
}

#[test]
fn labels_that_pipelines_obey_and_checks_of_others_are_refused() {
    let spec = IssueSpec { labels: vec!["bug".into(), "Safe to test".into()], ..IssueSpec::default() };
    let issue = Effect::Issue { mark: Mark::named("x"), spec };
    let grouped = IssueSpec {
        labels: vec!["ci/deploy now".into(), "ci::run-it".into(), "area/ui".into()],
        ..IssueSpec::default()
    };
    let grouped = Effect::Issue { mark: Mark::named("x"), spec: grouped };
    let check = |name: &str| Effect::Check(CheckSpec { name: name.into(), ..CheckSpec::default() });
    let policy = Policy::default();
    let bundle = Allowance { about: Some(&[]), ..Allowance::default() };
    let run = Allowance::default();
    assert_eq!(
        told(&policy, &issue, &run),
        [r#"issue "": the label Safe to test is protected by `*safe*to*test*` (policy: protected_labels)"#]
    );
    assert_eq!(told(&policy, &grouped, &run).len(), 2);
    assert_eq!(told(&policy, &check("build"), &run), [""; 0], "who wrote the patchflow named it");
    assert_eq!(told(&policy, &check("Patchwork review"), &bundle), [""; 0]);
    assert_eq!(told(&policy, &check("build"), &bundle).len(), 1);
}

#[test]
fn a_repository_can_tighten_and_not_loosen() {
    let users: Policy = PolicyFile {
        allowed_paths: Some(vec!["Cargo.lock".into(), "yarn.lock".into()]),
        link_hosts: Some(vec!["a.test".into()]),
        ..PolicyFile::default()
    }
    .into();
    let file: PolicyFile = serde_json::from_value(serde_json::json!({
        "effects": { "push": 100, "comment": 1 },
        "protected_paths": ["deploy/**"],
        "allowed_paths": ["yarn.lock", ".github/**"],
        "link_hosts": ["evil.test"],
        "outsiders": ["push", "comment"],
        "closing_keywords": true,
        "mentions": ["all"],
    }))
    .unwrap();
    let policy = users.clone().tightened(&file);
    assert_eq!((policy.effects[&EffectKind::Push], policy.effects[&EffectKind::Comment]), (2, 1));
    assert_eq!(policy.effects[&EffectKind::Issue], 0);
    assert_eq!(policy.allowed_paths, ["yarn.lock"]);
    assert!(policy.link_hosts.is_empty() && policy.mentions.is_empty() && !policy.closing_keywords);
    assert_eq!(policy.outsiders, [EffectKind::Comment]);
    assert!(policy.protected_paths.contains(&"deploy/**".to_owned()));
    assert!(policy.protected_paths.contains(&".github/**".to_owned()));
    assert_eq!(users.clone().tightened(&PolicyFile::default()), users);
}

#[test]
fn what_is_no_glob_and_what_is_no_field_is_refused() {
    let policy: Policy =
        PolicyFile { protected_paths: Some(vec!["a[".into()]), ..PolicyFile::default() }.into();
    let failure = policy.validate().unwrap_err();
    assert!(failure.message.contains("protected_paths") && failure.message.contains("a["), "{failure}");
    let unknown = serde_json::from_str::<PolicyFile>(r#"{"path": []}"#).unwrap_err().to_string();
    assert!(unknown.contains("path"), "{unknown}");
}
