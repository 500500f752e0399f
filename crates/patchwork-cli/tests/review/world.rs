//! A repository with a pull request at a forge, and a model that reviews it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use patchwork_core::port::forge::{ForgeKind, Thing};
use patchwork_testkit::forge::{Comment, ForgeServer, Pull};
use patchwork_testkit::git_http::GitHttp;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};
use patchwork_testkit::repo::{PullRefs, TestRepo};
use serde_json::{Value, json};

/// The key of the model.
pub(crate) const KEY: &str = "sk-test-key-that-is-long-enough";

/// The token of the forge.
pub(crate) const TOKEN: &str = "test-token-that-is-long-enough";

/// A package that `cargo xtask test` unpacks.
pub(crate) fn subject(release: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("PATCHWORK_TEST_SUBJECTS").expect("cargo xtask test sets it"))
        .join(release)
}

/// How a run of the binary ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// Fails the test unless the run ended with this code.
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A model that finds something wrong with each added line that says `TODO-<rule>`, and thinks the second time as it did the first.
pub(crate) fn reviewing(request: &SeenRequest) -> Reply {
    finding(request, |line| {
        let rule = line.split_once("TODO-")?.1;
        Some(rule.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect())
    })
}

/// A model that finds the rule broken that `rule_of` tells of an added line, and thinks the second time as it did the first.
pub(crate) fn finding(request: &SeenRequest, rule_of: impl Fn(&str) -> Option<String>) -> Reply {
    let user = request.user();
    if user.contains("Finding 1:") {
        let numbers = (1..).take_while(|number| user.contains(&format!("Finding {number}:")));
        let verdicts: Vec<Value> = numbers
            .map(|number| json!({"finding": number, "stands": true, "reason": "it holds", "confidence": 0.9}))
            .collect();
        return Reply::text(json!({ "verdicts": verdicts }).to_string());
    }
    let mut path = String::new();
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for line in user.lines() {
        if let Some(name) = line.strip_prefix("file ").filter(|name| name.ends_with(')')) {
            path = name.split(" (").next().unwrap_or_default().to_owned();
            files.push(json!({"path": path, "about": format!("changes {path}")}));
        }
        let mut words = line.split_whitespace();
        let (Some(number), Some(sign)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        if let (true, Some(rule)) = (sign.starts_with('+'), rule_of(line)) {
            let code = line.split_once('+').map(|(_, code)| code.trim()).unwrap_or_default();
            findings.push(json!({
                "rule": rule, "path": path, "side": "new", "start_line": number, "line": number, "code": code,
                "severity": "high", "confidence": 0.9, "title": format!("{rule} goes wrong"),
                "explanation": "It goes wrong when it is run.", "suggestion": null,
            }));
        }
    }
    Reply::text(json!({ "files": files, "findings": findings }).to_string())
}

/// A repository and what belongs to it.
pub(crate) struct World {
    pub(crate) repo: TestRepo,
    #[expect(dead_code, reason = "it serves as long as it lives")]
    git: GitHttp,
    pub(crate) forge: ForgeServer,
    pub(crate) model: ModelServer,
    kind: ForgeKind,
    slug: String,
    bare: PathBuf,
    number: u64,
}

impl World {
    /// A repository at a forge of this kind, with these files on `main`.
    pub(crate) fn new(kind: ForgeKind, files: &[(&str, &str)]) -> Self {
        let slug = match kind {
            ForgeKind::GitLab => "acme/tools/shop",
            ForgeKind::AzureDevOps => "acme/tools/_git/shop",
            _ => "acme/shop",
        };
        Self::of(kind, slug, files, reviewing)
    }

    /// One of this name, with a model that answers so.
    pub(crate) fn of(
        kind: ForgeKind,
        slug: &str,
        files: &[(&str, &str)],
        model: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let repo = TestRepo::with_files(files);
        let hosted = repo.beside("hosted");
        let bare = hosted.join(format!("{slug}.git"));
        std::fs::create_dir_all(bare.parent().unwrap()).unwrap();
        repo.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
        repo.git(&["push", "-q", bare.to_str().unwrap(), "main"]);
        let git = GitHttp::start(&hosted, TOKEN);
        repo.git(&["remote", "add", "origin", &git.url(&format!("{slug}.git"))]);
        repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        let forge = ForgeServer::start(kind, &slug.replace("/_git/", "/"), TOKEN).unwrap();
        let model = ModelServer::start(model);
        Self { repo, git, forge, model, kind, slug: slug.to_owned(), bare, number: 0 }
    }

    /// Opens a pull request from `feature`, which has these files as well.
    pub(crate) fn open(&mut self, files: &[(&str, Option<&str>)]) {
        self.open_as(0, files);
    }

    /// Opens it under a number, or the next free one when that is 0.
    pub(crate) fn open_as(&mut self, number: u64, files: &[(&str, Option<&str>)]) {
        self.repo.git(&["branch", "feature", "main"]);
        self.repo.commit_on("feature", "A change", files);
        let pull = self.forge.with(|state| Pull {
            number,
            ..state.new_pull("main", "feature", "A change", "What it is for.")
        });
        self.number = self.forge.add(pull);
        self.forge.with(|state| state.insiders.push("maintainer".into()));
        self.show();
    }

    /// Pushes more to the pull request's branch.
    pub(crate) fn push(&self, message: &str, files: &[(&str, Option<&str>)]) {
        self.repo.commit_on("feature", message, files);
        self.show();
    }

    /// Pushes a branch as it is, whatever stands there.
    pub(crate) fn publish(&self, branch: &str) {
        self.repo.git(&[
            "push",
            "-q",
            "--force",
            self.bare.to_str().unwrap(),
            &format!("{branch}:refs/heads/{branch}"),
        ]);
    }

    /// Tells the forge where the branch stands now.
    pub(crate) fn show(&self) {
        let refs = match self.kind {
            ForgeKind::GitHub => PullRefs::GitHub,
            ForgeKind::GitLab => PullRefs::GitLab,
            ForgeKind::AzureDevOps => PullRefs::Azure,
            ForgeKind::Gitea => PullRefs::Gitea,
            ForgeKind::Bitbucket => PullRefs::Bitbucket,
        };
        let head = self.repo.open_pull(&self.bare, refs, self.number, "feature", "main");
        self.publish("feature");
        let base = self.repo.git(&["merge-base", "main", "feature"]);
        let text = self.repo.git(&["diff", "--no-color", "--no-ext-diff", "-M", &base, &head]);
        let files = patchwork_core::change::read_diff(&format!("{text}\n")).unwrap();
        self.forge.with(|state| {
            let pull = state.pull_mut(self.number).unwrap();
            pull.head_commit = head.clone();
            pull.base_commit = base.clone();
            pull.commits = vec![(head.clone(), "A change".into())];
            pull.files = files;
        });
    }

    /// The address of the pull request.
    pub(crate) fn url(&self) -> String {
        let word = match self.kind {
            ForgeKind::GitHub => "pull",
            ForgeKind::GitLab => "-/merge_requests",
            ForgeKind::AzureDevOps => "pullrequest",
            ForgeKind::Gitea => "pulls",
            ForgeKind::Bitbucket => "pull-requests",
        };
        format!("{}/{}/{word}/{}", self.forge.url(), self.slug, self.number)
    }

    /// The remote's folder.
    pub(crate) fn bare(&self) -> &Path {
        &self.bare
    }

    /// Reviews the pull request.
    pub(crate) fn review(&self, more: &[&str]) -> Ran {
        let mut args = vec![
            "PRReview".to_owned(),
            format!("pr_url={}", self.url()),
            format!("scm_url={}", self.forge.url()),
            format!("{}={TOKEN}", self.kind.token_option()),
        ];
        args.extend(self.model_args());
        args.extend(more.iter().map(|one| (*one).to_owned()));
        self.run(&args)
    }

    /// The options that lead to the model.
    pub(crate) fn model_args(&self) -> Vec<String> {
        vec![
            format!("client_base_url={}", self.model.openai_url()),
            format!("openai_api_key={KEY}"),
            "model=gpt-4o".to_owned(),
        ]
    }

    /// Runs the binary in the repository, with nothing of the developer's environment.
    pub(crate) fn run(&self, args: &[String]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_patchwork"))
            .current_dir(self.repo.root())
            .env_clear()
            .envs(self.repo.environment())
            .env("PATCHWORK_STATE_DIR", self.repo.beside("state"))
            .env("PATCHWORK_KEEP_ANSWERS", "0")
            .args(args)
            .stdin(Stdio::null())
            .output();
        Ran::of(output.expect("the binary starts"))
    }

    /// All comments on the pull request.
    pub(crate) fn comments(&self) -> Vec<Comment> {
        self.forge.with(|state| state.comments_on(Thing::PullRequest(self.number)).cloned().collect())
    }

    /// The findings that were said: path, line, first words, whether the thread is resolved.
    pub(crate) fn said(&self) -> Vec<String> {
        let login = self.forge.with(|state| state.login.clone());
        let mut said: Vec<String> = self
            .comments()
            .iter()
            .filter(|comment| comment.author == login && comment.body.contains("PRReview/finding"))
            .filter_map(|comment| {
                let place = comment.place.as_ref()?;
                let title = comment.body.split("**").nth(1).unwrap_or_default();
                let resolved = if comment.resolved { " resolved" } else { "" };
                Some(format!("{}:{} {title}{resolved}", place.path, place.line.unwrap_or(0)))
            })
            .collect();
        said.sort();
        said
    }

    /// The summary.
    pub(crate) fn summary(&self) -> String {
        let comments = self.comments();
        let mut found = comments.iter().filter(|comment| comment.body.contains("PRReview/summary"));
        let summary = found.next().expect("there is a summary").body.clone();
        assert!(found.next().is_none(), "there is one summary");
        summary
    }

    /// How many questions the model was asked so far.
    pub(crate) fn asked(&self) -> usize {
        self.model.requests().len()
    }

    /// Fails the test when a request was not one that the forge describes.
    #[track_caller]
    pub(crate) fn assert_fair(&self) {
        assert_eq!(self.forge.faults(), Vec::<String>::new());
        assert_eq!(self.model.violations(), Vec::<String>::new());
    }
}
