//! Where options come from.

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
fn a_repository_that_sends_keys_somewhere_is_said_so() {
    let world = world();
    world.repo.write(".patchwork.yaml", "client_base_url: http://127.0.0.1:9/v1\n");
    let told = world.run(&["config", "AutoFix"]);
    assert!(told.contains("warning: .patchwork.yaml:1 sends your key to client_base_url"), "{told}");
}
