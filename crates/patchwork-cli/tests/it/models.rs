//! Keys of every vendor, limits of every run, the user's own vendors, and `patchwork models`.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use patchwork_testkit::model::{ModelServer, Reply, fix_reply};
use serde_json::Value;

use crate::world::World;

const KEY: &str = "gsk-of-the-user-0123456789";

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/v1";

/// A repository with a weakness that no rule fixes.
fn world() -> World {
    let world = World::new();
    world.repo.write("app.py", "import subprocess\nsubprocess.run(\"ls \" + path, shell=True)\n");
    world.repo.commit("a weakness that no rule fixes");
    world
}

/// A configuration file in which every server on this machine is somewhere else, and `rows` are there too.
fn config(world: &World, rows: &str) {
    let servers = ["ollama", "llamacpp", "vllm", "lmstudio"];
    let away = servers.map(|id| format!("  - {{ id: {id}, base_url: \"{NOBODY}\" }}\n")).concat();
    let rows = rows.trim_start_matches('\n');
    // The first of two rows of one vendor would be a fault.
    let away: String =
        away.lines().filter(|line| !rows.contains(&line[..14])).map(|line| format!("{line}\n")).collect();
    world.repo.write("mine.yml", format!("vendors:\n{rows}{away}"));
}

fn acme(url: &str) -> String {
    format!(
        "  - id: acme
    name: Acme
    base_url: {url}
    option: acme_api_key
    environment: [ACME_KEY]
    default: acme-large
    prefixes: [acme-]
    abilities: {{ tools: true, schema: true }}
    models:
      - {{ name: acme-large, context: 128000, output: 8192, price: {{ input: 1, output: 2.5, cached_input: 0.1 }} }}
      - {{ name: acme-old, abilities: {{ schema: false, images: true }} }}
"
    )
}

#[test]
fn models_are_listed_with_key_price_and_whether_they_answer() {
    let vendor = ModelServer::start_listing(&["acme-large", "acme-secret"], |_| Reply::never());
    let local = ModelServer::start_listing(&["llama3:8b", "qwen3:latest"], |_| Reply::never());
    let world = World::new().env("ACME_KEY", KEY).env("XAI_API_KEY", "");
    config(
        &world,
        &format!(
            "{}  - {{ id: ollama, base_url: \"{}\" }}\n",
            acme(&vendor.openai_url()),
            local.openai_url()
        ),
    );
    let told = world.run(&["models", "--config", "mine.yml"]);
    assert!(!told.contains(KEY), "{told}");
    assert_snapshot!(told, @"
    exit code: 0
    --- stdout
    vendor  key                           reachable
    Acme    given (environment ACME_KEY)  yes, 2 models
    Ollama  none needed                   yes, 2 models

    model                context  output  in  out  cached  abilities
    acme/acme-large      128k     8k      1   2.5  0.1     tools schema (default)
    acme/acme-old        ?        ?       ?   ?    ?       tools images (not listed)
    ollama/llama3:8b     ?        ?       0   0    -       tools schema sampling seed stop
    ollama/qwen3:latest  ?        ?       0   0    -       tools schema sampling seed stop

    prices in US dollars per million tokens

    no key: OpenAI, Azure OpenAI, Anthropic, Google Gemini, Google Vertex AI, Groq, Hugging Face, OpenRouter, DeepSeek, Mistral, xAI, Together
    not running: llama.cpp (http://127.0.0.1:9/v1), vLLM (http://127.0.0.1:9/v1), LM Studio (http://127.0.0.1:9/v1)
    hint: `patchwork models VENDOR` says how to give its key
    --- stderr
    ");
    assert_eq!((vendor.listings(), local.listings()), (1, 1));
    // Offline, nobody is asked.
    let told = world.run(&["models", "acme", "--config", "mine.yml", "--offline"]);
    assert_snapshot!(told, @"
    exit code: 0
    --- stdout
    vendor  key                           reachable
    Acme    given (environment ACME_KEY)  not asked: offline

    model            context  output  in  out  cached  abilities
    acme/acme-large  128k     8k      1   2.5  0.1     tools schema (default)
    acme/acme-old    ?        ?       ?   ?    ?       tools images

    prices in US dollars per million tokens
    --- stderr
    ");
    assert_eq!((vendor.listings(), vendor.count()), (1, 0));
    let data: Value =
        serde_json::from_str(&world.stdout(&["models", "acme", "--config", "mine.yml", "--format", "json"]))
            .unwrap();
    let acme = &data["vendors"][0];
    assert_eq!((&acme["key"]["from"], &acme["reachable"]), (&"environment ACME_KEY".into(), &true.into()));
    assert_eq!(acme["models"][0]["price"]["output"], 2.5);
    assert_eq!(acme["models"][1]["listed"], false);
    assert!(!data.to_string().contains(KEY));
}

#[test]
fn a_vendor_without_a_key_or_an_answer_says_what_to_do() {
    let world = World::new();
    config(&world, &acme(NOBODY));
    assert_snapshot!(world.run(&["models", "acme", "--config", "mine.yml"]), @"
    exit code: 0
    --- stdout
    vendor  key      reachable
    Acme    missing  not asked: no key

    model            context  output  in  out  cached  abilities
    acme/acme-large  128k     8k      1   2.5  0.1     tools schema (default)
    acme/acme-old    ?        ?       ?   ?    ?       tools images

    prices in US dollars per million tokens
    hint: Acme: pass `acme_api_key` or set ACME_KEY
    --- stderr
    ");
    let world = World::new().env("ACME_KEY", KEY);
    config(&world, &acme(NOBODY));
    let told = world.run(&["models", "acme", "--config", "mine.yml"]);
    assert!(told.starts_with("exit code: 0") && told.contains("no: no connection"), "{told}");
    assert_snapshot!(world.run(&["models", "acmee", "--config", "mine.yml"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: no vendor is called `acmee`
      hint: did you mean `acme`?
    ");
}

#[test]
fn credentials_of_google_cloud_count_as_a_key() {
    let world = World::new();
    assert!(world.run(&["models", "vertex", "--offline"]).contains("missing"));
    let file = world.repo.beside("credentials.json");
    fs::write(&file, "{}").unwrap();
    let world = world.env("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap());
    let told = world.run(&["models", "vertex"]);
    assert!(told.contains("given (credentials of Google Cloud)"), "{told}");
}

#[test]
fn what_is_wrong_with_a_row_names_file_row_and_field() {
    let world = World::new();
    world.repo.write(
        "mine.yml",
        "severity: low\nvendors:\n  - id: groq\n    models: [{ name: a, price: { inptu: 1, output: 2 } }]\n",
    );
    assert_snapshot!(world.run(&["models", "--config", "mine.yml"]), @"
    exit code: 3
    --- stdout
    --- stderr
    error: mine.yml:2: `vendors[groq].models[a].price.inptu` is not known; did you mean `input`?
    ");
    world
        .repo
        .write("mine.yml", "vendors:\n  - { id: xai, default: [1] }\n  - { id: groq, limits: { rpm: 3 } }\n");
    assert_snapshot!(world.run(&["AutoFix", "--config", "mine.yml"]), @"
    exit code: 3
    --- stdout
    --- stderr
    error: mine.yml:1: `vendors[groq].limits.rpm` is not known: expected one of `concurrency`, `requests_per_minute`, `tokens_per_minute`
      because `vendors[xai].default` can't be read: invalid type: sequence, expected a string
    ");
    world.repo.write("mine.yml", "vendors:\n  - { id: acme, base_url: \"${NO_SUCH}\" }\n");
    let told = world.run(&["models", "--config", "mine.yml"]);
    assert!(told.contains("mine.yml:1: `vendors` needs the environment variable NO_SUCH"), "{told}");
}

#[test]
fn a_repository_brings_no_vendors() {
    let world = World::new().env("OPENAI_API_KEY", KEY);
    world.repo.write(
        ".patchwork.yaml",
        "vendors:\n  - { id: openai, base_url: \"https://models.example.invalid/v1\" }\n",
    );
    let told = world.run(&["AutoFix", "scanner=rules", "disable_pr=true"]);
    assert_snapshot!(told, @"
    exit code: 6
    --- stdout
    --- stderr
    error: .patchwork.yaml:1: `vendors` can't be set by the repository's own file
      hint: it would lead your keys to another address: put it into a file of yours: your own configuration, or one that you name with --config
    ");
    assert_eq!(world.run(&["models"]), told);
    // Nor does it lead another vendor's key astray.
    let world = World::new().env("GROQ_API_KEY", KEY);
    world.repo.write(".patchwork.yaml", "client_base_url: https://models.example.invalid/v1\n");
    let told = world.run(&["AutoFix", "scanner=rules", "disable_pr=true"]);
    assert!(told.starts_with("exit code: 6") && told.contains("`groq_api_key`"), "{told}");
}

#[test]
fn a_key_that_no_patchflow_declares_authorizes_calls_and_is_kept_nowhere() {
    let server = ModelServer::start(|_| {
        Reply::text(fix_reply("Run a list", "No shell.", "Low", "subprocess.run([\"ls\", path])\n"))
    });
    let row = format!("  - {{ id: groq, base_url: \"{}\" }}\n", server.openai_url());
    let run = ["AutoFix", "scanner=rules", "disable_pr=true", "model=groq/openai/gpt-oss-20b", "n=0"];
    for (variable, word) in [("GROQ_API_KEY", None), ("OTHER", Some(format!("groq_api_key={KEY}")))] {
        let world = self::world().env(variable, KEY);
        config(&world, &row);
        let words = word.as_deref().into_iter().chain(["--config", "mine.yml"]);
        let before = server.count();
        world.run(&run.into_iter().chain(words).collect::<Vec<_>>());
        let seen = server.requests();
        assert_eq!(seen.len(), before + 1, "{variable}");
        assert_eq!(seen[before].header("authorization"), format!("Bearer {KEY}"));
        assert_eq!(seen[before].model, "openai/gpt-oss-20b");
        assert_absent(&world.state_dir(), KEY);
    }
    server.assert_no_secret(&[KEY]);
}

#[test]
fn a_limit_stops_a_run_and_is_raised_when_it_is_resumed() {
    let server = ModelServer::start(|_| Reply::text("no sections"));
    let world = self::world().env("ACME_KEY", KEY).env("PATCHWORK_MAX_COST", "0.001");
    config(&world, &acme(&server.openai_url()));
    let told = world.run(&[
        "AutoFix",
        "scanner=rules",
        "disable_pr=true",
        "n=0",
        "--config",
        "mine.yml",
        "model=acme-large",
    ]);
    assert!(told.starts_with("exit code: 12"), "{told}");
    assert_eq!(server.count(), 0);
    let runs: Value = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    let run = runs[0]["id"].as_str().unwrap();
    let refused = world.run(&["resume", run, "severity=low", "--config", "mine.yml"]);
    assert!(refused.starts_with("exit code: 2") && refused.contains("`max_cost`"), "{refused}");
    let still = world.run(&["resume", run, "--config", "mine.yml"]);
    assert!(still.starts_with("exit code: 12"), "{still}");
    assert_eq!(server.count(), 0);
    let told = world.run(&["resume", run, "max_cost=1", "--config", "mine.yml"]);
    assert!(!told.starts_with("exit code: 12"), "{told}");
    assert_eq!(server.count(), 1);
}

#[test]
fn limits_are_options_like_others() {
    let world = World::new().env("PATCHWORK_MAX_TOKENS", "9");
    world.repo.write("mine.yml", "max_cost: 2.5\n");
    let told =
        world.stdout(&["config", "AutoFix", "--config", "mine.yml", "max_llm_calls=-1", "xai_api_key=k"]);
    let about: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |name: &str| about.iter().find(|row| row[0] == name).map(|row| row[1..].join(" ")).unwrap();
    assert_eq!(row("max_cost"), "2.5 mine.yml:1");
    assert_eq!(row("max_tokens"), "9 environment PATCHWORK_MAX_TOKENS");
    assert_eq!(row("max_llm_calls"), "-1 command line");
    assert_eq!(row("xai_api_key"), "*** command line");
    let bad = [
        "max_cost=-1",
        "max_cost=NaN",
        "max_cost=inf",
        "max_cost=much",
        "max_tokens=1.5",
        "max_llm_calls=-2",
    ];
    let told: String =
        bad.map(|word| world.run(&["AutoFix", word]).lines().nth(3).unwrap().to_owned() + "\n").concat();
    assert_snapshot!(told, @"
    error: `max_cost` must be a number of at least 0, but is `-1`
    error: `max_cost` must be a number of at least 0, but is `NaN`
    error: `max_cost` must be a number of at least 0, but is `inf`
    error: `max_cost` must be a number of at least 0, but is `much`
    error: `max_tokens` must be an integer of at least 0, but is `1.5`
    error: `max_llm_calls` must be an integer of at least -1, but is `-2`
    ");
    world.repo.write(".patchwork.yaml", "allow_unknown_price: true\n");
    assert!(world.run(&["config", "AutoFix"]).starts_with("exit code: 6"));
}

/// Fails the test when a text is in any file.
fn assert_absent(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            assert_absent(&entry.path(), secret);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds the key", entry.path().display());
        }
    }
}
