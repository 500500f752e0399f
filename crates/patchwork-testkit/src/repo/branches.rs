//! Branches and pull requests: made, rewritten, and put on remotes as sites do.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::TestRepo;

/// How a site offers the commits of a pull request to git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRefs {
    /// `refs/pull/N/head` and `refs/pull/N/merge`: GitHub; Gitea has the first only.
    GitHub,
    /// `refs/pull/N/head`: Gitea, Forgejo.
    Gitea,
    /// `refs/merge-requests/N/head`.
    GitLab,
    /// `refs/pull/N/merge`: Azure DevOps, where the head is the second parent.
    Azure,
    /// Nothing but the branch of the one who asks: Bitbucket.
    Bitbucket,
}

impl PullRefs {
    /// The references of a pull request: that of its head, and that of what merging it gives.
    pub fn of(self, number: u64) -> (Option<String>, Option<String>) {
        let pull = |name: &str| Some(format!("refs/pull/{number}/{name}"));
        match self {
            Self::GitHub => (pull("head"), pull("merge")),
            Self::Gitea => (pull("head"), None),
            Self::GitLab => (Some(format!("refs/merge-requests/{number}/head")), None),
            Self::Azure => (None, pull("merge")),
            Self::Bitbucket => (None, None),
        }
    }
}

impl TestRepo {
    /// Commits files on top of a branch, which begins at `HEAD` if there is none, and answers the commit; a file without text is
    /// deleted. What is checked out stays as it is.
    pub fn commit_on(&self, branch: &str, message: &str, files: &[(&str, Option<&str>)]) -> String {
        let reference = format!("refs/heads/{branch}");
        let parent = self.tip(&reference).unwrap_or_else(|| self.git(&["rev-parse", "HEAD"]));
        let commit = self.commit_over(&parent, &[&parent], message, files);
        self.git(&["update-ref", &reference, &commit]);
        commit
    }

    /// A commit of the files of another one, changed like [`TestRepo::commit_on`] says, with these parents. No branch points at it.
    pub fn commit_over(
        &self,
        tree: &str,
        parents: &[&str],
        message: &str,
        files: &[(&str, Option<&str>)],
    ) -> String {
        // `fast-import` makes a commit of any number of files in one process.
        let mut stream = String::from("feature done\ncommit refs/patchwork-test/commit\nmark :1\n");
        stream += "author Ada <ada@example.com> 1700000000 +0000\ncommitter Ada <ada@example.com> 1700000000 +0000\n";
        stream += &format!("data {}\n{message}\n", message.len());
        let mut parents = parents.iter();
        if let Some(first) = parents.next() {
            stream += &format!("from {first}\n");
        }
        parents.for_each(|parent| stream += &format!("merge {parent}\n"));
        stream += &format!("M 040000 {} \n", self.git(&["rev-parse", &format!("{tree}^{{tree}}")]));
        for (path, text) in files {
            let path = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            stream += &match text {
                Some(text) => format!("M 100644 inline \"{path}\"\ndata {}\n{text}\n", text.len()),
                None => format!("D \"{path}\"\n"),
            };
        }
        self.import(&format!("{stream}\nget-mark :1\n"))
    }

    /// That many commits on top of a commit, each of which writes its number into a file; answers the last. No branch points at it.
    pub fn many_commits(&self, parent: &str, file: &str, count: usize) -> String {
        let mut stream = String::from("feature done\n");
        for number in 1..=count {
            let (text, from) = match number {
                1 => ("1".to_owned(), parent.to_owned()),
                number => (number.to_string(), format!(":{}", number - 1)),
            };
            stream += &format!("commit refs/patchwork-test/commit\nmark :{number}\n");
            stream += "committer Ada <ada@example.com> 1700000000 +0000\ndata 4\nmore\n";
            stream += &format!("from {from}\nM 100644 inline {file}\ndata {}\n{text}\n\n", text.len());
        }
        self.import(&format!("{stream}get-mark :{count}\n"))
    }

    /// Moves the commits of a branch that `onto` lacks on top of that, and answers the new tip. Conflicts are a failed test.
    pub fn rebase(&self, branch: &str, onto: &str) -> String {
        let worktree = self.beside("rebase");
        let at = worktree.to_str().unwrap();
        self.git(&["worktree", "add", "--quiet", at, branch]);
        self.git_in(&worktree, &["rebase", "--quiet", onto]);
        self.git(&["worktree", "remove", "--force", at]);
        self.git(&["rev-parse", branch])
    }

    /// Makes one commit of those of a branch that `base` lacks, and answers it.
    pub fn squash(&self, branch: &str, base: &str, message: &str) -> String {
        let parent = self.git(&["merge-base", base, branch]);
        let commit = self.commit_over(branch, &[&parent], message, &[]);
        self.git(&["update-ref", &format!("refs/heads/{branch}"), &commit]);
        commit
    }

    /// Pushes a branch to `origin`, whatever stands there.
    pub fn force_push(&self, branch: &str) {
        self.git(&["push", "--quiet", "--force", "origin", &format!("{branch}:refs/heads/{branch}")]);
    }

    /// Gives the bare repository at `remote` what a site has of an open pull request: the references of its head (a branch or
    /// commit of this repository) and, where the site has one, of its merge into a branch of the remote. Once more after the head
    /// changed. Answers the commit of the head. The branch itself is not pushed: it may be that of a fork.
    pub fn open_pull(&self, remote: &Path, refs: PullRefs, number: u64, head: &str, base: &str) -> String {
        let head = self.git(&["rev-parse", &format!("{head}^{{commit}}")]);
        let (for_head, for_merge) = refs.of(number);
        let push = |commit: &str, reference: &str| {
            let refspec = format!("+{commit}:{reference}");
            self.git(&["push", "--quiet", remote.to_str().unwrap(), &refspec]);
        };
        if let Some(reference) = for_head {
            push(&head, &reference);
        }
        if let Some(reference) = for_merge {
            let base = self.git_in(remote, &["rev-parse", &format!("refs/heads/{base}")]);
            let tree = self.git(&["merge-tree", "--write-tree", &base, &head]);
            let merge = self.git(&["commit-tree", &tree, "-p", &base, "-p", &head, "-m", "merge"]);
            push(&merge, &reference);
        }
        head
    }

    fn tip(&self, reference: &str) -> Option<String> {
        let line = self.git(&["for-each-ref", "--format=%(objectname) %(refname)", reference]);
        line.lines().find_map(|line| line.strip_suffix(reference)).map(|id| id.trim().to_owned())
    }

    /// Runs `git fast-import`, and answers what it was asked at the end.
    fn import(&self, stream: &str) -> String {
        let mut child = Command::new("git")
            .args(["fast-import", "--quiet", "--force"])
            .current_dir(self.root())
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("{stream}done\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git fast-import: {stream}");
        self.git(&["update-ref", "-d", "refs/patchwork-test/commit"]);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_request_is_made_and_rewritten_while_the_checkout_stays() {
        let repo = TestRepo::with_files(&[("a.txt", "a\n"), ("b.txt", "b\n")]);
        let remote = repo.with_remote();
        let first = repo.commit_on("fix", "one", &[("a.txt", Some("1\n")), ("b.txt", None)]);
        let second = repo.commit_on("fix", "two", &[("dir/\"c\".txt", Some("c\n"))]);
        repo.write("d.txt", "d\n");
        let main = repo.commit("main goes on");
        repo.git(&["push", "--quiet", "origin", "main"]);
        let before = repo.fingerprint();
        assert_eq!(repo.open_pull(&remote, PullRefs::GitHub, 7, "fix", "main"), second);
        assert_eq!(repo.git_in(&remote, &["rev-parse", "refs/pull/7/head"]), second);
        let parents = repo.git_in(&remote, &["rev-parse", "refs/pull/7/merge^1", "refs/pull/7/merge^2"]);
        assert_eq!(parents, format!("{main}\n{second}"));
        repo.open_pull(&remote, PullRefs::GitLab, 7, &first, "main");
        assert_eq!(repo.git_in(&remote, &["rev-parse", "refs/merge-requests/7/head"]), first);
        assert_eq!(repo.fingerprint(), before);

        let rebased = repo.rebase("fix", "main");
        assert_eq!(repo.git(&["log", "--format=%s", "fix"]), "two\none\nmain goes on\nfirst");
        let squashed = repo.squash("fix", "main", "both");
        assert_ne!(rebased, squashed);
        assert_eq!(repo.git(&["log", "--format=%s", "fix"]), "both\nmain goes on\nfirst");
        assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", "fix"]), "a.txt\nd.txt\n\"dir/\\\"c\\\".txt\"");
        repo.force_push("fix");
        assert_eq!(repo.git_in(&remote, &["rev-parse", "refs/heads/fix"]), squashed);
        assert!(repo.path("b.txt").exists() && !repo.beside("rebase").exists());
    }
}
