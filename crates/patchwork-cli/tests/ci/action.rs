//! `action.yml`, executed: its steps in order, each in a clean environment, its expressions looked up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};

use crate::runner::{self, obeyed, pairs};
use crate::world::{document, own};

/// A job of GitHub Actions that uses the action.
pub(crate) struct Job<'a> {
    repo: &'a TestRepo,
    inputs: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    github: Value,
    path: Option<PathBuf>,
}

/// How the action ended.
pub(crate) struct Ran {
    /// The exit code of the last step that ran.
    pub(crate) code: i32,
    /// All that its steps printed.
    pub(crate) log: String,
    /// What the runner obeyed of it.
    pub(crate) commands: Vec<runner::Command>,
    /// The outputs of the action.
    pub(crate) outputs: BTreeMap<String, String>,
    /// The summary of the job.
    pub(crate) summary: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}", self.log);
        self
    }

    /// Annotations as `level path:line title: text`.
    pub(crate) fn annotations(&self) -> Vec<String> {
        let shown = |command: &runner::Command| {
            let of = |name: &str| command.properties.get(name).cloned().unwrap_or_default();
            format!("{} {}:{} {}: {}", command.name, of("file"), of("line"), of("title"), command.data)
        };
        self.commands.iter().map(shown).collect()
    }
}

impl<'a> Job<'a> {
    /// A job on a push to `main`, with the real binary.
    pub(crate) fn new(repo: &'a TestRepo) -> Self {
        let github = json!({
            "token": "ghs-token-of-the-job-0001",
            "action_repository": "patchwork-rs/patchwork",
            "event": {},
        });
        let variables = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            repo,
            inputs: [("binary", env!("CARGO_BIN_EXE_patchwork"))].map(owned).into(),
            variables: variables.map(owned).into(),
            github,
            path: None,
        }
    }

    /// Gives inputs, as `with` does.
    pub(crate) fn with(mut self, inputs: &[(&str, &str)]) -> Self {
        self.inputs.extend(inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Sets variables of the job.
    pub(crate) fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.variables
            .extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Another event than a push.
    pub(crate) fn on(mut self, event: &str, payload: Value) -> Self {
        self.github["event"] = payload;
        self.env(&[("GITHUB_EVENT_NAME", event)])
    }

    /// Programs that go before those of the machine.
    pub(crate) fn programs(mut self, folder: PathBuf) -> Self {
        self.path = Some(folder);
        self
    }

    /// Runs the steps until one fails.
    pub(crate) fn run(&self) -> Ran {
        self.run_with(|command| command.output().expect("bash starts"))
    }

    /// [`Job::run`], with another way to run the script of a step.
    pub(crate) fn run_with(&self, run: impl Fn(&mut Command) -> Output) -> Ran {
        let action = document("action.yml");
        let inputs = self.all_inputs(&action);
        let mut context = json!({ "inputs": inputs, "github": self.github, "steps": {} });
        let files = self.repo.beside("runner");
        std::fs::create_dir_all(files.join("temp")).unwrap();
        let event = files.join("event.json");
        std::fs::write(&event, self.github["event"].to_string()).unwrap();
        let summary = files.join("summary.md");
        std::fs::write(&summary, "").unwrap();
        let mut ran = Ran {
            code: 0,
            log: String::new(),
            commands: vec![],
            outputs: BTreeMap::new(),
            summary: String::new(),
        };
        for step in action["runs"]["steps"].as_array().unwrap() {
            let id = step["id"].as_str().unwrap();
            assert_eq!(step["shell"], "bash", "{id}");
            let script = step["run"].as_str().unwrap();
            assert!(!script.contains("${{"), "{id}: a value would become part of the script");
            let script_file = files.join(format!("{id}.sh"));
            std::fs::write(&script_file, script).unwrap();
            let mut command = Command::new("bash");
            command
                .args(["--noprofile", "--norc", "-eo", "pipefail"])
                .arg(&script_file)
                .current_dir(self.repo.root())
                .stdin(Stdio::null())
                .env_clear()
                .envs(self.repo.environment())
                .envs(&self.variables)
                .env("GITHUB_ACTION_PATH", own("."))
                .env("GITHUB_EVENT_PATH", &event)
                .env("GITHUB_STEP_SUMMARY", &summary)
                .env("GITHUB_WORKSPACE", self.repo.root())
                .env("RUNNER_TEMP", files.join("temp"));
            if let Some(folder) = &self.path {
                let usual = std::env::var("PATH").unwrap();
                command.env("PATH", format!("{}:{usual}", folder.display()));
            }
            for (name, value) in step["env"].as_object().unwrap() {
                command.env(name, evaluated(value.as_str().unwrap(), &context));
            }
            let file = |name: &str| files.join(format!("{id}-{name}"));
            for name in ["ENV", "OUTPUT", "PATH", "STATE"] {
                std::fs::write(file(name), "").unwrap();
                command.env(format!("GITHUB_{name}"), file(name));
            }
            let output = run(&mut command);
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            ran.commands.extend(obeyed(&said));
            ran.log.push_str(&said);
            ran.code = output.status.code().expect("a step exits");
            for name in ["ENV", "PATH", "STATE"] {
                let written = std::fs::read_to_string(file(name)).unwrap();
                assert_eq!(written, "", "GITHUB_{name} of {id}");
            }
            let written = pairs(&std::fs::read_to_string(file("OUTPUT")).unwrap());
            context["steps"][id] = json!({ "outputs": written });
            if ran.code != 0 {
                break;
            }
        }
        for (name, output) in action["outputs"].as_object().unwrap() {
            let value = evaluated(output["value"].as_str().unwrap(), &context);
            ran.outputs.insert(name.clone(), value);
        }
        ran.summary = std::fs::read_to_string(&summary).unwrap();
        ran
    }

    /// Inputs that are given, and the defaults of the others.
    fn all_inputs(&self, action: &Value) -> BTreeMap<String, String> {
        let known = action["inputs"].as_object().unwrap();
        for name in self.inputs.keys() {
            assert!(known.contains_key(name), "the action has no input {name}");
        }
        let context = json!({ "github": self.github });
        let value = |name: &String, input: &Value| match self.inputs.get(name) {
            Some(value) => value.clone(),
            None => evaluated(input["default"].as_str().unwrap(), &context),
        };
        known.iter().map(|(name, input)| (name.clone(), value(name, input))).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A text with its expressions looked up: `${{ a.b.c }}`, empty where there is nothing.
pub(crate) fn evaluated(text: &str, context: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an expression ends");
        out.push_str(before);
        let path = expression.trim();
        assert!(
            path.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'),
            "an expression that is not only looked up: {expression}"
        );
        let found = path.split('.').fold(context, |value, name| &value[name]);
        match found {
            Value::Null => {}
            Value::String(value) => out.push_str(value),
            other => out.push_str(&other.to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the report of [`Ran`] is.
pub(crate) fn report(ran: &Ran) -> &Path {
    Path::new(&ran.outputs["report"])
}
