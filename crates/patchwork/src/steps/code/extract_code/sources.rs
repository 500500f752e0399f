//! The files that a report is about: each path is resolved once, and those asked for lately are kept, so that a file whose
//! findings are taken one after the other is read and parsed once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use ignore::WalkBuilder;
use patchwork_core::failure::Failure;
use patchwork_core::finding::Finding;
use patchwork_core::port::checkout::Checkout;
use patchwork_core::step::{Context, StepError};
use patchwork_core::tokens::estimate;
use patchwork_repo::excerpt::SourceFile;
use patchwork_repo::text::SourceText;

use super::pieces::Place;
use crate::sarif::Files;
use crate::steps::code::masked;

/// Larger files are data: 16 MiB.
const MAX_BYTES: u64 = 16 << 20;

/// Files that are looked through for one that a report names otherwise.
const MOST_NAMES: usize = 500_000;

/// Files kept at a time. A syntax tree takes some twenty times the room of its text, and a report may be about
/// thousands of files.
const KEPT: usize = 8;

/// Tokens that the lines of a finding itself may have whatever `context_size` is. What has more is minified or generated:
/// a fix of it would be paid for dearly and read by nobody.
const ENOUGH: usize = 8000;

type Read = Rc<Result<Source, String>>;

/// A file, and what of it may be shown.
pub(super) struct Source {
    file: SourceFile,
    /// The text with placeholders, and how many secrets it has; made when it is first asked for, since a report may be about many
    /// files that no piece is taken of.
    masked: OnceCell<Result<Option<(SourceText, usize)>, String>>,
}

impl Source {
    /// The text with placeholders for its secrets, in the same lines.
    pub(super) fn shown(&self, ctx: &Context) -> Result<&SourceText, &String> {
        let masked = self.masked(ctx).as_ref()?;
        Ok(masked.as_ref().map_or(self.file.source(), |(text, _)| text))
    }

    fn masked(&self, ctx: &Context) -> &Result<Option<(SourceText, usize)>, String> {
        let make = || masked::shown(ctx, self.file.source()).map_err(|error| error.to_string());
        self.masked.get_or_init(make)
    }
}

impl std::ops::Deref for Source {
    type Target = SourceFile;

    fn deref(&self) -> &SourceFile {
        &self.file
    }
}

/// Files of the checkout, read when asked for.
pub(super) struct Sources<'a> {
    pub(super) ctx: &'a Context,
    checkout: &'a dyn Checkout,
    places: RefCell<HashMap<String, Result<String, Failure>>>,
    files: RefCell<VecDeque<(String, Read)>>,
    /// See [`by_name`].
    by_name: OnceCell<HashMap<String, Vec<String>>>,
    /// How many secrets are masked in each file that has some.
    masked: RefCell<BTreeMap<String, usize>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(ctx: &'a Context) -> Result<Self, StepError> {
        let (places, files, by_name, masked) = Default::default();
        Ok(Self { ctx, checkout: ctx.checkout()?, places, files, by_name, masked })
    }

    /// How many secrets are masked in a file.
    pub(super) fn masked_in(&self, path: &str) -> usize {
        self.masked.borrow().get(path).copied().unwrap_or_default()
    }

    /// The file of a resolved path.
    pub(super) fn file(&self, path: &str) -> Read {
        if let Some((_, known)) = self.files.borrow().iter().find(|(name, _)| name == path) {
            return known.clone();
        }
        let read = read(self.checkout, path);
        let file = Rc::new(read.map(|file| Source { file, masked: OnceCell::new() }));
        let mut files = self.files.borrow_mut();
        files.truncate(KEPT - 1);
        files.push_front((path.to_owned(), file.clone()));
        file
    }

    /// The lines of a finding, 0-based and exclusive, or the path and why it has none.
    pub(super) fn core(
        &self,
        finding: &Finding,
        max_tokens: usize,
    ) -> Result<Range<usize>, (String, String)> {
        let fail = |reason: String| (finding.path.clone(), reason);
        let file = self.file(&finding.path);
        let file = file.as_ref().as_ref().map_err(|reason| fail(reason.clone()))?;
        let count = file.source().line_count();
        let start = index(finding.start_line).saturating_sub(1);
        if start >= count {
            let line = finding.start_line;
            return Err(fail(format!(
                "line {line} is past its end ({count} lines): is the report of this version?"
            )));
        }
        let end = index(finding.end_line).clamp(start + 1, count);
        let tokens = estimate(file.source().line_range(start, end).len());
        let most = max_tokens.max(ENOUGH);
        if tokens > most {
            let line = finding.start_line;
            return Err(fail(format!(
                "the finding in line {line} has about {tokens} tokens of code, more than {most}: see context_size"
            )));
        }
        Ok(start..end)
    }

    /// The place of a finding, or the path and why there is none.
    pub(super) fn place(&self, finding: Finding, max_tokens: usize) -> Result<Place, (String, String)> {
        let core = self.core(&finding, max_tokens)?;
        let fail = |reason: String| (finding.path.clone(), reason);
        let file = self.file(&finding.path);
        let file = file.as_ref().as_ref().map_err(|reason| fail(reason.clone()))?;
        if let Some((_, secrets)) = file.masked(self.ctx).as_ref().map_err(|reason| fail(reason.clone()))? {
            self.masked.borrow_mut().insert(finding.path.clone(), *secrets);
        }
        let excerpt =
            file.excerpt(core.start, core.end, max_tokens).map_err(|error| fail(error.to_string()))?;
        Ok(Place {
            lines: excerpt.start_line..excerpt.end_line,
            core,
            unit: excerpt.unit,
            findings: vec![finding],
        })
    }
}

impl Files for Sources<'_> {
    /// [`Checkout::resolve`], remembered.
    fn resolve(&self, uri: &str) -> Result<String, Failure> {
        let mut places = self.places.borrow_mut();
        match places.get(uri) {
            Some(known) => known.clone(),
            None => {
                let answer = self.checkout.resolve(uri);
                places.insert(uri.to_owned(), answer.clone());
                answer
            }
        }
    }

    fn lines(&self, path: &str, start: u32, end: u32) -> Option<String> {
        let file = self.file(path);
        let source = file.as_ref().as_ref().ok()?.source();
        let (start, end) = (index(start).checked_sub(1)?, index(end));
        (start < source.line_count()).then(|| source.line_range(start, end).to_owned())
    }

    fn ending_with(&self, name: &str) -> Vec<String> {
        let folded = name.to_lowercase();
        let last = folded.rsplit('/').next().unwrap_or_default();
        let all = self.by_name.get_or_init(|| by_name(self.checkout.root()));
        let is_it = |path: &&String| {
            let path = path.to_lowercase();
            path.strip_suffix(&folded).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        all.get(last).into_iter().flatten().filter(is_it).cloned().collect()
    }
}

/// The files below a folder by their names in small letters.
fn by_name(root: &Path) -> HashMap<String, Vec<String>> {
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).parents(false).git_global(false).require_git(false);
    builder.filter_entry(|entry| entry.file_name() != ".git");
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for entry in builder.build().filter_map(Result::ok).take(MOST_NAMES) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let relative = entry.path().strip_prefix(root).ok();
        let parts: Option<Vec<&str>> =
            relative.and_then(|path| path.iter().map(|part| part.to_str()).collect());
        if let Some((parts, name)) =
            parts.and_then(|parts| Some((parts.join("/"), parts.last()?.to_lowercase())))
        {
            all.entry(name).or_default().push(parts);
        }
    }
    all
}

fn index(line: u32) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn read(checkout: &dyn Checkout, path: &str) -> Result<SourceFile, String> {
    let full = checkout.root().join(path);
    // What the scanner saw may be a file that the user has not committed.
    let uncommitted = || checkout.base().repository.join(path).is_file();
    let about = std::fs::metadata(&full).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if uncommitted() => {
            "is not committed yet, so it is not fixed".to_owned()
        }
        std::io::ErrorKind::NotFound => "is not in the repository".to_owned(),
        _ => format!("can't be read: {error}"),
    })?;
    if !about.is_file() {
        return Err("is not a file".into());
    }
    if about.len() > MAX_BYTES {
        return Err(format!(
            "has {} MiB, more than the {} a source file may have",
            about.len() >> 20,
            MAX_BYTES >> 20
        ));
    }
    let bytes = std::fs::read(&full).map_err(|error| format!("can't be read: {error}"))?;
    SourceFile::new(path, bytes).map_err(|error| error.to_string())
}
