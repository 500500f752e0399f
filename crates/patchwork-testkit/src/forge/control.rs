//! What tests do to a stand-in behind the client's back, and what they look at.

use patchwork_core::change::FileChange;
use patchwork_core::port::forge::{LinePlace, Thing};

use super::server::{ForgeServer, Recorded, Scripted};
use super::state::{Check, Comment, Issue, Pull, Sarif, State};

impl ForgeServer {
    /// Takes the right to push from the token.
    pub fn read_only(&self) {
        self.with(|state| state.may_push = false);
    }

    /// Makes the token one of an app's installation: GitHub says `push: false` of it, though it may.
    pub fn installation_token(&self) {
        self.with(|state| {
            state.may_push = false;
            state.installation = true;
        });
    }

    /// Archives the repository.
    pub fn archive(&self) {
        self.with(|state| state.archived = true);
    }

    /// Renames the repository; the old name is redirected.
    pub fn rename(&self, slug: &str) {
        self.with(|state| state.old_slug = Some(std::mem::replace(&mut state.slug, slug.to_owned())));
    }

    /// A pull request of this repository that is open, for [`ForgeServer::add`] and [`Scripted::Rival`].
    pub fn pull(&self, base: &str, head: &str, title: &str, body: &str) -> Pull {
        self.with(|state| state.new_pull(base, head, title, body))
    }

    /// Puts a pull request there. Its number is given by the stand-in when it is 0.
    pub fn add(&self, pull: Pull) -> u64 {
        self.with(|state| state.add_pull(pull))
    }

    /// Puts an issue there that is open.
    pub fn add_issue(&self, author: &str, title: &str, body: &str) -> u64 {
        let (author, title, body) = (author.to_owned(), title.to_owned(), body.to_owned());
        let issue = Issue { number: 0, open: true, author, title, body, labels: Vec::new() };
        self.with(|state| state.add_issue(issue))
    }

    /// Lets somebody write to the repository. Whoever is not named is an outsider.
    pub fn insider(&self, login: &str) {
        self.with(|state| state.insiders.push(login.to_owned()));
    }

    /// Changes a pull request.
    pub fn change(&self, number: u64, change: impl FnOnce(&mut Pull)) {
        self.with(|state| state.pull_mut(number).map(change));
    }

    /// Closes a pull request.
    pub fn close(&self, number: u64) {
        self.change(number, |pull| pull.open = false);
    }

    /// Merges a pull request.
    pub fn merge(&self, number: u64) {
        self.change(number, |pull| (pull.open, pull.merged) = (false, true));
    }

    /// Lets only people who may write comment on a pull request.
    pub fn lock(&self, number: u64) {
        self.change(number, |pull| pull.locked = true);
    }

    /// A push to a pull request's branch: one more commit, and what the pull request changes now. Comments on lines that are no
    /// longer in the diff lose their line.
    pub fn push(&self, number: u64, commit: &str, message: &str, files: Vec<FileChange>) {
        self.with(|state| {
            if let Some(pull) = state.pull_mut(number) {
                pull.commits.push((commit.to_owned(), message.to_owned()));
                pull.head_commit = commit.to_owned();
                pull.files = files;
            }
            outdate(state, number);
        });
    }

    /// A forced push: these commits in place of the ones before.
    pub fn force_push(&self, number: u64, commits: Vec<(String, String)>, files: Vec<FileChange>) {
        self.with(|state| {
            if let Some(pull) = state.pull_mut(number) {
                pull.head_commit = commits.last().map(|(id, _)| id.clone()).unwrap_or_default();
                (pull.commits, pull.files) = (commits, files);
            }
            outdate(state, number);
        });
    }

    /// Deletes the repository that holds a pull request's branch.
    pub fn delete_fork(&self, number: u64) {
        self.change(number, |pull| pull.head_repository.clear());
    }

    /// Deletes a branch of the repository.
    pub fn delete_branch(&self, name: &str) {
        self.with(|state| state.gone.push(name.to_owned()));
    }

    /// Somebody comments; answers the comment's id. On lines with `place`, in a thread with the id of its first comment.
    pub fn add_comment_as(
        &self,
        login: &str,
        on: Thing,
        body: &str,
        place: Option<LinePlace>,
        thread: Option<u64>,
    ) -> u64 {
        self.with(|state| state.add_comment(login, on, body, place, thread))
    }

    /// Somebody changes a comment, whoever wrote it.
    pub fn edit_comment(&self, id: u64, body: &str) {
        self.with(|state| {
            if let Some(comment) = state.comment_mut(id) {
                (comment.body, comment.edited) = (body.to_owned(), true);
            }
        });
    }

    /// Somebody deletes a comment.
    pub fn delete_comment(&self, id: u64) {
        self.with(|state| state.comments.retain(|comment| comment.id != id));
    }

    /// Somebody reacts to a comment: with `+1`, `-1`, `heart`, …
    pub fn react(&self, login: &str, id: u64, reaction: &str) {
        self.with(|state| {
            if let Some(comment) = state.comment_mut(id) {
                comment.reactions.push((login.to_owned(), reaction.to_owned()));
            }
        });
    }

    /// Somebody resolves a thread, or opens it again.
    pub fn resolve(&self, thread: u64, resolved: bool) {
        self.with(|state| state.resolve(thread, resolved));
    }

    /// What happens to the next requests of a method (`POST`), in order; later ones are served as usual. GraphQL's
    /// are of the methods `QUERY` and `MUTATION`.
    pub fn script(&self, method: &str, next: impl IntoIterator<Item = Scripted>) {
        self.script_at(method, "", next);
    }

    /// The same for requests whose path contains `part`.
    pub fn script_at(&self, method: &str, part: &str, next: impl IntoIterator<Item = Scripted>) {
        self.scripts(method, part, next.into_iter().collect());
    }

    /// All pull requests.
    pub fn pulls(&self) -> Vec<Pull> {
        self.with(|state| state.pulls.clone())
    }

    /// All issues.
    pub fn issues(&self) -> Vec<Issue> {
        self.with(|state| state.issues.clone())
    }

    /// The comments on a thing, oldest first.
    pub fn comments(&self, on: Thing) -> Vec<Comment> {
        self.with(|state| state.comments_on(on).cloned().collect())
    }

    /// All checks, oldest first.
    pub fn checks(&self) -> Vec<Check> {
        self.with(|state| state.checks.clone())
    }

    /// All reports of code scanning, oldest first.
    pub fn sarif(&self) -> Vec<Sarif> {
        self.with(|state| state.sarif.clone())
    }

    /// The requests that were meant to change something, in order.
    pub fn writes(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| !matches!(&*request.method, "GET" | "QUERY")).collect()
    }

    /// The requests in short (`POST /repos/owner/name/pulls 201`), in order.
    pub fn log(&self) -> Vec<String> {
        self.requests().iter().map(|r| format!("{} {} {}", r.method, r.path, r.status)).collect()
    }
}

/// Takes the lines from comments whose place the diff no longer shows.
fn outdate(state: &mut State, number: u64) {
    let on = Thing::PullRequest(number);
    let gone: Vec<u64> = state
        .comments_on(on)
        .filter(|comment| comment.place.as_ref().is_some_and(|place| !state.shows(number, place)))
        .map(|comment| comment.id)
        .collect();
    for id in gone {
        if let Some(place) = state.comment_mut(id).and_then(|comment| comment.place.as_mut()) {
            (place.line, place.start_line) = (None, None);
        }
    }
}
