//! `patchwork demo`: a small vulnerable repository, and AutoFix at work on it.

use std::fs;
use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;
use tokio_util::sync::CancellationToken;

use crate::args::{Options, words};
use crate::drive::{self, Task};
use crate::report::style::{BOLD, paint};
use crate::{patchflows, runtime, settings, stdio};

/// What the demonstration runs with, unless other words are given: no scanner to install, nothing leaves the machine.
const DEFAULTS: [(&str, &str); 2] = [("scanner", "rules"), ("disable_pr", "true")];

/// Makes the repository and runs AutoFix on it.
pub(crate) fn run(options: &Options, dir: Option<PathBuf>, words: &[String]) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let found = patchflows::find("AutoFix", None, &registry)?;
    let loaded = patchflows::load(&found, None, &registry)?;
    let here = drive::current_dir()?;
    let place = settings::Place { options, registry: &registry, name: &found.name, folder: &here };
    let assigned = words::assign(words, &place.open(&loaded.plan)?.plan)?;
    let mut typed: Vec<_> = DEFAULTS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    typed.extend(assigned.values);
    let folder = make(dir)?;
    stdio::tell(&format!("made a small repository with weaknesses in {}", paint(BOLD, folder.display())));
    let place = settings::Place { options, registry: &registry, name: &found.name, folder: &folder };
    let given = place.given(&loaded.plan, place.open(&loaded.plan)?, &typed)?;
    let task = Task::New {
        inputs: given.inputs(),
        from_repository: given.of_the_repository(),
        plan: Box::new(loaded.plan),
        diff: true,
    };
    let driven = drive::drive(options, registry, &given, task, &folder)?;
    let code = drive::finish(options, &given.secrets, &driven)?;
    stdio::tell(&next(&folder, driven.end.outputs["target_branch"].as_str()));
    Ok(code)
}

/// Where the repository is, and what to do with it.
fn next(folder: &Path, branch: Option<&str>) -> String {
    let place = folder.display();
    let mut out = format!("the repository stays in {place}, its branch main is as it was\n\nnext:\n");
    if let Some(branch) = branch {
        out.push_str(&format!(
            "  git -C {place} diff main {branch}    # the fixes, on a branch of their own\n"
        ));
    }
    out.push_str(
        "  patchwork AutoFix --dry-run    # in a repository of yours: shows the fixes, commits nothing\n",
    );
    out
}

/// Writes the files and commits them; answers the folder.
fn make(dir: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let folder = match dir {
        Some(dir) => {
            if fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(Failure::usage(format!("--dir {}: the folder is not empty", dir.display())));
            }
            std::path::absolute(&dir).map_err(|error| failed(&dir, &error))?
        }
        None => tempfile::Builder::new()
            .prefix("patchwork-demo-")
            .tempdir()
            .map_err(|error| failed(Path::new("a temporary folder"), &error))?
            .keep(),
    };
    for (path, text) in patchwork::demo::files() {
        let file = folder.join(path);
        let made = file.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&file, text)).map_err(|error| failed(&file, &error))?;
    }
    runtime::small()?.block_on(patchwork::local::first_commit(
        &folder,
        "Stockroom",
        &CancellationToken::new(),
    ))?;
    Ok(folder)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("can't write {}", path.display())).caused_by(error)
}
