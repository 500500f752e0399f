//! What programs see of the environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use patchwork_core::secret::{Secrets, names_credential};

/// Variables that tie git to the repository of whoever called us (a hook, an alias), that make it print credentials, or
/// that make programs ask a person.
const NEVER: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CURL_VERBOSE",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    "SSH_ASKPASS",
];

/// Configuration of git by variables: it may hold an authorization header, so only git itself gets it.
const GIT_CONFIGURATION: &[&str] =
    &["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_PARAMETERS"];

/// The variables that programs get.
#[derive(Clone)]
pub(super) struct Environment {
    everyone: BTreeMap<OsString, OsString>,
    git: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Leaves out what looks like a credential, and asks programs for stable output.
    pub(super) fn scrubbed(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut everyone = BTreeMap::new();
        let mut git = BTreeMap::new();
        for (name, value) in variables {
            let upper = name.to_string_lossy().to_uppercase();
            if GIT_CONFIGURATION.iter().any(|prefix| upper.starts_with(prefix)) {
                git.insert(name, value);
            } else if !names_credential(&upper)
                && !NEVER.contains(&upper.as_str())
                && !upper.starts_with("GIT_TRACE")
            {
                everyone.insert(name, value);
            }
        }
        everyone.insert("LC_ALL".into(), "C.UTF-8".into());
        Self { everyone, git }
    }

    /// Leaves out what holds a secret of the run under a name that does not tell. Git's own configuration stays: it may need
    /// the token for its remotes, and no other program gets it.
    pub(super) fn hide(&mut self, secrets: &Secrets) {
        self.everyone.retain(|_, value| secrets.found_in(&value.to_string_lossy()).is_none());
    }

    /// What this program gets.
    pub(super) fn variables_for(&self, program: &str) -> impl Iterator<Item = (&OsString, &OsString)> {
        let is_git = Path::new(program).file_stem().is_some_and(|stem| stem == "git");
        self.everyone.iter().chain(self.git.iter().filter(move |_| is_git))
    }

    /// The folders in which programs are looked for.
    pub(super) fn path(&self) -> Option<&OsStr> {
        self.everyone.get(OsStr::new("PATH")).map(OsString::as_os_str)
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values are nobody's business, even those that passed the scrubbing.
        f.debug_set().entries(self.everyone.keys()).entries(self.git.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use patchwork_core::secret::Secret;

    use super::*;

    fn names(environment: &Environment, program: &str) -> Vec<String> {
        environment.variables_for(program).map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn credentials_go_and_the_rest_stays() {
        let gone = [
            "OPENAI_API_KEY",
            "GITHUB_TOKEN",
            "gh_token",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "DB_PASSWORD",
            "PGPASSWD",
            "AZURE_DEVOPS_PAT",
            "STRIPE_KEY",
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_ASKPASS",
            "GIT_TRACE_CURL",
        ];
        let kept =
            ["PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL", "https_proxy", "PWD"];
        let all = gone.iter().chain(&kept).map(|name| (OsString::from(name), OsString::from("x")));
        let environment = Environment::scrubbed(all);
        let mut expected: Vec<String> = kept.iter().map(|name| (*name).to_owned()).collect();
        expected.push("LC_ALL".into());
        expected.sort();
        assert_eq!(names(&environment, "semgrep"), expected);
    }

    #[test]
    fn a_secret_goes_whatever_its_variable_is_called() {
        let all =
            [("OUR_MODEL", "sk-0123456789"), ("URL", "https://u:sk-0123456789@host"), ("HOME", "/root")]
                .map(|(name, value)| (name.into(), value.into()));
        let mut environment = Environment::scrubbed(all);
        let secrets = Secrets::new();
        secrets.insert("openai_api_key", Secret::new("sk-0123456789"));
        environment.hide(&secrets);
        assert_eq!(names(&environment, "semgrep"), ["HOME", "LC_ALL"]);
    }

    #[test]
    fn configuration_of_git_is_for_git_alone() {
        let all = ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"]
            .map(|name| (name.into(), "x".into()));
        let environment = Environment::scrubbed(all);
        assert_eq!(names(&environment, "npm"), ["LC_ALL"]);
        assert_eq!(names(&environment, "/usr/bin/git").len(), 4);
        assert!(!format!("{environment:?}").contains("\"x\""));
    }
}
