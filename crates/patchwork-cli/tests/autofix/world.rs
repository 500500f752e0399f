//! A repository with weaknesses, the report of a scanner, a model that fixes them, and the binary to run on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};

/// The key that tests give; it must be seen nowhere but in the header that authorizes.
pub(crate) const KEY: &str = "sk-test-key-that-is-long-enough";

/// How a run of the binary ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
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

/// A repository and what belongs to it.
pub(crate) struct World {
    pub(crate) repo: TestRepo,
}

impl World {
    /// A repository with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self { repo: TestRepo::with_files(files) }
    }

    /// Three Python files with five uses of MD5, and the SARIF file that says so.
    pub(crate) fn with_five_findings() -> Self {
        let function = |name: &str| {
            format!(
                "def {name}(data):\n    \"\"\"A digest of {name}.\"\"\"\n    value = hashlib.md5(data)\n    return value.hexdigest()\n\n\n"
            )
        };
        let file = |names: &[&str]| {
            format!("import hashlib\n\n\n{}", names.iter().map(|n| function(n)).collect::<String>())
        };
        let (a, b, c) = (file(&["one", "two"]), file(&["three", "four"]), file(&["five"]));
        let world =
            Self::new(&[("a.py", &a), ("lib/b.py", &b), ("lib/c.py", &c), ("README.md", "# A project\n")]);
        world.report(&[("a.py", 6), ("a.py", 12), ("lib/b.py", 6), ("lib/b.py", 12), ("lib/c.py", 6)]);
        world
    }

    /// Writes a SARIF file with a finding at each of these lines (from 1).
    pub(crate) fn report(&self, places: &[(&str, u32)]) {
        let results: Vec<Value> = places
            .iter()
            .map(|(path, line)| {
                json!({
                    "ruleId": "weak-hash",
                    "level": "error",
                    "message": {"text": "MD5 is broken"},
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": path},
                        "region": {"startLine": line, "endLine": line},
                    }}],
                })
            })
            .collect();
        let run =
            json!({"tool": {"driver": {"name": "test", "rules": [{"id": "weak-hash"}]}}, "results": results});
        self.report_text(&json!({"version": "2.1.0", "runs": [run]}).to_string());
    }

    /// Writes the SARIF file as it is given.
    pub(crate) fn report_text(&self, text: &str) {
        std::fs::create_dir_all(self.repo.beside("reports")).unwrap();
        std::fs::write(self.sarif(), text).unwrap();
    }

    pub(crate) fn sarif(&self) -> PathBuf {
        self.repo.beside("reports").join("findings.sarif")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.repo.beside("state")
    }

    /// The binary, in the repository, with nothing of the developer's environment.
    pub(crate) fn patchwork(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patchwork"));
        command
            .current_dir(self.repo.root())
            .env_clear()
            .envs(self.repo.environment())
            .env("PATCHWORK_STATE_DIR", self.state_dir())
            // Every test counts the calls it makes; the one on kept answers sets it again.
            .env("PATCHWORK_KEEP_ANSWERS", "0")
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.patchwork(args).output().expect("the binary starts"))
    }

    /// AutoFix over the SARIF file with this model and without pull requests.
    pub(crate) fn autofix(&self, server: &ModelServer, more: &[&str]) -> Ran {
        Ran::of(self.autofix_command(server, more).output().expect("the binary starts"))
    }

    /// The command of [`World::autofix`].
    pub(crate) fn autofix_command(&self, server: &ModelServer, more: &[&str]) -> Command {
        let mut command = self.patchwork(&["AutoFix", "disable_pr=true"]);
        // Each one given is one more to ask.
        if !more.iter().any(|option| option.starts_with("model=")) {
            command.arg("model=gpt-4o");
        }
        command
            .arg(format!("sarif_file_path={}", self.sarif().display()))
            .arg(format!("client_base_url={}", server.openai_url()))
            .arg(format!("openai_api_key={KEY}"))
            .args(more);
        command
    }

    /// Runs a command that was made here.
    pub(crate) fn output(command: &mut Command) -> Ran {
        Ran::of(command.output().expect("the binary starts"))
    }

    /// The id of the newest run.
    pub(crate) fn newest_run(&self) -> String {
        let ran = self.run(&["runs", "--format", "json"]);
        ran.assert_code(0);
        let runs: Value = serde_json::from_str(&ran.stdout).expect("runs are JSON");
        runs[0]["id"].as_str().expect("a run has an id").to_owned()
    }

    /// Fails the test unless all that is the user's is as it was, but for the branch of the run.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, before: &BTreeMap<String, Vec<u8>>) {
        let mut changed = self.repo.changed_since(before);
        changed.retain(|name| name != "refs/heads/autofix-main");
        assert_eq!(changed, Vec::<String>::new());
    }

    /// Whether the run made its branch.
    pub(crate) fn has_branch(&self) -> bool {
        self.repo.belongings().contains_key("refs/heads/autofix-main")
    }

    /// What a branch changes against `main`, without context.
    pub(crate) fn changes(&self, branch: &str) -> String {
        self.repo.git(&["diff", "-U0", "--no-color", "main", branch])
    }
}

/// The code between the fences of the user message.
pub(crate) fn excerpt(request: &SeenRequest) -> String {
    let user = request.user();
    let (_, code) = user.split_once('\n').expect("the excerpt is fenced");
    let (code, _) = code.rsplit_once("\n```").expect("the fence is closed");
    code.to_owned()
}

/// A model that replaces MD5 by SHA-256 in whatever it is shown.
pub(crate) fn fixing(request: &SeenRequest) -> Reply {
    let code = excerpt(request).replace("md5", "sha256");
    Reply::text(fix_reply("Use SHA-256", "SHA-256 in place of MD5.", "Low", &code))
}
