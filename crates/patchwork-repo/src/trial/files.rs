//! Files of a copy: written without following a link, since its programs may have made any.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use patchwork_core::failure::Failure;
use patchwork_core::port::trial::Change;

/// The folders of which a copy is made, the topmost first.
pub(super) struct Layers<'a> {
    /// What is written.
    pub(super) top: &'a Path,
    /// What is read where the top has nothing; none where the copy is a whole one.
    pub(super) below: Vec<&'a Path>,
}

impl Layers<'_> {
    /// Changes a file.
    pub(super) fn put(&self, change: &Change) -> Result<(), Failure> {
        let path = inside(&change.path)?;
        let told = |error: io::Error| {
            Failure::failed(format!("`{}` can't be changed in a trial", change.path)).caused_by(&error)
        };
        match &change.content {
            Some(content) => self.write(path, content).map_err(told),
            None => self.remove(path).map_err(told),
        }
    }

    /// Takes a change out of the top, so that what is below shows again.
    pub(super) fn forget(&self, path: &str) -> Result<(), Failure> {
        let told = |error: io::Error| {
            Failure::failed(format!("`{path}` can't be taken out of a trial")).caused_by(&error)
        };
        let path = inside(path)?;
        match self.is_reached(path) {
            true => absent(fs::remove_file(self.top.join(path))).map_err(told),
            false => Ok(()),
        }
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.make_parents(path)?;
        let place = self.top.join(path);
        let mode = self.find(path).map_or(0o644, |found| found.permissions().mode() & 0o777);
        clear(&place)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&place)?;
        file.write_all(content)?;
        // Whatever the mask is.
        file.set_permissions(fs::Permissions::from_mode(mode))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.find(path).is_none() {
            return Ok(());
        }
        self.make_parents(path)?;
        let place = self.top.join(path);
        clear(&place)?;
        match self.below.iter().any(|below| fs::symlink_metadata(below.join(path)).is_ok()) {
            true => whiteout(&place),
            false => Ok(()),
        }
    }

    /// What is at a path, the topmost first.
    fn find(&self, path: &Path) -> Option<fs::Metadata> {
        let places = std::iter::once(&self.top).chain(&self.below);
        let found = places.filter_map(|layer| fs::symlink_metadata(layer.join(path)).ok()).next()?;
        (!is_whiteout(&found)).then_some(found)
    }

    /// Makes the folders above a path in the top, as they are below.
    fn make_parents(&self, path: &Path) -> io::Result<()> {
        let parents: Vec<&Path> =
            path.ancestors().skip(1).filter(|part| !part.as_os_str().is_empty()).collect();
        for parent in parents.into_iter().rev() {
            match self.find(parent) {
                Some(found) if !found.is_dir() => return Err(not_a_folder(parent)),
                found => {
                    let place = self.top.join(parent);
                    match fs::symlink_metadata(&place) {
                        Ok(there) if there.is_dir() => continue,
                        Ok(_) => fs::remove_file(&place)?,
                        Err(_) => {}
                    }
                    fs::create_dir(&place)?;
                    let mode = found.map_or(0o755, |found| found.permissions().mode() & 0o777);
                    fs::set_permissions(&place, fs::Permissions::from_mode(mode))?;
                }
            }
        }
        Ok(())
    }

    /// Whether every folder above a path is one in the top, not a link.
    fn is_reached(&self, path: &Path) -> bool {
        path.ancestors()
            .skip(1)
            .all(|part| fs::symlink_metadata(self.top.join(part)).is_ok_and(|found| found.is_dir()))
    }
}

/// A path of a change, if it stays inside.
fn inside(path: &str) -> Result<&Path, Failure> {
    let parts = Path::new(path);
    let normal = parts.components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !normal || parts.starts_with(".git") {
        return Err(Failure::refused(format!("`{path}` is no place for a file of a trial")));
    }
    Ok(parts)
}

fn not_a_folder(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotADirectory, format!("`{}` is not a folder", path.display()))
}

/// Removes what a file will replace.
fn clear(place: &Path) -> io::Result<()> {
    absent(fs::remove_file(place))
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Says in an upper layer that a file of a lower one is gone.
#[cfg(target_os = "linux")]
fn whiteout(place: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(CWD, place, FileType::CharacterDevice, Mode::empty(), 0)?)
}

/// Copies without layers have none below.
#[cfg(not(target_os = "linux"))]
fn whiteout(_place: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn is_whiteout(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.file_type().is_char_device() && found.rdev() == 0
}

/// Every file and link below a folder, as paths relative to it, without following links.
pub(super) fn walk(
    folder: &Path,
    each: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>,
) -> io::Result<()> {
    let mut open = vec![PathBuf::new()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(folder.join(&at))? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            let found = entry.metadata()?;
            each(&path, &found)?;
            if found.is_dir() {
                open.push(path);
            }
        }
    }
    Ok(())
}
