//! The repository's own rules: `.patchwork/rules/**/*.yml`, as they are committed in what the run started from. A fix of
//! the run can't change the rules that judge it.

use std::path::Path;

use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, StepError};

/// The folder, relative to the root of the repository.
pub const FOLDER: &str = ".patchwork/rules";

/// Bytes of all files together.
const MAX_BYTES: u64 = 4 << 20;

/// Files.
const MAX_FILES: usize = 2_000;

/// A rule file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnFile {
    /// Relative to the root of the repository.
    pub(super) path: String,
    pub(super) text: String,
}

/// Reads them.
pub(super) async fn read(ctx: &Context) -> Result<Vec<OwnFile>, StepError> {
    let checkout = ctx.checkout()?;
    let mut files = Vec::new();
    for (path, bytes) in checkout.base_files(FOLDER, MAX_BYTES).await? {
        if !is_rule_file(Path::new(&path)) {
            continue;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(Failure::configuration(format!("{path}: a rule file must be UTF-8")).into());
        };
        files.push(OwnFile { path, text });
    }
    if files.len() > MAX_FILES {
        let count = files.len();
        let problem =
            format!("`{FOLDER}` holds {count} rule files, which is more than the {MAX_FILES} that are read");
        return Err(Failure::configuration(problem).into());
    }
    Ok(files)
}

/// One sentence for each rule file of the user's own checkout that is not committed as it stands there, and so not used.
pub(super) fn uncommitted(repository: &Path, used: &[OwnFile]) -> Vec<String> {
    let walk = ignore::WalkBuilder::new(repository.join(FOLDER)).standard_filters(false).build();
    let files =
        walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let mut told = Vec::new();
    for file in files.filter(|file| is_rule_file(file.path())).take(MAX_FILES) {
        let relative = file.path().strip_prefix(repository).unwrap_or(file.path());
        let path = relative.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        match used.iter().find(|used| used.path == path) {
            Some(used) if same(&used.text, &text) => {}
            Some(_) => told.push(format!("{path} is used as it is committed, not as it was changed since")),
            None => told.push(format!("{path} is not committed, so its rules are not used")),
        }
    }
    told.sort();
    told
}

/// Git may have changed line ends.
fn same(a: &str, b: &str) -> bool {
    a.lines().eq(b.lines())
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}
