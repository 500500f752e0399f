//! Canaries: secrets of every kind are planted wherever a run looks, and must come out nowhere.
//!
//! [`Nest::places`] is the one list of places that are searched: what is told, written, recorded or sent by something new
//! joins it there.

mod proof;

use std::path::{Path, PathBuf};
use std::process::Command;

use patchwork_core::journal::{Journal, JournalOptions, Recording};
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use patchwork_testkit::otlp::OtlpReceiver;
use serde_json::json;

use crate::github::{Hosted, TOKEN};
use crate::world::{KEY, Ran, World, excerpt};

/// Letters and digits without order, the same for one seed: what keys are made of.
fn noise(seed: u64, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[usize::try_from(state % LETTERS.len() as u64).unwrap()])
    };
    (0..length).map(next).collect()
}

/// What is planted. Nobody tells the program of those that have the form of a key.
struct Canaries {
    /// In a variable that no option stands for.
    environment: String,
    /// In a configuration file, under an option that the patchflow has.
    config: String,
    /// In the code of a finding, by their forms.
    source: String,
    aws: String,
    private_key: String,
    /// In the line of a finding, which is fixed by taking it out.
    hard_coded: String,
    /// In the file with the prompts.
    prompt: String,
    /// In the words of the report, and in what it quotes.
    report: String,
    /// In answers: the message of the commit, the summary, the code.
    commit: String,
    summary: String,
    invented: String,
    /// In what a server says of an error.
    error: String,
    /// In the tests of the repository, which print it.
    printed: String,
    /// In the reason of a suppression.
    suppressed: String,
}

impl Canaries {
    fn new() -> Self {
        let github = |seed| format!("ghp_{}", noise(seed, 36));
        Self {
            environment: format!("canary-E1-{}", noise(1, 12)),
            config: format!("canary-C2-{}", noise(2, 12)),
            source: github(3),
            aws: format!(
                "AKIA{}",
                noise(4, 40).to_uppercase().replace(['0', '1', '8', '9'], "")[..16].to_owned()
            ),
            private_key: noise(5, 64),
            hard_coded: format!("sk_live_{}", noise(6, 24)),
            prompt: format!("glpat-{}", noise(7, 20)),
            report: format!("npm_{}", noise(8, 36)),
            commit: github(9),
            summary: format!("AIza{}", noise(10, 35)),
            invented: github(11),
            error: github(12),
            printed: github(13),
            suppressed: github(14),
        }
    }

    fn all(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("the key of the model", KEY),
            ("the token of the forge", TOKEN),
            ("the environment", &self.environment),
            ("the configuration", &self.config),
            ("the code", &self.source),
            ("the AWS key in the code", &self.aws),
            ("the private key in the code", &self.private_key),
            ("the line of a finding", &self.hard_coded),
            ("the prompt file", &self.prompt),
            ("the report", &self.report),
            ("the commit message of an answer", &self.commit),
            ("the summary of an answer", &self.summary),
            ("the code of an answer", &self.invented),
            ("the error of a server", &self.error),
            ("what tests print", &self.printed),
            ("the reason of a suppression", &self.suppressed),
        ]
    }

    fn values(&self) -> Vec<&str> {
        self.all().into_iter().map(|(_, value)| value).collect()
    }
}

/// A hosted repository in which everything is planted.
struct Nest {
    hosted: Hosted,
    collector: OtlpReceiver,
    canaries: Canaries,
}

impl Nest {
    fn new() -> Self {
        let canaries = Canaries::new();
        let Canaries { source, aws, environment, hard_coded, private_key, .. } = &canaries;
        let pem = format!(
            "-----BEGIN RSA PRIVATE KEY-----\n{private_key}\n{}\n-----END RSA PRIVATE KEY-----",
            noise(20, 64)
        );
        let code = format!(
            "import hashlib\n\n\ndef digest(data):\n    key = '{source}' + '{aws}'\n    salt = '{environment}' + '{KEY}'\n    sign('''{pem}''')\n    return hashlib.md5(data + key + salt).hexdigest()\n\n\ndef login():\n    token = '{hard_coded}'\n    return connect(token)\n"
        );
        Self::holding(canaries, &code, &[])
    }

    /// With this as `app.py`, which has a finding where it says `md5` and one where it says `token =`.
    fn holding(canaries: Canaries, code: &str, more: &[(&str, &str)]) -> Self {
        let mut all = vec![("app.py", code), ("README.md", "# A project\n")];
        all.extend_from_slice(more);
        let world = World::new(&all);
        let line = |text: &str| {
            u32::try_from(code.lines().position(|line| line.contains(text)).unwrap() + 1).unwrap()
        };
        let result = |line: u32, text: String| {
            let quoted: String = code.split_inclusive('\n').skip(line as usize - 2).take(3).collect();
            json!({
                "ruleId": "r",
                "level": "error",
                "message": { "text": text },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": "app.py" },
                    "region": { "startLine": line, "endLine": line, "snippet": { "text": quoted } },
                } }],
            })
        };
        let results = [
            result(line("md5"), format!("MD5 is broken, says {}", canaries.report)),
            result(line("token ="), format!("a key in the code: {}", canaries.hard_coded)),
        ];
        let run =
            json!({ "tool": { "driver": { "name": "test", "rules": [{ "id": "r" }] } }, "results": results });
        world.report_text(&json!({ "version": "2.1.0", "runs": [run] }).to_string());

        let config = world.repo.beside("config").join("AutoFix");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("config.yml"), format!("anthropic_api_key: {}\n", canaries.config))
            .unwrap();
        let system = format!(
            "Use {} wisely. {{{{ messageText }}}} {{{{ feedback | default([]) | join }}}}",
            canaries.prompt
        );
        let user = "{{ fence }}\n{{ affectedCode }}\n{{ fence }}";
        let prompts = json!([{ "id": "fixprompt", "prompts": [
            { "role": "system", "content": system },
            { "role": "user", "content": user },
        ] }]);
        std::fs::write(config.join("prompt.json"), prompts.to_string()).unwrap();
        Self { hosted: Hosted::new(world), collector: OtlpReceiver::start().unwrap(), canaries }
    }

    fn world(&self) -> &World {
        &self.hosted.world
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.world().repo.beside(name)
    }

    /// The command with all that can tell something switched on.
    fn command(&self, server: &ModelServer) -> Command {
        let mut command =
            self.world().patchwork(&["AutoFix", "--log", "trace", "--format", "json", "model=gpt-4o"]);
        command
            .arg(format!("sarif_file_path={}", self.world().sarif().display()))
            .arg(format!("client_base_url={}", server.openai_url()))
            .arg(format!("scm_url={}", self.hosted.forge.url()))
            .arg(format!("save_responses_to_file={}", self.beside("answers.jsonl").display()))
            .arg("concurrency=1")
            .arg("--config")
            .arg(self.beside("config"));
        self.with_secrets(&mut command);
        command
    }

    fn with_secrets(&self, command: &mut Command) {
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", self.collector.url())
            .env("OPENAI_API_KEY", KEY)
            .env("GITHUB_TOKEN", TOKEN)
            .env("SHOP_DB_PASSWORD", &self.canaries.environment);
    }

    /// A model that says all that it should not know, and whose first fix brings a key of its own.
    fn server(&self) -> ModelServer {
        let Canaries { commit, summary, invented, .. } = &self.canaries;
        let (commit, summary) = (format!("Use SHA-256, not {commit} or {KEY}"), format!("It was {summary}."));
        let invented = format!("    return '{invented}'\n");
        ModelServer::start(move |request| {
            let code = excerpt(request);
            let fixed = if code.contains("login") {
                let kept = |line: &&str| !line.contains("token =");
                code.lines()
                    .filter(kept)
                    .collect::<Vec<_>>()
                    .join("\n")
                    .replace("connect(token)", "connect(os.environ['T'])")
            } else if tried_before(request) {
                code.replace("md5", "sha256")
            } else {
                format!("{}\n{invented}", code.replace("md5", "sha256"))
            };
            Reply::text(fix_reply(&commit, &summary, "Low", &fixed))
        })
    }

    /// Everything that a run tells, writes, records or sends.
    fn places(&self, server: &ModelServer, ran: &[Ran]) -> Vec<(String, Vec<u8>)> {
        let mut places: Vec<(String, Vec<u8>)> = Vec::new();
        let mut add = |name: &str, text: String| places.push((name.to_owned(), text.into_bytes()));
        for (number, ran) in ran.iter().enumerate() {
            add(&format!("standard output {number}"), ran.stdout.clone());
            add(&format!("standard error {number}"), ran.stderr.clone());
        }
        let run = self.world().newest_run();
        let exported = self.beside("exported.json");
        for words in [
            &["report", &run][..],
            &["report", &run, "--format", "html"],
            &["report", &run, "--format", "json"],
            &["report", &run, "--format", "sarif"],
            &["learn", &run],
            &["undo", &run],
            &["runs", "show", &run, "--log", "debug"],
            &["runs", "show", &run, "--format", "json"],
            &["record", "export", &run, exported.to_str().unwrap()],
            &["replay", &run],
        ] {
            let mut command = self.world().patchwork(words);
            self.with_secrets(&mut command);
            let shown = World::output(&mut command);
            add(&words.join(" "), format!("{}{}", shown.stdout, shown.stderr));
        }
        let recording = Recording::read(&exported).unwrap();
        add("the exported recording", serde_json::to_string(&recording).unwrap());
        add("telemetry", format!("{:?} {:?}", self.collector.spans(), self.collector.points()));
        for request in server.requests() {
            add("a request to the model", format!("{} {:?}", request.texts().join("\n"), request.body));
        }
        for request in self.hosted.forge.requests() {
            add("a request to the forge", format!("{request:?}"));
        }
        add("pull requests", format!("{:?}", self.hosted.forge.pulls()));
        if self.world().has_branch() {
            let log =
                self.world().repo.git(&["log", "--format=%an %ae %B", "-p", "-U0", "main..autofix-main"]);
            // What a fix takes out was in the code before.
            let lines = log.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>();
            add("commits", lines.join("\n"));
        }
        for (name, text) in journal(&self.world().state_dir()) {
            add(&name, text);
        }
        // The worktree of a run that did not end holds the user's files.
        let mut files = Vec::new();
        collect(&self.world().state_dir(), &mut files);
        files.retain(|path| !path.starts_with(self.world().state_dir().join("worktrees")));
        files.extend(["answers.jsonl", "results.json", "exported.json"].map(|name| self.beside(name)));
        for path in files.into_iter().filter(|path| path.is_file()) {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
        places
    }

    #[track_caller]
    fn assert_silent(&self, server: &ModelServer, ran: &[Ran]) {
        server.assert_no_secret(&self.canaries.values());
        let places = self.places(server, ran);
        let mut found = Vec::new();
        for (kind, canary) in self.canaries.all() {
            for spelling in spellings(canary) {
                for (place, bytes) in &places {
                    if bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes()) {
                        found.push(format!("{kind} in {place}"));
                    }
                }
            }
        }
        assert_eq!(
            found,
            Vec::<String>::new(),
            "{}",
            ran.iter().map(|ran| ran.stderr.as_str()).collect::<String>()
        );
    }
}

/// Whether a fix of this piece was turned down before.
fn tried_before(request: &SeenRequest) -> bool {
    request.system().contains("which stands for a secret")
}

/// A canary as it is, and as it stands in a header of basic authentication.
fn spellings(canary: &str) -> Vec<String> {
    vec![canary.to_owned(), base64_of(canary.as_bytes())]
}

fn base64_of(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Whole groups only: what follows would depend on what is behind.
    bytes
        .chunks_exact(3)
        .flat_map(|group| {
            let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect()
}

/// All that the journal holds, unpacked.
fn journal(state: &Path) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(state, JournalOptions::default()).unwrap();
        let mut out = Vec::new();
        for run in journal.runs().await.unwrap() {
            let json = |value: serde_json::Result<String>| value.unwrap();
            out.push(("the record of a run".to_owned(), json(serde_json::to_string(&run))));
            let events = journal.events(&run.id).await.unwrap();
            out.push(("the events of a run".to_owned(), format!("{events:?}")));
            let recording = journal.recording(&run.id).await.unwrap();
            out.push(("the recording of a run".to_owned(), json(serde_json::to_string(&recording))));
        }
        out
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn a_run_that_fixes_everything_tells_nothing() {
    let nest = Nest::new();
    let server = nest.server();
    let before = nest.world().repo.belongings();
    let to_file = ["--output".to_owned(), nest.beside("results.json").display().to_string()];
    let ran = World::output(nest.command(&server).args(to_file));
    ran.assert_code(0);
    nest.world().assert_untouched(&before);

    // The fixes were made, and what was there stayed, byte for byte.
    let fixed = nest.world().repo.git(&["show", "autofix-main:app.py"]);
    let code = nest.world().repo.git(&["show", "main:app.py"]);
    assert!(fixed.contains("sha256(data") && !fixed.contains("PATCHWORK_MASKED"), "{fixed}");
    assert!(!fixed.contains(&nest.canaries.hard_coded) && fixed.contains("os.environ['T']"), "{fixed}");
    for kept in
        [&nest.canaries.source, &nest.canaries.aws, &nest.canaries.environment, &nest.canaries.private_key]
    {
        let line = |text: &str| text.lines().find(|line| line.contains(kept.as_str())).map(str::to_owned);
        assert_eq!(line(&fixed), line(&code), "{fixed}");
    }
    // It was said, once for the file.
    assert_eq!(ran.stderr.matches("secrets in app.py are masked in prompts").count(), 1, "{}", ran.stderr);
    let ran = [ran];
    nest.assert_silent(&server, &ran);
    // What was searched is where a secret would be: its placeholder is there.
    let places = nest.places(&server, &ran);
    let replayed = places.iter().find(|(name, _)| name.starts_with("replay ")).unwrap();
    let replayed = String::from_utf8_lossy(&replayed.1);
    assert!(replayed.contains("ends in the same bytes"), "{replayed}");
    for place in
        ["a request to the model", "the recording of a run", "the exported recording", "answers.jsonl"]
    {
        let mut texts = places.iter().filter(|(name, _)| name.ends_with(place));
        let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("PATCHWORK_MASKED_GITHUB_PAT_");
        assert!(texts.any(|(_, bytes)| has(bytes)), "{place}");
    }
}

#[test]
fn a_dry_run_shows_placeholders_or_masks_in_its_diff() {
    let nest = Nest::new();
    let server = nest.server();
    let mut command = nest.world().patchwork(&["AutoFix", "--dry-run", "disable_pr=true", "model=gpt-4o"]);
    command
        .arg(format!("sarif_file_path={}", nest.world().sarif().display()))
        .arg(format!("client_base_url={}", server.openai_url()))
        .arg("--config")
        .arg(nest.beside("config"));
    nest.with_secrets(&mut command);
    let ran = World::output(&mut command);
    ran.assert_code(0);
    assert!(ran.stdout.contains("-    token = '***'"), "{}", ran.stdout);
    nest.assert_silent(&server, &[ran]);
}

#[test]
fn errors_of_servers_tell_nothing() {
    for status in [401, 500] {
        let nest = Nest::new();
        let told = format!("Incorrect key: {KEY}, did you mean {}?", nest.canaries.error);
        let server = ModelServer::start(move |_| Reply::error(status, told.clone()));
        let ran = World::output(&mut nest.command(&server));
        assert_ne!(ran.code, Some(0), "{}", ran.stderr);
        nest.assert_silent(&server, &[ran]);
    }
}

#[test]
fn a_run_that_is_killed_and_resumed_tells_nothing_and_ends_the_same() {
    let calm = Nest::new();
    let server = calm.server();
    World::output(&mut calm.command(&server)).assert_code(0);
    let expected = calm.world().repo.git(&["show", "autofix-main:app.py"]);
    let calls = server.count();

    for record in [4, 7, 10, 13] {
        let nest = Nest::new();
        let server = nest.server();
        let mut command = nest.command(&server);
        let killed = World::output(command.env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string()));
        assert_eq!(killed.signal, Some(9), "{}", killed.stderr);
        let run = nest.world().newest_run();
        let mut resume = nest.world().patchwork(&["resume", &run, "--log", "trace", "--config"]);
        nest.with_secrets(resume.arg(nest.beside("config")));
        let resumed = World::output(&mut resume);
        resumed.assert_code(0);
        assert_eq!(nest.world().repo.git(&["show", "autofix-main:app.py"]), expected);
        assert_eq!(server.count(), calls, "killed behind record {record}");
        nest.assert_silent(&server, &[killed, resumed]);
    }
}

/// Writes code that is an input into a file.
const WRITING: &str = r#"
name: Writing
inputs:
  code: { type: string }
steps:
  - uses: ModifyCodeOnce
    with: { file_path: app.py, new_code: "${{ inputs.code }}" }
"#;

#[test]
fn a_secret_in_an_option_is_not_written_into_a_file_as_a_mask() {
    let world = World::new(&[("app.py", "key = load()\n")]);
    let file = world.repo.beside("writing.yml");
    std::fs::write(&file, WRITING).unwrap();
    let key = Canaries::new().source;
    let ran = world.run(&[file.to_str().unwrap(), &format!("code=key = '{key}'\n")]);
    ran.assert_code(1);
    let reason = "line 1 of the new code holds PATCHWORK_MASKED_GITHUB_PAT_";
    assert!(ran.stderr.contains(reason) && !ran.stderr.contains(&key), "{}", ran.stderr);
    world.run(&[file.to_str().unwrap(), "code=key = read()\n"]).assert_code(0);
}
