//! Options that every command takes.

use std::path::PathBuf;

use clap::ArgMatches;

/// Options that every command takes. Absent means: not typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// A configuration file or folder.
    pub(crate) config: Option<PathBuf>,
    /// Where the results of the run are written.
    pub(crate) output: Option<PathBuf>,
    /// Where reports of the run are written; their forms follow from their names.
    pub(crate) report: Vec<PathBuf>,
    /// Where effects on forges are written down in place of being carried out.
    pub(crate) propose: Option<PathBuf>,
    /// A file that says which effects on forges a run may have.
    pub(crate) policy: Option<PathBuf>,
    /// The form of results and listings.
    pub(crate) format: Option<Format>,
    /// Lines instead of the live view.
    pub(crate) plain: bool,
    /// Only results and errors.
    pub(crate) quiet: bool,
    /// What is worth a line.
    pub(crate) log: Option<Level>,
    /// Where journals and worktrees are kept.
    pub(crate) state_dir: Option<PathBuf>,
    /// A recording that models answer from.
    pub(crate) cassette: Option<PathBuf>,
    /// Hours for which answers of models are used again.
    pub(crate) keep_answers: Option<u32>,
    /// The journal survives a power cut.
    pub(crate) durable: bool,
    /// The original's stepping mode was asked for.
    pub(crate) debug: bool,
    /// Options of the original that have no effect here, as they were typed.
    pub(crate) without_effect: Vec<&'static str>,
}

/// The form of results and listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// What is worth a line on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    /// Failures only.
    Error,
    /// Warnings too.
    Warning,
    /// What a user wants to know.
    #[default]
    Info,
    /// Every node.
    Debug,
    /// Everything the program can say about itself.
    Trace,
}

impl Options {
    /// The options in a level of clap's matches.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Self {
        let path = |id: &str| matches.try_get_one::<PathBuf>(id).ok().flatten().cloned();
        let word = |id: &str| matches.try_get_one::<String>(id).ok().flatten();
        let flag = |id: &str| matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false);
        let mut without_effect = Vec::new();
        if flag("disable_telemetry") {
            without_effect.push("--disable_telemetry");
        }
        if word("patched_api_key").is_some() {
            without_effect.push("--patched_api_key");
        }
        Self {
            config: path("config"),
            output: path("output"),
            report: matches.try_get_many("report").ok().flatten().into_iter().flatten().cloned().collect(),
            propose: path("propose"),
            policy: path("policy"),
            format: word("format").map(|word| match word.as_str() {
                "json" => Format::Json,
                "yaml" => Format::Yaml,
                _ => Format::Text,
            }),
            plain: flag("plain"),
            quiet: flag("quiet"),
            log: word("log").map(|word| match word.to_ascii_lowercase().as_str() {
                "critical" | "error" => Level::Error,
                "warning" | "warn" => Level::Warning,
                "debug" => Level::Debug,
                "trace" => Level::Trace,
                _ => Level::Info,
            }),
            state_dir: path("state_dir"),
            cassette: path("cassette"),
            keep_answers: matches.try_get_one::<u32>("keep_answers").ok().flatten().copied(),
            durable: flag("durable"),
            debug: flag("debug"),
            without_effect,
        }
    }

    /// These options, and for what they leave open those that were typed further left.
    #[must_use]
    pub(crate) fn or(mut self, later: Self) -> Self {
        self.config = later.config.or(self.config);
        self.output = later.output.or(self.output);
        for file in later.report {
            if !self.report.contains(&file) {
                self.report.push(file);
            }
        }
        self.propose = later.propose.or(self.propose);
        self.policy = later.policy.or(self.policy);
        self.format = later.format.or(self.format);
        self.log = later.log.or(self.log);
        self.state_dir = later.state_dir.or(self.state_dir);
        self.cassette = later.cassette.or(self.cassette);
        self.keep_answers = later.keep_answers.or(self.keep_answers);
        self.plain |= later.plain;
        self.quiet |= later.quiet;
        self.durable |= later.durable;
        self.debug |= later.debug;
        for option in later.without_effect {
            if !self.without_effect.contains(&option) {
                self.without_effect.push(option);
            }
        }
        self
    }

    /// What is worth a line.
    pub(crate) fn level(&self) -> Level {
        if self.quiet { Level::Error } else { self.log.unwrap_or_default() }
    }
}
