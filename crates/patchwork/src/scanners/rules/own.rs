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

/// Reads them. The user is told of files that are not committed, and so not used.
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

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}
