//! JavaScript and TypeScript with npm, pnpm or Yarn.

use serde_json::Value;

use super::{Folder, Line, Lines, Network};

/// What `npm init` writes as the script of a package without tests.
const PLACEHOLDER: &str = "no test specified";

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let manifest = folder.json("package.json")?;
    let manager = Manager::of(folder, &manifest);
    let script = |name: &str, run: &str| {
        let script = manifest.pointer(&format!("/scripts/{name}"))?.as_str()?;
        (!script.trim().is_empty() && !script.contains(PLACEHOLDER)).then(|| Line {
            line: format!("{} {run}{name}", manager.program()),
            because: format!("package.json scripts.{name}"),
        })
    };
    let has_some =
        |key: &str| manifest.get(key).and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    let needs_setup = manifest.get("workspaces").is_some()
        || ["dependencies", "devDependencies", "optionalDependencies"].into_iter().any(has_some);
    Some(Lines {
        setup: Line::new(manager.install(folder), "package.json").filter(|_| needs_setup),
        build: script("build", "run "),
        tests: script("test", ""),
    })
}

/// Who installs packages and runs scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    /// Yarn 1.
    Yarn,
    /// Yarn 2 and later.
    YarnBerry,
}

impl Manager {
    /// The one that the manifest names, else the one whose lock file is there.
    fn of(folder: &Folder, manifest: &Value) -> Self {
        let named = manifest.get("packageManager").and_then(Value::as_str).unwrap_or("");
        let (name, version) = named.split_once('@').unwrap_or((named, ""));
        let berry = folder.has(".yarnrc.yml");
        match name {
            "npm" => Self::Npm,
            "pnpm" => Self::Pnpm,
            "yarn" if version.starts_with("1.") => Self::Yarn,
            "yarn" => Self::YarnBerry,
            _ if folder.has("pnpm-lock.yaml") => Self::Pnpm,
            _ if folder.has("yarn.lock") && berry => Self::YarnBerry,
            _ if folder.has("yarn.lock") => Self::Yarn,
            _ => Self::Npm,
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnBerry => "yarn",
        }
    }

    /// Packages' own programs are not run while they are installed.
    fn install(self, folder: &Folder) -> &'static str {
        match self {
            Self::Npm if folder.first(&["package-lock.json", "npm-shrinkwrap.json"]).is_some() => {
                "npm ci --ignore-scripts --no-audit --no-fund"
            }
            Self::Npm => "npm install --ignore-scripts --no-audit --no-fund",
            Self::Pnpm => "pnpm install --frozen-lockfile --ignore-scripts",
            Self::Yarn => "yarn install --frozen-lockfile --ignore-scripts --non-interactive",
            Self::YarnBerry => "yarn install --immutable --mode=skip-build",
        }
    }
}
