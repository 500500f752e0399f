//! What a stand-in holds: one model of a site for all of them, which dialects translate.

use patchwork_core::change::FileChange;
use patchwork_core::port::forge::{Annotation, ForgeKind, LinePlace, Thing};

use super::azure::AzureSite;
use super::bitbucket::BitbucketSite;
use super::gitlab::GitLabSite;
use super::replay::Replay;

/// A pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// Whether it was merged; then it is not open.
    pub merged: bool,
    /// Whether it is not ready for review.
    pub draft: bool,
    /// Whether only people who may write can comment.
    pub locked: bool,
    /// The login of whoever opened it.
    pub author: String,
    /// `owner/name` of the repository that holds the head: the stand-in's own, a fork, or empty when that was deleted.
    pub head_repository: String,
    /// The branch with the changes.
    pub head: String,
    /// The newest commit of the head.
    pub head_commit: String,
    /// The branch to merge into.
    pub base: String,
    /// The commit that the changes are counted from.
    pub base_commit: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Id and message of each commit, oldest first.
    pub commits: Vec<(String, String)>,
    /// What it changes.
    pub files: Vec<FileChange>,
}

/// An issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// The login of whoever opened it.
    pub author: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Labels.
    pub labels: Vec<String>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Its number; they count upwards over the whole site.
    pub id: u64,
    /// What it is on.
    pub on: Thing,
    /// The login of its author.
    pub author: String,
    /// Markdown.
    pub body: String,
    /// When it was written, milliseconds since 1970: a second after the one before.
    pub created_ms: i64,
    /// Whether it was changed.
    pub edited: bool,
    /// The lines that it is on.
    pub place: Option<LinePlace>,
    /// The commit that it was made on, of one on lines.
    pub commit: String,
    /// The first comment of its thread: its own id when it is that itself. None outside of threads.
    pub thread: Option<u64>,
    /// Whether its thread is resolved; true of all comments of the thread then.
    pub resolved: bool,
    /// Who thinks what of it: a login and `+1`, `-1` or another name.
    pub reactions: Vec<(String, String)>,
    /// The review that it came with.
    pub review: Option<u64>,
    /// Whether it is the text of that review.
    pub is_review: bool,
    /// Whether the site wrote it itself (`changed the title`).
    pub system: bool,
}

/// A check of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub commit: String,
    /// Its name.
    pub name: String,
    /// How it ended, in the site's word.
    pub conclusion: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// A page with more.
    pub details_url: Option<String>,
    /// Remarks on lines.
    pub annotations: Vec<Annotation>,
    /// How many annotations came with each request.
    pub batches: Vec<usize>,
}

/// A report of code scanning that was handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sarif {
    /// The commit.
    pub commit: String,
    /// The ref.
    pub reference: String,
    /// The report as it was written.
    pub text: String,
}

/// A GitHub App that is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// Its id, as signed requests name it.
    pub id: String,
    /// Its installation on the repository.
    pub installation: u64,
    /// How long a token of it is good, milliseconds.
    pub lifetime_ms: i64,
    /// Tokens that it was given.
    pub minted: u64,
}

/// What the stand-in knows.
#[derive(Debug)]
pub struct State {
    /// Which site it is.
    pub kind: ForgeKind,
    /// Its address.
    pub url: String,
    /// `owner/name` (or `group/subgroup/name`, `organization/project/name`), as it is now.
    pub slug: String,
    /// A name it had before; requests for it are redirected.
    pub old_slug: Option<String>,
    /// The token that it takes.
    pub token: String,
    /// The login of the token's account.
    pub login: String,
    /// Whether the token may push.
    pub may_push: bool,
    /// Whether the token is one of an app's installation, as in GitHub Actions.
    pub installation: bool,
    /// The app that is installed, if there is one.
    pub app: Option<App>,
    /// Whether the repository takes no changes.
    pub archived: bool,
    /// Whether the repository has issues.
    pub has_issues: bool,
    /// Whether the repository may have drafts.
    pub has_drafts: bool,
    /// Labels of the repository that nothing has yet.
    pub made_labels: Vec<String>,
    /// Branches that are gone.
    pub gone: Vec<String>,
    /// Logins of people who may write.
    pub insiders: Vec<String>,
    /// Pull requests.
    pub pulls: Vec<Pull>,
    /// Issues.
    pub issues: Vec<Issue>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Checks, oldest first.
    pub checks: Vec<Check>,
    /// Reports of code scanning, oldest first.
    pub sarif: Vec<Sarif>,
    /// What only a GitLab holds.
    pub gitlab: GitLabSite,
    /// What only an Azure DevOps holds.
    pub azure: AzureSite,
    /// What only a Bitbucket holds.
    pub bitbucket: BitbucketSite,
    /// What it answers as a real site did.
    pub(super) replays: Vec<Replay>,
    next_id: u64,
    clock_ms: i64,
}

impl State {
    pub(super) fn new(kind: ForgeKind, url: &str, slug: &str, token: &str) -> Self {
        Self {
            kind,
            url: url.to_owned(),
            slug: slug.to_owned(),
            old_slug: None,
            token: token.to_owned(),
            login: "patchwork-bot".to_owned(),
            may_push: true,
            installation: false,
            app: None,
            archived: false,
            has_issues: true,
            has_drafts: true,
            made_labels: Vec::new(),
            gone: Vec::new(),
            insiders: Vec::new(),
            pulls: Vec::new(),
            issues: Vec::new(),
            comments: Vec::new(),
            checks: Vec::new(),
            sarif: Vec::new(),
            gitlab: GitLabSite::default(),
            azure: AzureSite::default(),
            bitbucket: BitbucketSite::default(),
            replays: Vec::new(),
            // More than 32 bits hold: ids are that large by now.
            next_id: 4_300_000_000,
            clock_ms: 1_770_000_000_000,
        }
    }

    /// The number of the next pull request or issue.
    pub fn next_number(&self) -> u64 {
        let pulls = self.pulls.iter().map(|pull| pull.number);
        pulls.chain(self.issues.iter().map(|issue| issue.number)).max().unwrap_or(0) + 1
    }

    /// An id that nothing else has.
    pub fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The time of the site, a second later each time it is asked; milliseconds since 1970.
    pub fn now_ms(&mut self) -> i64 {
        self.clock_ms += 1000;
        self.clock_ms
    }

    /// A pull request of this repository that is open, as the token's account would open it.
    pub fn new_pull(&self, base: &str, head: &str, title: &str, body: &str) -> Pull {
        Pull {
            number: 0,
            open: true,
            merged: false,
            draft: false,
            locked: false,
            author: self.login.clone(),
            head_repository: self.slug.clone(),
            head: head.to_owned(),
            head_commit: "1".repeat(40),
            base: base.to_owned(),
            base_commit: "0".repeat(40),
            title: title.to_owned(),
            body: body.to_owned(),
            labels: Vec::new(),
            commits: vec![("1".repeat(40), title.to_owned())],
            files: Vec::new(),
        }
    }

    /// Puts a pull request there. Its number is given when it is 0.
    pub fn add_pull(&mut self, mut pull: Pull) -> u64 {
        if pull.number == 0 {
            pull.number = self.next_number();
        }
        let number = pull.number;
        self.pulls.push(pull);
        number
    }

    /// A pull request.
    pub fn pull(&self, number: u64) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.number == number)
    }

    /// A pull request, to be changed.
    pub fn pull_mut(&mut self, number: u64) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    /// An issue.
    pub fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    /// An issue, to be changed.
    pub fn issue_mut(&mut self, number: u64) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.number == number)
    }

    /// Puts an issue there. Its number is given when it is 0.
    pub fn add_issue(&mut self, mut issue: Issue) -> u64 {
        if issue.number == 0 {
            issue.number = self.next_number();
        }
        let number = issue.number;
        self.issues.push(issue);
        number
    }

    /// Adds a comment and answers its id. One on lines begins a thread unless it is given one.
    pub fn add_comment(
        &mut self,
        author: &str,
        on: Thing,
        body: &str,
        place: Option<LinePlace>,
        thread: Option<u64>,
    ) -> u64 {
        let (id, created_ms) = (self.next_id(), self.now_ms());
        let root = thread.and_then(|thread| self.comment(thread));
        let place = place.or_else(|| root.and_then(|root| root.place.clone()));
        let resolved = root.is_some_and(|root| root.resolved);
        let commit = self.pull(on.number()).map(|pull| pull.head_commit.clone()).unwrap_or_default();
        self.comments.push(Comment {
            id,
            on,
            author: author.to_owned(),
            body: body.to_owned(),
            created_ms,
            edited: false,
            thread: thread.or(place.as_ref().map(|_| id)),
            place,
            commit,
            resolved,
            reactions: Vec::new(),
            review: None,
            is_review: false,
            system: false,
        });
        id
    }

    /// A comment.
    pub fn comment(&self, id: u64) -> Option<&Comment> {
        self.comments.iter().find(|comment| comment.id == id)
    }

    /// A comment, to be changed.
    pub fn comment_mut(&mut self, id: u64) -> Option<&mut Comment> {
        self.comments.iter_mut().find(|comment| comment.id == id)
    }

    /// The comments on a thing, oldest first.
    pub fn comments_on(&self, on: Thing) -> impl Iterator<Item = &Comment> {
        self.comments.iter().filter(move |comment| comment.on == on)
    }

    /// Resolves a thread or opens it again; false when there is none.
    pub fn resolve(&mut self, thread: u64, resolved: bool) -> bool {
        let mut found = false;
        for comment in self.comments.iter_mut().filter(|comment| comment.thread == Some(thread)) {
            comment.resolved = resolved;
            found = true;
        }
        found
    }

    /// Whether an account may write to the repository.
    pub fn is_insider(&self, login: &str) -> bool {
        let owner = self.slug.split('/').next().unwrap_or_default();
        login == owner || login == self.login || self.insiders.iter().any(|insider| insider == login)
    }

    /// Whether a line comment's place is part of a pull request's diff.
    pub fn shows(&self, number: u64, place: &LinePlace) -> bool {
        let Some(pull) = self.pull(number) else { return false };
        let Some(file) = pull.files.iter().find(|file| file.path == place.path) else { return false };
        let Some(line) = place.line else { return false };
        let Some(hunk) = file.hunk_of(place.side, line) else { return false };
        place.start_line.is_none_or(|start| start <= line && hunk.holds(place.side, start))
    }
}
