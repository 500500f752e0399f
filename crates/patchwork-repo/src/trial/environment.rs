//! What programs of a trial see of the environment.

use std::collections::BTreeMap;
use std::path::Path;

/// Variables that lead to services and settings of the user: agents that sign and log in, desktops, other machines.
const NEVER: &[&str] = &[
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CONTAINER_HOST",
    "DISPLAY",
    "DOCKER_HOST",
    "GNUPGHOME",
    "KUBECONFIG",
    "LD_PRELOAD",
    "OLDPWD",
    "PWD",
    "RUSTC_WRAPPER",
    "TEMP",
    "TMP",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// Beginnings of the names of more of them. Those of git name a repository or a person's settings.
const NEVER_BEGIN: &[&str] = &["DBUS_", "GIT_", "GPG_", "PATCHWORK_", "SCCACHE_", "SSH_", "XDG_"];

/// Variables that lead to the network.
const PROXIES: &[&str] = &["ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// Told to programs unless the user says otherwise.
const ALWAYS: &[(&str, &str)] = &[
    ("CI", "true"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    // What is compiled for one candidate must not pass for another's.
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("npm_config_audit", "false"),
    ("npm_config_fund", "false"),
    ("npm_config_update_notifier", "false"),
];

/// Told to programs without network, so that they take what is there instead of waiting for what is not.
const OFFLINE: &[(&str, &str)] = &[
    ("CARGO_NET_OFFLINE", "true"),
    ("GOPROXY", "off"),
    ("GOTOOLCHAIN", "local"),
    // Else Maven asks the repository again from which an artefact came.
    ("MAVEN_ARGS", "--offline -Dmaven.legacyLocalRepo=true"),
    ("PIP_NO_INDEX", "1"),
    ("UV_OFFLINE", "1"),
    ("YARN_ENABLE_NETWORK", "0"),
    ("npm_config_offline", "true"),
];

/// The variables of a program: the user's without what leads outside, its own folders, what the command says.
pub(super) fn variables(
    user: &BTreeMap<String, String>,
    home: &Path,
    temp: &Path,
    network: bool,
    more: &[(String, String)],
) -> Vec<(String, String)> {
    let leads_outside = |name: &str| {
        let upper = name.to_uppercase();
        NEVER.contains(&upper.as_str())
            || NEVER_BEGIN.iter().any(|beginning| upper.starts_with(beginning))
            || (!network && PROXIES.contains(&upper.as_str()))
            || upper.contains("WEBHOOK")
            // Bundler's, by the name of a server.
            || (upper.starts_with("BUNDLE_") && upper.contains("__"))
    };
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let offline = if network { &[] } else { OFFLINE };
    all.extend(ALWAYS.iter().chain(offline).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let kept = user.iter().filter(|(name, value)| !leads_outside(name) && !names_user(value));
    all.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    all.insert("HOME".to_owned(), text(home));
    all.insert("TMPDIR".to_owned(), text(temp));
    // Java asks neither `HOME` nor `TMPDIR`.
    if temp != Path::new("/tmp") {
        let java = format!("-Duser.home={} -Djava.io.tmpdir={}", text(home), text(temp));
        all.insert("JAVA_TOOL_OPTIONS".to_owned(), java);
    }
    all.extend(more.iter().cloned());
    all.into_iter().collect()
}

/// Whether a value holds an address with a user in it, and so most likely with a password or a token: of a package index, a
/// database, a proxy.
fn names_user(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', ',']).next().unwrap_or_default();
        authority.contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_outside_goes_and_the_rest_stays() {
        let user = [
            ("PATH", "/usr/bin"),
            ("HOME", "/home/me"),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("DBUS_SESSION_BUS_ADDRESS", "x"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
            ("https_proxy", "http://proxy"),
            ("JAVA_HOME", "/usr/lib/jvm"),
            ("GOPROXY", "https://goproxy.example"),
            ("PATCHWORK_MODEL", "x"),
            ("PIP_INDEX_URL", "https://me:hunter2@index.example/simple"),
            ("SENTRY_DSN", "https://0123@sentry.example/1"),
            ("SLACK_WEBHOOK_URL", "https://hooks.example/services/x"),
            ("BUNDLE_GEMS__EXAMPLE__COM", "me:hunter2"),
        ];
        let user = user.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let more = [("EXTRA".to_owned(), "1".to_owned())];
        let names = |network: bool| -> Vec<String> {
            let all = variables(&user, Path::new("/h"), Path::new("/t"), network, &more).into_iter();
            let default = |name: &str| ALWAYS.iter().chain(OFFLINE).any(|(known, _)| *known == name);
            all.filter(|(name, _)| !default(name) || name == "GOPROXY")
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };
        let java = "JAVA_TOOL_OPTIONS=-Duser.home=/h -Djava.io.tmpdir=/t";
        let expected = [
            "EXTRA=1",
            "GOPROXY=https://goproxy.example",
            "HOME=/h",
            "JAVA_HOME=/usr/lib/jvm",
            java,
            "PATH=/usr/bin",
            "TMPDIR=/t",
        ];
        assert_eq!(names(false), expected);
        assert!(names(true).contains(&"https_proxy=http://proxy".to_owned()));
    }
}
