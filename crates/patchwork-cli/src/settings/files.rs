//! The files that options stand in: the user's own, the repository's, and what `--config` names.

use std::fs;
use std::path::{Path, PathBuf};

use patchwork::local::{BaseBranch, base_branch, file_at};
use patchwork_core::config::{self, Layer, Origin};
use patchwork_core::diagnostic::{Diagnostic, Style, render};
use patchwork_core::failure::Failure;
use patchwork_core::patchflow::decode;
use patchwork_core::patchflow::plan::Plan;

use super::{every_run, repository_top};
use crate::{env, runtime, secrets, stdio};

/// Files with the options of a repository, in its top folder.
const REPOSITORY_FILES: [&str; 2] = [".patchwork.yaml", ".patchwork.yml"];

/// What files say, the weakest first, and what is to be told about them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) layers: Vec<Layer>,
    pub(super) warnings: Vec<String>,
    /// How many of the layers are the user's own folder's.
    own: usize,
}

/// Reads them for the patchflow that is called `name` in configuration folders; the command was typed in `folder`.
pub(super) fn find(config: Option<&Path>, name: &str, folder: &Path, plan: &Plan) -> Result<Found, Failure> {
    let mut found = Found::default();
    let top = repository_top(folder);
    users_own(&mut found, name, top, plan)?;
    found.own = found.layers.len();
    if let Some(top) = top {
        let file = REPOSITORY_FILES.into_iter().find(|file| top.join(file).is_file());
        if let Some(file) = file {
            // A link to a file of the user's would have its text shown among the faults.
            let path = patchwork::local::inside(top, file)?;
            let mut layer = read(&path, Origin::RepositoryFile(file.to_owned()))?;
            // Whoever pays decides.
            layer.values.retain(|key, _| !every_run::is_limit(key) || !gives(&found.layers, key));
            found.layers.push(layer);
        }
    }
    if let Some(path) = config {
        found.layers.extend(below(path, name, plan)?);
    }
    Ok(found)
}

/// Puts the file of the base branch in the place of the one that is checked out: the run is about what somebody wants merged,
/// who may have changed it. Answers the branch.
pub(super) fn use_base(found: &mut Found, folder: &Path) -> Result<Option<BaseBranch>, Failure> {
    found.layers.retain(|layer| !matches!(layer.origin, Origin::RepositoryFile(_)));
    let Some(top) = repository_top(folder) else { return Ok(None) };
    let runtime = runtime::small()?;
    let Some(base) = runtime.block_on(base_branch(top, &env::base_branches()))? else {
        found.warnings.push(
            "the run is about a pull request, and this clone knows no base branch of `origin`: the repository's own configuration is not read (git fetch origin main)".to_owned(),
        );
        return Ok(None);
    };
    if let Some((name, bytes)) = runtime.block_on(file_at(top, &base.commit, &REPOSITORY_FILES))? {
        let shown = format!("origin/{}:{name}", base.name);
        let mut layer = parsed(&shown, &bytes, Origin::RepositoryFile(shown.clone()))?;
        layer.values.retain(|key, _| !every_run::is_limit(key) || !gives(&found.layers, key));
        // As weak as the one that is checked out would have been.
        let place = found.own.min(found.layers.len());
        found.layers.insert(place, layer);
    }
    Ok(Some(base))
}

/// The user's own folder. It is none of theirs when the repository brings it.
fn users_own(found: &mut Found, name: &str, top: Option<&Path>, plan: &Plan) -> Result<(), Failure> {
    let Some(dir) = env::config_dir().filter(|dir| dir.is_dir()) else { return Ok(()) };
    let real = |path: &Path| path.canonicalize().ok();
    if let (Some(dir), Some(top)) = (real(&dir), top.and_then(real))
        && dir.starts_with(&top)
    {
        found.warnings.push(format!(
            "{} is inside of the repository, so whoever can push to it writes it: it is not read; name it with --config if you trust it",
            dir.display()
        ));
        return Ok(());
    }
    for layer in below(&dir, name, plan)? {
        let file = layer.origin.to_string();
        if secrets::are_in(&layer.values) && is_readable_by_all(Path::new(&file)) {
            found.warnings.push(format!(
                "{file} holds keys, and everybody on this machine can read it: chmod 600 {file}"
            ));
        }
        found.layers.push(layer);
    }
    Ok(())
}

fn gives(layers: &[Layer], key: &str) -> bool {
    layers.iter().any(|layer| layer.values.get(key).is_some_and(|value| !value.is_null()))
}

#[cfg(unix)]
fn is_readable_by_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

/// Elsewhere a user's folder is closed to others by itself.
#[cfg(not(unix))]
fn is_readable_by_all(_file: &Path) -> bool {
    false
}

/// The layers of a configuration: a file, or a folder with one for each patchflow.
fn below(path: &Path, name: &str, plan: &Plan) -> Result<Vec<Layer>, Failure> {
    let shown = |path: &Path| Origin::ConfigFile(path.display().to_string());
    if path.is_file() {
        return Ok(vec![read(path, shown(path))?]);
    }
    let mut out = Vec::new();
    if let Some(file) = options_in(path) {
        out.push(read(&file, shown(&file))?);
    }
    if name.is_empty() {
        return Ok(out);
    }
    let folders = [path.join(name), path.join("patchflows").join(name)];
    let prompts = folders.iter().map(|folder| folder.join("prompt.json")).find(|file| file.is_file());
    if let (Some(file), Some(_)) = (prompts, plan.input("prompt_template_file")) {
        let values = [("prompt_template_file".to_owned(), file.display().to_string().into())];
        out.push(Layer::new(shown(&file), values.into_iter().collect()));
    }
    if let Some(file) = folders.iter().find_map(|folder| options_in(folder)) {
        out.push(read(&file, shown(&file))?);
    }
    Ok(out)
}

/// The file with options in a configuration folder.
fn options_in(folder: &Path) -> Option<PathBuf> {
    ["config.yml", "config.yaml"].map(|file| folder.join(file)).into_iter().find(|file| file.is_file())
}

pub(super) fn read(path: &Path, origin: Origin) -> Result<Layer, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::configuration(format!("can't read {}", path.display())).caused_by(&error)
    })?;
    parsed(&path.display().to_string(), &bytes, origin)
}

fn parsed(name: &str, bytes: &[u8], origin: Origin) -> Result<Layer, Failure> {
    let wrong = |faults: &[Diagnostic]| {
        // Faults are shown as pictures of their lines; the failure then only counts them.
        stdio::tell(&render(faults, Style::Coloured));
        Failure::configuration(format!("{name} can't be used as it is"))
    };
    let file = decode(name, bytes).map_err(|fault| wrong(&[*fault]))?;
    let layer = config::read_file(&file, origin).map_err(|faults| wrong(&faults))?;
    secrets::hide_those_of(&layer.values);
    Ok(layer)
}
