//! The commands that build and test a repository, found by the files in it.
//!
//! The files are untrusted: sizes are bounded, what can't be read is as good as absent, and nothing of their text gets into
//! a command. What `npm test` does is for npm to read.

mod bundler;
mod cargo;
mod composer;
mod dotnet;
mod folder;
mod go;
mod gradle;
mod make;
mod maven;
mod node;
mod python;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

pub(super) use self::folder::{Folder, folders};
use super::options::{Verification, VerifyOptions};

/// A command for a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Found {
    /// A line for the shell.
    pub line: String,
    /// Where it runs, relative to the root with `/`; empty for the root.
    pub cwd: String,
    /// What speaks for it: a file (`Cargo.toml`), a key of one (`package.json scripts.test`), an option (`test_command`).
    pub because: String,
}

/// The commands of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Commands {
    /// What makes a fresh copy ready: it installs dependencies, and takes the network to do so.
    pub setup: Option<Found>,
    /// What builds.
    pub build: Option<Found>,
    /// What tests.
    pub tests: Option<Found>,
    /// Commands of other kinds and folders, of which only one is taken: the tests of each, else what builds it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Found>,
}

/// Whether commands will reach the network: some have to be told to do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They will.
    Reached,
    /// They will not.
    Absent,
}

/// A command line and what speaks for it.
struct Line {
    line: String,
    because: String,
}

impl Line {
    fn new(line: impl Into<String>, because: impl Into<String>) -> Option<Self> {
        Some(Self { line: line.into(), because: because.into() })
    }
}

/// What one kind of project has in a folder.
#[derive(Default)]
struct Lines {
    setup: Option<Line>,
    build: Option<Line>,
    tests: Option<Line>,
}

/// What looks for one kind of project in a folder.
type Look = fn(&Folder, Network) -> Option<Lines>;

/// Each kind of project. Of several in one folder the first that has tests is taken. JavaScript is late, since projects of
/// other languages keep a `package.json` for their tools; make is what the others are often called by.
const KINDS: [Look; 10] = [
    cargo::look,
    go::look,
    maven::look,
    gradle::look,
    dotnet::look,
    composer::look,
    bundler::look,
    python::look,
    node::look,
    make::look,
];

/// Finds the commands of the repository at `root`: of the root itself, else of the first folder below it that has any.
pub fn find(root: &Path, network: Network) -> Commands {
    let Some(top) = Folder::open(root, String::new()) else { return Commands::default() };
    let mut all = kinds_of(&top, network);
    if all.is_empty() {
        all = folders(&top).iter().flat_map(|folder| kinds_of(folder, network)).collect();
    }
    let first = all.iter().position(|commands| commands.tests.is_some()).unwrap_or(0);
    if all.is_empty() {
        return Commands::default();
    }
    let mut taken = all.remove(first);
    taken.others = all.into_iter().filter_map(|commands| commands.tests.or(commands.build)).collect();
    taken
}

/// What each kind of project has in a folder.
fn kinds_of(folder: &Folder, network: Network) -> Vec<Commands> {
    let found = |line: Option<Line>| {
        line.map(|Line { line, because }| {
            let because =
                if folder.place().is_empty() { because } else { format!("{}/{because}", folder.place()) };
            Found { line, cwd: folder.place().to_owned(), because }
        })
    };
    KINDS
        .iter()
        .filter_map(|look| look(folder, network))
        .filter(|lines| lines.build.is_some() || lines.tests.is_some())
        .map(|lines| Commands {
            setup: found(lines.setup),
            build: found(lines.build),
            tests: found(lines.tests),
            others: Vec::new(),
        })
        .collect()
}

impl VerifyOptions {
    /// Whether anything is built or tested.
    pub fn runs_commands(&self) -> bool {
        !self.verify.is_empty() || self.build_command.is_some() || self.test_command.is_some()
    }

    /// The commands to run for the checkout at `root`: those that are given, and those that are named in `verify` as they
    /// are found. A setup that is found goes with tests or a build that are found as well, and only where it can reach the
    /// network.
    pub fn commands(&self, root: &Path) -> Commands {
        let network = if self.sandbox_network { Network::Reached } else { Network::Absent };
        let named = |what| self.verify.contains(&what);
        let to_find = (named(Verification::Build) && self.build_command.is_none())
            || (named(Verification::Tests) && self.test_command.is_none());
        let found = if to_find { find(root, network) } else { Commands::default() };
        let pick = |given: &Option<String>, option: &str, found: Option<Found>| match given {
            Some(line) => Some(Found { line: line.clone(), cwd: String::new(), because: option.to_owned() }),
            None => found,
        };
        let setup = found.setup.filter(|_| network == Network::Reached);
        Commands {
            setup: pick(&self.setup_command, "setup_command", setup),
            build: pick(
                &self.build_command,
                "build_command",
                found.build.filter(|_| named(Verification::Build)),
            ),
            tests: pick(
                &self.test_command,
                "test_command",
                found.tests.filter(|_| named(Verification::Tests)),
            ),
            others: found.others,
        }
    }
}

#[cfg(test)]
mod tests;
