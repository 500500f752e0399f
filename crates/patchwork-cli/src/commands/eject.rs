//! `patchwork eject`: a shipped patchflow as files that the user may change.

use std::fs;
use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;

use crate::patchflows;
use crate::stdio;

/// Writes `patchflow.yml` and `prompts.yml` of a shipped patchflow.
pub(crate) fn run(name: &str, dir: Option<PathBuf>, force: bool) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let Some(found) = registry.patchflow(name) else {
        return Err(patchflows::not_found(name, &registry, &[]));
    };
    let dir = dir.unwrap_or_else(|| Path::new("patchflows").join(name));
    let files = [("patchflow.yml", found.document), ("prompts.yml", found.prompts)]
        .map(|(file, text)| (dir.join(file), text));
    let files: Vec<_> = files.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    if let Some((there, _)) = files.iter().find(|(path, _)| !force && path.exists()) {
        return Err(Failure::usage(format!("{} is there already", there.display()))
            .hint("overwrite it with --force, or choose another folder with --dir"));
    }
    for (path, text) in &files {
        fs::create_dir_all(&dir)
            .and_then(|()| fs::write(path, text))
            .map_err(|error| Failure::failed(format!("can't write {}", path.display())).caused_by(&error))?;
        stdio::result(&path.display().to_string())?;
    }
    stdio::tell(&format!("run it with: patchwork {}", dir.join("patchflow.yml").display()));
    Ok(0)
}
