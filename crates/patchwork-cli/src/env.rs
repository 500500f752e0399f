//! The environment: the one place where the program reads variables.

use std::ffi::OsString;
use std::path::PathBuf;

/// Variables that stand for an option of a patchflow, the strongest first where two mean the same.
pub(crate) const OPTION_VARIABLES: [(&str, &str); 10] = [
    ("OPENAI_API_KEY", "openai_api_key"),
    ("OPENAI_BASE_URL", "client_base_url"),
    ("ANTHROPIC_API_KEY", "anthropic_api_key"),
    ("GOOGLE_API_KEY", "google_api_key"),
    ("GEMINI_API_KEY", "google_api_key"),
    ("GITHUB_TOKEN", "github_api_key"),
    ("GH_TOKEN", "github_api_key"),
    ("GITLAB_TOKEN", "gitlab_api_key"),
    ("AZURE_DEVOPS_EXT_PAT", "azuredevops_api_key"),
    ("PATCHWORK_MODEL", "model"),
];

/// A variable by its name; absent when it is not set, empty or not UTF-8.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The values that variables give to options of patchflows: `(variable, option, value)`.
pub(crate) fn option_values() -> Vec<(&'static str, &'static str, String)> {
    let mut out: Vec<(&str, &str, String)> = Vec::new();
    for (name, option) in OPTION_VARIABLES {
        if out.iter().any(|(_, known, _)| *known == option) {
            continue;
        }
        if let Some(value) = variable(name) {
            out.push((name, option, value));
        }
    }
    out
}

/// The folder of journals, worktrees and caches, when `--state-dir` does not name one: `PATCHWORK_STATE_DIR`, else the
/// user's state folder. Absent when the user has no home.
pub(crate) fn state_dir() -> Option<PathBuf> {
    if let Some(dir) = path("PATCHWORK_STATE_DIR") {
        return Some(dir);
    }
    if let Some(dir) = path("XDG_STATE_HOME").filter(|dir| dir.is_absolute()) {
        return Some(dir.join("patchwork"));
    }
    if cfg!(windows) {
        return path("LOCALAPPDATA").map(|dir| dir.join("patchwork"));
    }
    let inside = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
    path("HOME").map(|home| home.join(inside).join("patchwork"))
}

/// Whether a terminal that says so can only take plain lines, or a CI system writes a log.
pub(crate) fn wants_lines() -> bool {
    variable("CI").is_some_and(|ci| ci != "false" && ci != "0")
        || variable("TERM").is_some_and(|term| term == "dumb")
}

/// Whether a panic should show where it came from.
pub(crate) fn wants_backtrace() -> bool {
    variable("RUST_BACKTRACE").is_some_and(|value| value != "0")
}

/// Behind which record a crash test wants the process to die.
#[cfg(all(debug_assertions, unix))]
pub(crate) fn crash_after_record() -> Option<u64> {
    variable("PATCHWORK_CRASH_AFTER_RECORD")?.parse().ok()
}

fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from)
}
