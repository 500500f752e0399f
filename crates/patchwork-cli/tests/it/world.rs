//! A temporary home with a repository in it, and the binary to run there.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use patchwork_testkit::repo::TestRepo;

/// A repository, a state folder beside it, and nothing of the developer's environment.
pub(crate) struct World {
    pub(crate) repo: TestRepo,
    env: Vec<(String, String)>,
}

impl World {
    /// A repository with one weakness that a rule fixes.
    pub(crate) fn new() -> Self {
        let repo = TestRepo::with_files(&[
            ("app.py", "import hashlib\nimport os\n\n\ndef share(path):\n    os.chmod(path, 0o666)\n"),
            ("README.md", "# A project\n"),
        ]);
        Self { repo, env: Vec::new() }
    }

    /// Sets a variable for the binary.
    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where journals and worktrees are kept.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.repo.beside("state")
    }

    /// The binary, ready to run in the repository.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patchwork"));
        command
            .args(args)
            .current_dir(self.repo.root())
            // A terminal there would decide how wide help is.
            .stdin(Stdio::null())
            .env_clear()
            .envs(self.repo.environment())
            .env("PATCHWORK_STATE_DIR", self.state_dir())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary and tells all there is to see.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.tell(&self.command(args).output().expect("the binary starts"))
    }

    /// What a program printed to standard output; it must have succeeded.
    pub(crate) fn stdout(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("the binary starts");
        assert!(output.status.success(), "{}", self.tell(&output));
        String::from_utf8(output.stdout).expect("stdout is UTF-8")
    }

    fn tell(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let code = output.status.code().map_or("signal".to_owned(), |code| code.to_string());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let root = self.repo.root().parent().expect("the repository is in a folder").display().to_string();
        format!("exit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}").replace(&root, "[DIR]")
    }
}

/// Makes a snapshot without what differs from run to run.
macro_rules! assert_run {
    ($told:expr) => {
        insta::with_settings!({ filters => $crate::world::FILTERS.to_vec() }, {
            insta::assert_snapshot!($told)
        })
    };
}
pub(crate) use assert_run;

/// Patterns and what stands in the snapshot for them.
pub(crate) const FILTERS: [(&str, &str); 5] = [
    (r"\d{8}-\d{6}-[0-9a-f]{6}", "[RUN]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
    (r"\b\d+\.\d s\b", "[SECONDS]"),
    (r"last change \d+ s later", "last change [SECONDS] later"),
    (r"\b[0-9a-f]{7,40}\b", "[COMMIT]"),
];
