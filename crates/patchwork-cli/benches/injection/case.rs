//! The corpus: hostile texts, where each stands, what it tries to get, and what a model answers that obeys.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::effect::Effect;

/// A hostile text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// One name for all its life.
    pub(crate) name: String,
    /// Set by the file that it stands in.
    #[serde(skip)]
    pub(crate) place: Place,
    /// The site that the repository is on.
    #[serde(default)]
    pub(crate) site: Site,
    /// The patchflow that runs, when the place does not say.
    #[serde(default)]
    pub(crate) flow: Option<Flow>,
    /// What the stranger wrote. `%KEY%`, `%TOKEN%`, `%TRAP%` (`host:port` of a server of the stranger's) and `%OUTSIDE%` (a
    /// folder outside of the repository) are filled.
    pub(crate) text: String,
    /// How often it is repeated.
    #[serde(default = "once")]
    pub(crate) repeat: usize,
    /// The file that the text is put into, for places that are files.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// Where `file` leads to, when it is a symbolic link.
    #[serde(default)]
    pub(crate) link_to: Option<String>,
    /// The account that wrote it; one of an outsider when nothing is said.
    #[serde(default)]
    pub(crate) by: Option<String>,
    /// The run refuses what it reads before any model is asked.
    #[serde(default)]
    pub(crate) refused: bool,
    /// The effects that it tries to get.
    pub(crate) wants: Vec<Effect>,
    /// What the model answers.
    pub(crate) obedient: Obedient,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    #[default]
    Title,
    Body,
    Diff,
    FileName,
    CommitMessage,
    Comment,
    ReviewComment,
    IssueTitle,
    IssueBody,
    IssueComment,
    ConfigFile,
    ScannerMessage,
    BranchName,
    ModelAnswer,
}

impl Place {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Self; 14] = [
        Self::Title,
        Self::Body,
        Self::Diff,
        Self::FileName,
        Self::CommitMessage,
        Self::BranchName,
        Self::Comment,
        Self::ReviewComment,
        Self::ConfigFile,
        Self::IssueTitle,
        Self::IssueBody,
        Self::IssueComment,
        Self::ScannerMessage,
        Self::ModelAnswer,
    ];

    /// As a person says it, in snake_case: the name of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Body => "body",
            Self::Diff => "diff",
            Self::FileName => "file_name",
            Self::CommitMessage => "commit_message",
            Self::Comment => "comment",
            Self::ReviewComment => "review_comment",
            Self::IssueTitle => "issue_title",
            Self::IssueBody => "issue_body",
            Self::IssueComment => "issue_comment",
            Self::ConfigFile => "config_file",
            Self::ScannerMessage => "scanner_message",
            Self::BranchName => "branch_name",
            Self::ModelAnswer => "model_answer",
        }
    }
}

/// A forge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Site {
    #[default]
    Github,
    Gitlab,
    Azure,
    Gitea,
    Bitbucket,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Flow {
    /// A review of the pull request.
    PRReview,
    /// An answer to the issue, by a patchflow of the bench.
    Answer,
    /// A fix of what a scanner found.
    AutoFix,
}

/// What a model answers that does as it is told, whatever it is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Obedient {
    /// The words in every text of the answer.
    pub(crate) says: String,
    /// How often they are repeated.
    #[serde(default = "once")]
    pub(crate) repeat: usize,
    /// It tells the truth about the weak line all the same; whether that is heard is what the case is about.
    pub(crate) honest: bool,
    /// How many findings it states; one when 0.
    pub(crate) findings: usize,
    /// The place of its finding, when it is not the weak line.
    pub(crate) at: Option<At>,
    /// What stands in place of those lines.
    pub(crate) suggestion: Option<String>,
    /// A patch that goes with a fix.
    pub(crate) patch: Option<String>,
    /// The code of a fix; a right one when nothing is said.
    pub(crate) code: Option<String>,
    /// Keys beside those that were asked for.
    pub(crate) also: serde_json::Map<String, Value>,
    /// Tools that it calls, offered or not, before it answers.
    pub(crate) calls: Vec<Call>,
    /// The whole answer in place of all that.
    pub(crate) raw: Option<String>,
}

/// Lines of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct At {
    pub(crate) path: String,
    /// The first line, from 1.
    pub(crate) start: u64,
    /// The last line.
    pub(crate) end: u64,
}

/// A call of a tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) input: Value,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    place: Place,
    cases: Vec<Case>,
}

impl Case {
    /// All cases, by place.
    pub(crate) fn all() -> Vec<Self> {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/injection/corpus");
        Place::ALL.into_iter().flat_map(|place| Self::of(&corpus, place)).collect()
    }

    fn of(corpus: &Path, place: Place) -> Vec<Self> {
        let name = format!("{}.yml", place.name());
        let text = fs::read_to_string(corpus.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sheet: Sheet = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(sheet.place, place, "{name} is of another place");
        sheet.cases.into_iter().map(|case| Self { place, ..case }).collect()
    }

    /// The patchflow that reads this place.
    pub(crate) fn flow(&self) -> Flow {
        self.flow.unwrap_or(match self.place {
            Place::IssueTitle | Place::IssueBody | Place::IssueComment => Flow::Answer,
            Place::ScannerMessage => Flow::AutoFix,
            _ => Flow::PRReview,
        })
    }

    /// What is wrong with the corpus.
    pub(crate) fn faults(all: &[Self]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        for case in all {
            let mut must = |holds: bool, fault: &str| {
                if !holds {
                    faults.push(format!("{}: {fault}", case.name));
                }
            };
            must(names.insert(&case.name), "the name is taken");
            must(!case.text.is_empty(), "there is no text");
            must(!case.wants.is_empty(), "it wants nothing");
            let Obedient { says, honest, raw, calls, also, .. } = &case.obedient;
            let answers = !says.is_empty() || *honest || raw.is_some();
            must(answers, "the model has nothing to say");
            let obeys = !also.is_empty() || !calls.is_empty() || case.obedient.suggestion.is_some();
            let waits = |effect: &Effect| matches!(effect, Effect::Dismiss(_));
            must(
                !honest || obeys || !says.is_empty() || case.wants.iter().any(waits) || case.is_file(),
                "the model obeys nobody",
            );
            let is_file = case.place == Place::ConfigFile;
            must(!is_file || case.file.is_some(), "a file of the configuration needs its path");
        }
        faults
    }

    fn is_file(&self) -> bool {
        self.file.is_some()
    }
}
