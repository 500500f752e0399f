//! What the command line understands and how it complains.

use crate::world::{World, assert_run};

#[test]
fn version_is_one_line() {
    let world = World::new();
    assert_eq!(world.stdout(&["--version"]), format!("patchwork {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_shows_commands_options_and_exit_codes() {
    assert_run!(World::new().run(&["--help"]));
}

#[test]
fn help_is_a_word_too() {
    let world = World::new();
    for (words, flag) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "runs"], &["runs", "--help"]),
        (&["help", "AutoFix"], &["AutoFix", "--help"]),
    ] {
        assert_eq!(world.stdout(words), world.stdout(flag));
    }
}

#[test]
fn a_name_in_the_wrong_case_gets_the_right_one() {
    assert_run!(World::new().run(&["autofix", "disable_pr=true"]));
}

#[test]
fn a_step_is_no_patchflow() {
    assert_run!(World::new().run(&["ScanSemgrep"]));
}

#[test]
fn an_unknown_option_is_an_error_with_the_nearest_name() {
    assert_run!(World::new().run(&["AutoFix", "--sevrity=high"]));
}

#[test]
fn a_value_of_the_wrong_type_is_an_error() {
    assert_run!(World::new().run(&["AutoFix", "vulnerability_limit=ten", "scanner=grep"]));
}

#[test]
fn the_originals_options_without_effect_are_accepted_and_said_so() {
    let told = World::new().run(&[
        "AutoFix",
        "--disable_telemetry",
        "--patched_api_key=x",
        "--dry-run",
        "scanner=rules",
        "--log",
        "WARNING",
    ]);
    assert_run!(told);
}

#[test]
fn stepping_is_refused_with_another_way() {
    assert_run!(World::new().run(&["AutoFix", "--debug"]));
}

#[test]
fn a_patchflow_in_python_is_refused_with_the_way_out() {
    let world = World::new();
    world.repo.write("flows/Mine/Mine.py", "class Mine: pass\n");
    assert_run!(world.run(&["Mine", "--config", "flows"]));
}

#[test]
fn a_missing_configuration_is_a_usage_error() {
    assert_run!(World::new().run(&["AutoFix", "--config", "none.yml"]));
}

#[test]
fn nothing_is_run_outside_of_a_repository() {
    let world = World::new();
    let outside = world.repo.beside("outside");
    std::fs::create_dir(&outside).unwrap();
    let output = world.command(&["AutoFix", "scanner=rules"]).current_dir(&outside).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("repository"), "{output:?}");
}

#[test]
fn completions_are_made_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(world.stdout(&["completions", shell]).contains("AutoFix"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::new();
    let mut child = world.command(&["schema"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn completions_are_good_bash() {
    let world = World::new();
    world.repo.write("completions.bash", world.stdout(&["completions", "bash"]));
    let checked =
        std::process::Command::new("bash").arg("-n").arg(world.repo.path("completions.bash")).output();
    assert!(checked.unwrap().status.success());
    assert!(world.run(&["completions", "tcsh"]).starts_with("exit code: 2"));
}
