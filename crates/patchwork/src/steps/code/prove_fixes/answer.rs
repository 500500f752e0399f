//! Reads what a model answered when it was asked for a regression test.

use patchwork_core::failure::FailureKind;
use patchwork_core::message::Finish;
use patchwork_core::secret::placeholder_in;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::language::Language;
use patchwork_repo::syntax::Syntax;

use super::question::TestQuestion;
use super::style::{self, TestFiles};
use crate::steps::code::verify_patch::Answer;
use crate::steps::llm::sections::{fenced, find_heading};

const FILE: &str = "A. File:";
const TEST: &str = "B. Test:";

/// What our prompt asks for where no test can be written.
const NO_TEST: &str = "NO TEST POSSIBLE";

/// Bytes of a test: it proves one thing.
const MAX_TEST: usize = 64 << 10;

/// Characters of a path.
const MAX_PATH: usize = 200;

/// A test that was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewTest {
    /// The position of the fix that it is to prove.
    pub(super) fix: usize,
    /// Its file, which is not there yet.
    pub(super) path: String,
    pub(super) text: String,
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proposed {
    /// A test, not tried yet.
    Test(NewTest),
    /// None can be written, for this reason.
    None(String),
    /// It can't be used; the model is told why.
    Unusable(String),
    /// There is no answer.
    Unanswered(String),
    /// The budget did not allow the question.
    NotAsked(String),
}

/// Reads one answer.
pub(super) fn read(
    ctx: &Context,
    answer: &Answer,
    question: &TestQuestion,
    files: &TestFiles,
) -> Result<Proposed, StepError> {
    if answer.finish == Some(Finish::Length) {
        return Ok(Proposed::Unusable(
            "the answer was cut at the output limit: write a shorter test".to_owned(),
        ));
    }
    if let Some(failure) = &answer.failure {
        return Ok(match failure.kind {
            FailureKind::BudgetReached => Proposed::NotAsked(failure.message.clone()),
            _ => Proposed::Unanswered(failure.to_string()),
        });
    }
    if let Some(error) = &answer.error {
        return Ok(Proposed::Unanswered(error.clone()));
    }
    let text = answer.text.as_deref().unwrap_or_default().trim();
    if let Some(reason) = none_possible(text) {
        return Ok(Proposed::None(reason));
    }
    let missing = |heading| {
        Proposed::Unusable(format!("section `{heading}` is missing: answer in the form that was asked for"))
    };
    let Some((file_at, file_end)) = find_heading(text, FILE) else { return Ok(missing(FILE)) };
    let Some((test_at, test_end)) = find_heading(text, TEST).filter(|(at, _)| *at >= file_at) else {
        return Ok(missing(TEST));
    };
    let code = match fenced(text.get(test_end..).unwrap_or_default()) {
        Ok(block) => block.body,
        Err(problem) => return Ok(Proposed::Unusable(format!("section `{TEST}` can't be used: {problem}"))),
    };
    let said = text.get(file_end..test_at).unwrap_or_default();
    let path = match place(ctx, said, files)? {
        Ok(path) => path,
        Err(problem) => return Ok(Proposed::Unusable(problem)),
    };
    if let Some(problem) = problem_of(code, &path, question) {
        return Ok(Proposed::Unusable(problem));
    }
    let end = if code.ends_with('\n') { "" } else { "\n" };
    Ok(Proposed::Test(NewTest { fix: question.fix, path, text: format!("{code}{end}") }))
}

fn none_possible(text: &str) -> Option<String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.trim().trim_matches(['*', '#', '`', ' ']);
    let said = first.get(..NO_TEST.len()).filter(|start| start.eq_ignore_ascii_case(NO_TEST))?;
    let same_line =
        first.get(said.len()..).unwrap_or_default().trim_start_matches(['*', '_', '`', ':', '.', '-', ' ']);
    Some(format!("{same_line} {}", rest.trim()).trim().to_owned())
}

/// The path that was answered, when a new test may be there; else why not.
fn place(ctx: &Context, said: &str, files: &TestFiles) -> Result<Result<String, String>, StepError> {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let path = line.trim_matches(['`', '*', '"', '\'', ' ']);
    if path.is_empty() || path.chars().count() > MAX_PATH || path.chars().any(char::is_control) {
        return Ok(Err(format!(
            "section `{FILE}` holds no path: expected the new file, from the root of the repository"
        )));
    }
    let path = match ctx.checkout()?.resolve(path) {
        Ok(path) => path,
        Err(failure) => return Ok(Err(failure.to_string())),
    };
    if ctx.root()?.join(&path).symlink_metadata().is_ok() {
        return Ok(Err(format!("`{path}` exists already: expected a new file")));
    }
    Ok(match files.refusal(&path) {
        Some(problem) => Err(problem),
        None => Ok(path),
    })
}

/// What is wrong with the text of a test.
fn problem_of(code: &str, path: &str, question: &TestQuestion) -> Option<String> {
    if code.trim().is_empty() {
        return Some("the test is empty".to_owned());
    }
    if code.len() > MAX_TEST {
        return Some(format!("the test has {} bytes: expected at most {MAX_TEST}", code.len()));
    }
    if let Some(placeholder) = placeholder_in(code) {
        return Some(format!("the test holds {placeholder}, which stands for a secret: leave it out"));
    }
    if reads_source(code, &question.uri) {
        return Some(format!(
            "the test reads the text of {}: expected a test that runs the code",
            style::name(&question.uri)
        ));
    }
    let errors = Syntax::parse(Language::of_path(path)?, code)?.errors();
    errors.first().map(|error| format!("the test does not parse: {error}"))
}

/// Whether a test looks at the source of what it tests, which says nothing of what that does.
fn reads_source(code: &str, path: &str) -> bool {
    let name = style::name(path);
    let quoted = ['"', '\'', '`'].iter().any(|quote| code.contains(&format!("{name}{quote}")));
    let readers = [
        "readFile",
        "file_get_contents",
        "File.read",
        "IO.read",
        "read_text",
        "io.open(",
        "getsource",
        "ReadFile",
        "readAllBytes",
        "readString",
    ];
    // A method of this name may be what is tested.
    let opens = code.match_indices("open(").any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c == '.' || c == '_' || c.is_alphanumeric())
    });
    let reads = opens || readers.iter().any(|reader| code.contains(reader));
    code.contains("getsource(") || (quoted && reads)
}
