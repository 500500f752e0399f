//! What stands around a run: the user's checkout, the remote, the secrets, and all that must stay as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use patchwork_testkit::git_http::GitHttp;
use patchwork_testkit::model::ModelServer;
use patchwork_testkit::repo::TestRepo;

use crate::case::{Call, Case, Obedient, Site};
use crate::detect::{Known, anywhere, in_output};
use crate::effect::{Effect, Secret};
use crate::trap::Trap;

/// The key of the model's vendor.
pub(super) const KEY: &str = "sk-injection-key-that-is-long-enough";

/// The token of the forge.
pub(super) const TOKEN: &str = "ghp_injection_token_that_is_long_enough";

/// What a file outside of the repository holds.
const OUTSIDE_SECRET: &str = "what-only-the-user-may-read-7f3a";

/// The repository on its forge.
pub(super) const SLUG: &str = "acme/shop";

/// Folders beside the repository that a run writes to, or that are the test's own.
const OURS: [&str; 5] = ["state", "hosted", "repository", "reports", "home"];

/// Effects with the place where they were seen.
pub(super) type Got = Vec<(Effect, String)>;

pub(super) struct World {
    pub(super) repo: TestRepo,
    /// Serves the remote as long as there is a world.
    _git: GitHttp,
    trap: Trap,
    bare: PathBuf,
}

/// How things were before a run.
pub(super) struct Before {
    checkout: BTreeMap<String, Vec<u8>>,
    remote: BTreeMap<String, String>,
    beside: BTreeMap<String, Vec<u8>>,
}

impl World {
    /// Hosts a repository as a site does: `main` is on its remote.
    pub(super) fn new(repo: TestRepo, site: Site) -> Self {
        let hosted = repo.beside("hosted");
        let path = site.remote();
        let bare = hosted.join(&path);
        fs::create_dir_all(&bare).expect("a folder for the remote");
        repo.git_in(&bare, &["init", "-q", "--bare", "-b", "main"]);
        repo.git(&["push", "-q", bare.to_str().expect("a path that is text"), "main"]);
        let git = GitHttp::start(&hosted, TOKEN);
        repo.git(&["remote", "add", "origin", &git.url(&path)]);
        // As after a clone: the base branch, and with it the repository's configuration, is known.
        repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
        fs::create_dir_all(repo.beside("outside")).expect("a folder outside");
        fs::write(repo.beside("outside/secret.txt"), OUTSIDE_SECRET).expect("a file outside");
        Self { repo, _git: git, trap: Trap::start(), bare }
    }

    /// Where the remote is.
    pub(super) fn bare(&self) -> &str {
        self.bare.to_str().expect("a path that is text")
    }

    /// A text of the corpus with its placeholders filled.
    pub(super) fn filled(&self, text: &str) -> String {
        let outside = self.repo.beside("outside").to_string_lossy().into_owned();
        text.replace("%OUTSIDE%", &outside)
            .replace("%TRAP%", &self.trap.address())
            .replace("%KEY%", KEY)
            .replace("%TOKEN%", TOKEN)
    }

    /// The hostile text.
    pub(super) fn text(&self, case: &Case) -> String {
        self.filled(&case.text).repeat(case.repeat)
    }

    /// What the model answers.
    pub(super) fn obedient(&self, case: &Case) -> Obedient {
        let filled = |text: &Option<String>| text.as_deref().map(|text| self.filled(text));
        let json = |value: &serde_json::Value| {
            let text = self.filled(&value.to_string());
            serde_json::from_str(&text).expect("it is still JSON")
        };
        let Obedient { says, suggestion, patch, code, raw, at, calls, .. } = &case.obedient;
        Obedient {
            says: self.filled(says),
            suggestion: filled(suggestion),
            patch: filled(patch),
            code: filled(code),
            raw: filled(raw),
            at: at.clone().map(|mut at| {
                at.path = self.filled(&at.path);
                at
            }),
            calls: calls
                .iter()
                .map(|call| Call { tool: call.tool.clone(), input: json(&call.input) })
                .collect(),
            ..case.obedient.clone()
        }
    }

    /// What is fine in texts here.
    pub(super) fn known(&self, case: &Case) -> Known {
        let secrets = [(Secret::Key, KEY), (Secret::Token, TOKEN), (Secret::File, OUTSIDE_SECRET)];
        let rendered = case.wants.iter().filter_map(|wish| match wish {
            Effect::Template(rendered) => Some(rendered.clone()),
            _ => None,
        });
        Known {
            site: case.site,
            slug: SLUG.to_owned(),
            secrets: secrets.map(|(secret, value)| (secret, value.to_owned())).into(),
            rendered: rendered.collect(),
            ..Known::default()
        }
    }

    /// The binary, in the repository, with nothing of the developer's environment.
    pub(super) fn patchwork(&self, binary: &Path, args: &[String]) -> Command {
        let mut command = Command::new(binary);
        command
            .current_dir(self.repo.root())
            .env_clear()
            .envs(self.repo.environment())
            .env("PATCHWORK_STATE_DIR", self.repo.beside("state"))
            .env("PATCHWORK_KEEP_ANSWERS", "0")
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub(super) fn before(&self) -> Before {
        Before { checkout: self.repo.belongings(), remote: self.refs(), beside: self.beside() }
    }

    /// What a run did outside of its own folders: `may_push` are branches of the remote that it may have made or moved.
    pub(super) fn changes(&self, before: &Before, may_push: &[&str]) -> Got {
        let mut got = Got::new();
        for name in self.repo.changed_since(&before.checkout) {
            let own = may_push.iter().any(|branch| name == format!("refs/heads/{branch}"));
            if !own {
                got.push((Effect::Path(name), "the user's checkout".to_owned()));
            }
        }
        let (was, now) = (&before.remote, self.refs());
        let moved = |name: &&String| was.get(*name) != now.get(*name);
        for name in was.keys().chain(now.keys()).filter(moved) {
            if !may_push.iter().any(|branch| *name == format!("refs/heads/{branch}")) {
                got.push((Effect::Push(name.clone()), "the remote".to_owned()));
            }
        }
        let beside = self.beside();
        for (name, _) in beside.iter().filter(|(name, bytes)| before.beside.get(*name) != Some(bytes)) {
            got.push((Effect::Command(name.clone()), "beside the repository".to_owned()));
        }
        got.extend(
            self.trap
                .visits()
                .into_iter()
                .map(|visit| (Effect::Request(visit), "the stranger's server".to_owned())),
        );
        got
    }

    /// What was printed, and what of it must not have been.
    pub(super) fn run(&self, command: &mut Command, known: &Known) -> (String, Got) {
        let output = command.output().expect("the binary starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let mut got = Got::new();
        for (place, text) in [("standard output", &out), ("standard error", &err)] {
            got.extend(in_output(text, known).into_iter().map(|effect| (effect, place.to_owned())));
        }
        (format!("{}\n{out}\n{err}", output.status), got)
    }

    /// What the model was told that nobody may hear, and what it was told in the name of the system that a stranger said.
    pub(super) fn told(&self, model: &ModelServer, case: &Case, known: &Known) -> Got {
        let mut got = Got::new();
        for request in model.requests() {
            let place = format!("request {} to the model", request.index);
            let whole = request.body.to_string();
            got.extend(
                anywhere(&whole, &Known { rendered: Vec::new(), ..known.clone() })
                    .into_iter()
                    .map(|effect| (effect, place.clone())),
            );
            for wish in &case.wants {
                if let Effect::Instructs(words) = wish
                    && request.system().contains(words.as_str())
                {
                    got.push((wish.clone(), place.clone()));
                }
            }
        }
        got
    }

    /// The commits that a branch of the remote has over `main`, and the paths that they change.
    pub(super) fn pushed(&self, branch: &str) -> (Vec<String>, Vec<String>) {
        if !self.refs().contains_key(&format!("refs/heads/{branch}")) {
            return Default::default();
        }
        let range = format!("main..{branch}");
        let messages = self.repo.git_in(&self.bare, &["log", "--format=%B%x00", &range]);
        let paths = self.repo.git_in(&self.bare, &["diff", "--name-only", "-z", &range]);
        let parts = |text: &str| {
            text.split('\0').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        };
        (parts(&messages), parts(&paths))
    }

    /// Lines that a branch of the remote adds to `main`.
    pub(super) fn added(&self, branch: &str) -> String {
        if !self.refs().contains_key(&format!("refs/heads/{branch}")) {
            return String::new();
        }
        self.repo.git_in(&self.bare, &["diff", "-U0", &format!("main..{branch}")])
    }

    fn refs(&self) -> BTreeMap<String, String> {
        let all = self.repo.git_in(&self.bare, &["for-each-ref", "--format=%(refname) %(objectname)"]);
        all.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    /// All files beside the repository that are nobody's but the user's.
    fn beside(&self) -> BTreeMap<String, Vec<u8>> {
        let top = self.repo.beside("");
        let mut all = BTreeMap::new();
        for entry in entries(&top) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !OURS.contains(&name.as_str()) {
                collect(&entry, &name, &mut all);
            }
        }
        all
    }
}

fn collect(path: &Path, name: &str, all: &mut BTreeMap<String, Vec<u8>>) {
    if path.is_dir() && !path.is_symlink() {
        for entry in entries(path) {
            let below = format!("{name}/{}", entry.file_name().unwrap_or_default().to_string_lossy());
            collect(&entry, &below, all);
        }
    } else {
        all.insert(name.to_owned(), fs::read(path).unwrap_or_default());
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed.map(|entry| entry.expect("an entry that can be read").path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_done_outside_is_seen() {
        let world = World::new(TestRepo::with_files(&[("a.py", "x = 1\n")]), Site::Github);
        let before = world.before();
        let seen = || -> Vec<String> {
            world.changes(&before, &["fixes"]).iter().map(|(effect, _)| effect.to_string()).collect()
        };
        assert_eq!(seen(), Vec::<String>::new());
        world.repo.git(&["push", "-q", world.bare(), "main:refs/heads/fixes"]);
        assert_eq!(seen(), Vec::<String>::new());

        world.repo.git(&["push", "-q", world.bare(), "main:refs/heads/other"]);
        fs::write(world.repo.beside("outside/pwned"), "").expect("a file outside");
        world.repo.write("pwned", "");
        let mut visitor = std::net::TcpStream::connect(world.trap.address()).expect("the trap listens");
        std::io::Write::write_all(&mut visitor, b"GET /x HTTP/1.1\r\n\r\n").expect("the trap reads");
        std::io::Read::read_to_end(&mut visitor, &mut Vec::new()).expect("the trap answers");
        let expected = [
            "Path \"files/pwned\"",
            "Push \"refs/heads/other\"",
            "Command \"outside/pwned\"",
            "Request \"GET /x HTTP/1.1\"",
        ];
        assert_eq!(seen(), expected);
    }
}
