//! The environment: the one place where the program reads variables.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use patchwork::models::{Catalog, GoogleSettings, ModelsSettings};
use patchwork::telemetry::{Found, Settings};
use patchwork_core::secret::{Secret, Secrets, looks_secret, names_credential};

use crate::settings::every_run;

/// Variables that stand for an option of a patchflow, the strongest first where two mean the same; those of models' keys are
/// in the catalogue.
const OPTION_VARIABLES: [(&str, &str); 17] = [
    ("OPENAI_BASE_URL", "client_base_url"),
    ("GOOGLE_GENAI_USE_VERTEXAI", "client_is_gcp"),
    ("GOOGLE_CLOUD_PROJECT", "client_project"),
    ("GOOGLE_CLOUD_LOCATION", "client_location"),
    ("OPENAI_API_VERSION", "client_api_version"),
    ("GITHUB_TOKEN", "github_api_key"),
    ("GH_TOKEN", "github_api_key"),
    ("GITLAB_TOKEN", "gitlab_api_key"),
    ("CI_JOB_TOKEN", "gitlab_job_token"),
    // GitLab gives it to its jobs; a self-managed one can't be told by its name.
    ("CI_SERVER_URL", "scm_url"),
    ("AZURE_DEVOPS_EXT_PAT", "azuredevops_api_key"),
    ("SYSTEM_ACCESSTOKEN", "azuredevops_api_key"),
    ("GITEA_TOKEN", "gitea_api_key"),
    ("FORGEJO_TOKEN", "gitea_api_key"),
    ("BITBUCKET_TOKEN", "bitbucket_api_key"),
    ("GITHUB_APP_PRIVATE_KEY", "github_app_private_key"),
    ("PATCHWORK_MODEL", "model"),
];

/// A variable by its name; absent when it is not set, empty or not UTF-8.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The values that variables give to options of patchflows: `(variable, option, value)`.
pub(crate) fn option_values(catalog: &Catalog) -> Vec<(String, String, String)> {
    let owned = |(name, option): (&str, &str)| (name.to_owned(), option.to_owned());
    let keys = catalog.keys().into_iter();
    let keys = keys.flat_map(|(option, names)| names.into_iter().map(move |name| (name, option.clone())));
    let known = keys.chain(OPTION_VARIABLES.map(owned)).chain(every_run::LIMIT_VARIABLES.map(owned));
    let mut out: Vec<(String, String, String)> = Vec::new();
    for (name, option) in known {
        if out.iter().any(|(_, known, _)| *known == option) {
            continue;
        }
        if let Some(value) = variable(&name) {
            out.push((name, option, value));
        }
    }
    out
}

/// The branch into which a CI system says that a pull request is to be merged, by the names that GitHub, GitLab, Azure and
/// Bitbucket have for it.
pub(crate) fn base_branches() -> Vec<String> {
    const VARIABLES: [&str; 4] = [
        "GITHUB_BASE_REF",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "SYSTEM_PULLREQUEST_TARGETBRANCH",
        "BITBUCKET_PR_DESTINATION_BRANCH",
    ];
    VARIABLES.iter().filter_map(|name| variable(name)).collect()
}

/// How models are reached: with the credentials of Google Cloud that are on this machine, and Azure at the user's endpoint.
pub(crate) fn models(catalog: Arc<Catalog>) -> ModelsSettings {
    let folder = path("CLOUDSDK_CONFIG").or_else(|| match cfg!(windows) {
        true => path("APPDATA").map(|data| data.join("gcloud")),
        false => path("HOME").map(|home| home.join(".config/gcloud")),
    });
    let metadata = variable("GCE_METADATA_HOST").unwrap_or_else(|| "metadata.google.internal".to_owned());
    let google = GoogleSettings {
        file: path("GOOGLE_APPLICATION_CREDENTIALS"),
        login: folder.map(|folder| folder.join("application_default_credentials.json")),
        metadata: Some(metadata),
    };
    let mut settings = ModelsSettings { google, ..ModelsSettings::new(catalog) };
    settings.base_urls.extend(variable("AZURE_OPENAI_ENDPOINT").map(|url| ("azure".to_owned(), url)));
    settings
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

/// The folder of the user's own configuration. Absent when the user has no home.
pub(crate) fn config_dir() -> Option<PathBuf> {
    if let Some(dir) = path("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute()) {
        return Some(dir.join("patchwork"));
    }
    if cfg!(windows) {
        return path("APPDATA").map(|dir| dir.join("patchwork"));
    }
    let inside = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    path("HOME").map(|home| home.join(inside).join("patchwork"))
}

/// Whether a terminal that says so can only take plain lines, or a CI system writes a log.
pub(crate) fn wants_lines() -> bool {
    in_ci() || variable("TERM").is_some_and(|term| term == "dumb")
}

/// Whether a CI system runs this.
pub(crate) fn in_ci() -> bool {
    variable("CI").is_some_and(|ci| ci != "false" && ci != "0")
}

/// What the environment asks for in telemetry. Credentials among it join `secrets`.
pub(crate) fn telemetry(secrets: &Secrets) -> Found {
    let mut found = Settings::read(variable);
    for (name, secret) in std::mem::take(&mut found.secrets) {
        secrets.insert(name, secret);
    }
    found
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

/// The credentials among all variables, going by their names and values, with their names.
pub(crate) fn credentials() -> impl Iterator<Item = (String, Secret)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (names_credential(&name) && looks_secret(&value)).then(|| (name, Secret::new(value)))
    })
}
