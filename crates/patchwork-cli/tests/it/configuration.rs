//! Where options come from.

use std::fs;

use patchwork_testkit::model::{ModelServer, Reply};

use crate::world::{World, assert_run};

fn world() -> World {
    let world = World::new().env("OPENAI_API_KEY", "sk-from-the-environment").env("LIMIT", "7");
    world.repo.write(".patchwork.yaml", "severity: medium\nvulnerability_limit: ${LIMIT}\n");
    world.repo.write("flows/AutoFix/config.yml", "severity: high\nbranch-prefix: mend-\n");
    world.repo.write("flows/AutoFix/prompt.json", "[]");
    world
}

/// The lines about these options.
fn about(world: &World, args: &[&str], options: &[&str]) -> String {
    let told = world.stdout(args);
    let line =
        |option: &&str| told.lines().find(|line| line.split(' ').next() == Some(option)).unwrap().to_owned();
    let lines: Vec<_> = options.iter().map(line).collect();
    // How wide the columns are is not the matter here.
    lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect::<String>()
}

#[test]
fn every_place_counts_and_the_later_wins() {
    let options = ["severity", "vulnerability_limit", "branch_prefix", "openai_api_key", "disable_pr", "n"];
    let told = about(&world(), &["config", "AutoFix", "--config", "flows", "--disable-pr"], &options);
    insta::assert_snapshot!(told);
}

#[test]
fn prompts_of_a_configuration_folder_are_found() {
    let told = world().stdout(&["config", "AutoFix", "--config", "flows", "--format", "json"]);
    let values: serde_json::Value = serde_json::from_str(&told).unwrap();
    let file = &values["prompt_template_file"];
    assert_eq!(file["origin"], "flows/AutoFix/prompt.json");
    let path = file["value"].as_str().unwrap();
    assert!(path.starts_with('/') && path.ends_with("/repository/flows/AutoFix/prompt.json"), "{path}");
}

#[test]
fn the_command_line_is_the_strongest() {
    let told = about(&world(), &["config", "AutoFix", "severity=low", "--config", "flows"], &["severity"]);
    assert_eq!(told, "severity low command line\n");
}

#[test]
fn secrets_are_masked_in_every_form() {
    for format in ["text", "json", "yaml"] {
        let told = world().run(&["config", "AutoFix", "github_api_key=ghp_0123456789", "--format", format]);
        assert!(!told.contains("sk-from") && !told.contains("ghp_"), "{told}");
    }
}

#[test]
fn faults_of_files_name_the_line() {
    let world = world();
    world.repo.write("flows/AutoFix/config.yml", "severity: high\nsevrity: low\nn: many\n");
    assert_run!(world.run(&["AutoFix", "--config", "flows"]));
    world.repo.write("flows/AutoFix/config.yml", "severity: [\n");
    assert_run!(world.run(&["AutoFix", "--config", "flows"]));
}

#[test]
fn one_option_from_every_place() {
    let world = || {
        let world = World::new();
        world.repo.write(".patchwork.yaml", "model: of-the-repository\n");
        world.repo.write("mine.yml", "model: of-the-file\n");
        world
    };
    let model =
        |world: &World, args: &[&str]| about(world, &[&["config", "AutoFix"], args].concat(), &["model"]);
    assert_eq!(model(&World::new(), &[]), "model - default\n");
    assert_eq!(model(&world(), &[]), "model [\"of-the-repository\"] .patchwork.yaml:1\n");
    assert_eq!(model(&world(), &["--config", "mine.yml"]), "model [\"of-the-file\"] mine.yml:1\n");
    let world = world().env("PATCHWORK_MODEL", "of-the-environment");
    let expected = "model [\"of-the-environment\"] environment PATCHWORK_MODEL\n";
    assert_eq!(model(&world, &["--config", "mine.yml"]), expected);
    let typed = model(&world, &["--config", "mine.yml", "model=of-the-command"]);
    assert_eq!(typed, "model [\"of-the-command\"] command line\n");
}

#[test]
fn the_first_of_two_variables_for_one_option_counts() {
    let world = World::new().env("GH_TOKEN", "ghp_second").env("GITHUB_TOKEN", "");
    let token = |world: &World| about(world, &["config", "AutoFix"], &["github_api_key"]);
    assert_eq!(token(&world), "github_api_key *** environment GH_TOKEN\n");
    assert_eq!(
        token(&world.env("GITHUB_TOKEN", "ghp_first")),
        "github_api_key *** environment GITHUB_TOKEN\n"
    );
}

#[test]
fn options_are_typed_however_they_are_written() {
    let world = World::new();
    world.repo.write("mine.yml", "disable-pr: off\nmodel-stop: one\nsarif-file-path: r.sarif\n");
    let told = about(
        &world,
        &[
            "config",
            "AutoFix",
            "--config",
            "mine.yml",
            "force_pr_creation=false",
            "--severity",
            "HIGH",
            "--n=3",
            "vulnerability-limit=-1",
            "--dry-run",
            "rescan",
            "paths=src",
            "paths=app.py",
        ],
        &[
            "disable_pr",
            "force_pr_creation",
            "severity",
            "n",
            "vulnerability_limit",
            "dry_run",
            "rescan",
            "paths",
            "model_stop",
        ],
    );
    insta::assert_snapshot!(told, @r#"
    disable_pr false mine.yml:1
    force_pr_creation false command line
    severity high command line
    n 3 command line
    vulnerability_limit -1 command line
    dry_run true command line
    rescan true command line
    paths ["src","app.py"] command line
    model_stop ["one"] mine.yml:2
    "#);
}

#[test]
fn everything_that_is_wrong_is_told_in_one_go() {
    let world = World::new().env("PATCHWORK_MODEL", "m");
    world
        .repo
        .write(".patchwork.yaml", "severity: worst\nbranch_prefix: ${NO_SUCH_VARIABLE}\nsevrity: low\n");
    world.repo.write("mine.yml", "concurrency: 1000\nmodel_seed: [1]\npr_header: ${oops\n");
    let told = world.run(&[
        "AutoFix",
        "--config",
        "mine.yml",
        "model_temperature=hot",
        "disable_pr=maybe",
        "sarif_values=x",
    ]);
    insta::assert_snapshot!(told, @"
    exit code: 3
    --- stdout
    --- stderr
    error: 9 options can't be used
      because .patchwork.yaml:3: there is no option `sevrity`; did you mean `severity`?
      because `sarif_values` must be a mapping (on the command line: JSON), but is `x`
      because .patchwork.yaml:1: `severity` must be one of unknown, none, info, note, low, warning, medium, high, error, critical, but is `worst`
      because mine.yml:1: `concurrency` must be an integer from 1 to 256, but is `1000`
      because `model_temperature` must be a number from 0 to 2, but is `hot`
      because mine.yml:2: `model_seed` must be an integer of at least 0, but is a list
      because `disable_pr` must be true or false, but is `maybe`
      because .patchwork.yaml:2: `branch_prefix` needs the environment variable NO_SUCH_VARIABLE, which is not set
      because mine.yml:3: `pr_header` holds `${` without a `}`; a literal `${` is written `$${`
    ");
}

#[test]
fn suppressions_that_cannot_be_used_are_told_with_their_place() {
    let world = World::new();
    world.repo.write(
        ".patchwork.yaml",
        "severity: low\nsuppressions:\n  - { rule: python-eval, path: tests/, reason: only tests }\n  - { rule: python-eval, path: src/ }\n  - { rule: x, path: '**', reason: why, until: tomorrow }\n",
    );
    insta::assert_snapshot!(world.run(&["AutoFix", "scanner=rules", "disable_pr=true"]), @"
    exit code: 3
    --- stdout
    --- stderr
    error: 2 options can't be used
      because .patchwork.yaml:2: `suppressions` item 2: missing field `reason`
      because .patchwork.yaml:2: `suppressions` item 3: `until` is `tomorrow`: expected a day as YYYY-MM-DD
      hint: an entry is { rule: ID, path: GLOB, reason: WHY, until: YYYY-MM-DD }; only `until` may be left out
    ");
}

#[test]
fn a_file_that_is_shared_may_hold_options_of_other_patchflows() {
    let world = World::new();
    world.repo.write(
        "flows/Mine.yml",
        "name: Mine\ninputs: { level: {} }\nsteps: [{ uses: ScanRules, if: inputs.level }]\n",
    );
    world.repo.write(".patchwork.yaml", "level: high\nseverity: low\n");
    let severity = about(&world, &["config", "AutoFix", "--config", "flows"], &["severity"]);
    assert_eq!(severity, "severity low .patchwork.yaml:2\n");
    let level = about(&world, &["config", "Mine", "--config", "flows"], &["level"]);
    assert_eq!(level, "level high .patchwork.yaml:1\n");
    assert!(world.run(&["config", "AutoFix"]).contains(".patchwork.yaml:1: there is no option `level`"));
}

#[test]
fn a_folder_in_the_layout_of_the_original_is_used_by_a_run() {
    let server = ModelServer::start(|_| Reply::text("no"));
    let world = World::new();
    world.repo.write("app.py", "import subprocess\nsubprocess.run(\"ls \" + path, shell=True)\n");
    world.repo.commit("a weakness that no rule fixes");
    let config = format!(
        "model: m\nn: 0\nscanner: rules\ndisable_pr: true\nclient_base_url: {}\n",
        server.openai_url()
    );
    world.repo.write("flows/patchflows/AutoFix/config.yml", config);
    let prompts =
        r#"[{"id": "fixprompt", "prompts": [{"role": "user", "content": "Mend this: {{affectedCode}}"}]}]"#;
    world.repo.write("flows/patchflows/AutoFix/prompt.json", prompts);
    world.run(&["AutoFix", "--config", "flows"]);
    let asked = server.requests();
    assert_eq!(asked.len(), 1);
    assert!(format!("{asked:?}").contains("Mend this: "), "{asked:?}");
    world.repo.write(
        "flows/patchflows/AutoFix/prompt.json",
        prompts.replace("{{affectedCode}}", "{{#each}}x{{/each}}"),
    );
    let told = world.run(&["AutoFix", "--config", "flows", "--log", "error"]);
    assert!(told.contains("{% for ") && told.contains("prompt.json"), "{told}");
    assert_eq!(server.count(), 1);
}

/// Writes a file of the user's own configuration folder.
fn users(world: &World, path: &str, text: &str) -> std::path::PathBuf {
    let file = world.repo.beside("home/.config/patchwork").join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn the_users_own_file_is_weaker_than_every_other_word_of_theirs() {
    let world = World::new();
    let model =
        |world: &World, args: &[&str]| about(world, &[&["config", "AutoFix"], args].concat(), &["model"]);
    let file = users(&world, "config.yml", "# mine\nmodel: of-the-user\n");
    assert_eq!(model(&world, &[]), format!("model [\"of-the-user\"] {}:2\n", file.display()));
    let file = users(&world, "AutoFix/config.yml", "model: of-the-user-for-AutoFix\n");
    let expected = format!("model [\"of-the-user-for-AutoFix\"] {}:1\n", file.display());
    assert_eq!(model(&world, &[]), expected);
    world.repo.write(".patchwork.yaml", "model: of-the-repository\n");
    assert_eq!(model(&world, &[]), "model [\"of-the-repository\"] .patchwork.yaml:1\n");
    world.repo.write("mine.yml", "model: of-the-file\n");
    assert_eq!(model(&world, &["--config", "mine.yml"]), "model [\"of-the-file\"] mine.yml:1\n");
    let world = world.env("PATCHWORK_MODEL", "of-the-environment");
    let told = model(&world, &[]);
    assert_eq!(told, "model [\"of-the-environment\"] environment PATCHWORK_MODEL\n");
    assert_eq!(model(&world, &["model=typed"]), "model [\"typed\"] command line\n");
}

#[test]
fn the_users_own_folder_follows_xdg_and_may_hold_prompts() {
    let world = World::new();
    users(&world, "config.yml", "severity: high\n");
    let elsewhere = world.repo.beside("elsewhere");
    fs::create_dir_all(elsewhere.join("patchwork/AutoFix")).unwrap();
    fs::write(elsewhere.join("patchwork/AutoFix/prompt.json"), "[]").unwrap();
    let prompts = elsewhere.join("patchwork/AutoFix/prompt.json").display().to_string();
    let world = world.env("XDG_CONFIG_HOME", elsewhere.to_str().unwrap());
    let told = world.stdout(&["config", "AutoFix", "--format", "json"]);
    let values: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(values["prompt_template_file"]["value"], prompts);
    assert_eq!(values["prompt_template_file"]["origin"], prompts);
    assert_eq!(values["severity"]["origin"], "default");
}

#[test]
fn keys_and_vendors_of_the_users_own_file_count_and_its_limits_bind_the_repository() {
    let world = World::new();
    world.repo.write(".patchwork.yaml", "max_cost: 1000\nmax_tokens: 5\n");
    let text = "max_cost: 2\nopenai_api_key: sk-of-the-user-0123456789\nvendors: [{ id: acme, base_url: \"http://127.0.0.1:9/v1\" }]\n";
    let file = users(&world, "config.yml", text);
    let limits = about(&world, &["config", "AutoFix"], &["max_cost", "max_tokens", "openai_api_key"]);
    let (file, told) = (file.display().to_string(), limits.replace(&file.display().to_string(), "mine"));
    assert_eq!(told, "max_cost 2 mine:1\nmax_tokens 5 .patchwork.yaml:2\nopenai_api_key *** mine:2\n");
    let told = world.stdout(&["models", "acme", "--offline"]);
    assert!(told.contains("acme"), "{told}");
    // The repository can't have the key sent anywhere.
    world.repo.write(".patchwork.yaml", "client_base_url: https://evil.example/v1\n");
    let told = world.run(&["AutoFix"]);
    assert!(told.starts_with("exit code: 6") && told.contains("would send your `openai_api_key`"), "{told}");
    assert!(!told.contains("sk-of-the-user"), "{told}");
    drop(file);
}

#[cfg(unix)]
#[test]
fn a_file_with_keys_that_everybody_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let file = users(&world, "config.yml", "openai_api_key: sk-of-the-user-0123456789\n");
    let warned = |mode: u32, args: &[&str]| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        world.run(&[&["config", "AutoFix"], args].concat()).contains("everybody on this machine can read it")
    };
    assert!(warned(0o644, &[]));
    assert!(!warned(0o644, &["--quiet"]));
    assert!(!warned(0o600, &[]));
    fs::write(&file, "openai_api_key: ${OPENAI_API_KEY:-}\nseverity: low\n".replace(":-", "")).unwrap();
    assert!(!warned(0o644, &[]), "a variable is no key");
}

#[test]
fn faults_of_the_users_own_file_name_it() {
    let world = World::new();
    let told = |text: &[u8]| {
        fs::write(users(&world, "config.yml", ""), text).unwrap();
        world.run(&["AutoFix"])
    };
    for (text, problem) in [
        (&b"- a\n"[..], "a configuration file is a mapping of options to values"),
        (b"severity: \xff\n", "UTF-8"),
        (b"sevrity: low\n", "did you mean `severity`?"),
        (b"severity: [\n", "not valid YAML"),
    ] {
        let told = told(text);
        assert!(told.starts_with("exit code: 3"), "{told}");
        assert!(told.contains(problem), "{told}");
        assert!(told.contains("[DIR]/home/.config/patchwork/config.yml"), "{told}");
    }
}

#[test]
fn a_folder_that_the_repository_brings_is_not_the_users_own() {
    let world = World::new();
    world.repo.write(".config/patchwork/config.yml", "semgrep_extra_args: --config /etc/passwd\n");
    let inside = world.repo.root().join(".config");
    let world = world.env("XDG_CONFIG_HOME", inside.to_str().unwrap());
    let told = world.run(&["config", "AutoFix"]);
    assert!(told.contains("is inside of the repository"), "{told}");
    assert!(!told.contains("/etc/passwd"), "{told}");
}

#[test]
fn commands_of_the_repository_and_what_trials_are_lent_stand_below_the_options() {
    let world = World::new();
    assert!(!world.stdout(&["config", "AutoFix"]).contains("Commands found"), "there are none");
    let package = r#"{"scripts": {"test": "node --test"}, "dependencies": {"a": "1"}}"#;
    world.repo.write("package.json", package);
    world.repo.write("pytest.ini", "");
    world.repo.write("node_modules/a/index.js", "");
    let told = world.stdout(&["config", "AutoFix"]);
    let (_, section) = told.split_once("\n\n").unwrap();
    insta::assert_snapshot!(section, @r"
    Commands found here, run when `verify` names them
      tests      python3 -m pytest -q  pytest.ini
      not taken  npm test              package.json scripts.test
      lent       node_modules
    ");
    // Nothing is lent, and nothing is installed without the network.
    std::fs::remove_file(world.repo.root().join("pytest.ini")).unwrap();
    std::fs::rename(world.repo.root().join("node_modules"), world.repo.beside("aside")).unwrap();
    let told = world.stdout(&["config", "AutoFix"]);
    assert!(told.contains("package.json, only with --sandbox-network\n"), "{told}");
    std::fs::rename(world.repo.beside("aside"), world.repo.root().join("node_modules")).unwrap();
    world.repo.write("pytest.ini", "");
    // What git keeps is in every checkout.
    world.repo.git(&["add", "node_modules"]);
    let told = world.stdout(&["config", "AutoFix", "--format", "json"]);
    let values: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(values["$commands"]["lent"], serde_json::json!([]));
    assert_eq!(values["$commands"]["tests"]["line"], "python3 -m pytest -q");
}
