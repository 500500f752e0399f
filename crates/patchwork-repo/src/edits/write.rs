//! Puts a file in place in one step, so that a reader sees the old or the new content and a crash leaves no
//! half.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use patchwork_core::failure::Failure;
use thiserror::Error;

use crate::checkout::path::is_git_folder;

/// Why a file was not written. The old content is untouched then.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The path is empty, absolute, has `..` in it or leads into `.git`.
    #[error("{path:?} is not a path inside the repository")]
    Outside {
        /// The path as given.
        path: String,
    },
    /// The file or a folder above it is a symbolic link.
    #[error("{path}: {link} is a symbolic link, which is not followed")]
    Symlink {
        /// The file.
        path: String,
        /// The part of the path that is the link.
        link: String,
    },
    /// Something other than a file is there, or something other than a folder is above it.
    #[error("{path}: {at} is not a {expected}")]
    WrongKind {
        /// The file.
        path: String,
        /// The part of the path that is in the way.
        at: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The system says no.
    #[error("can't {action} {path}")]
    Io {
        /// The file.
        path: String,
        /// What did not work.
        action: &'static str,
        /// The system's word.
        #[source]
        source: io::Error,
    },
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let message = error.to_string();
        match error {
            WriteError::Io { source, .. } => {
                let failure = Self::failed(message).cause(source.to_string());
                match source.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        failure.hint("free some disk space, then resume the run")
                    }
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                        failure.hint("check who owns the folder and whether it may be written")
                    }
                    _ => failure,
                }
            }
            _ => Self::refused(message),
        }
    }
}

/// Writes `bytes` to `path` (relative to `root`, with `/`): into a temporary file in the same folder, then
/// renamed. Missing folders are made, permissions of an existing file are kept, symbolic links are not
/// followed.
///
/// # Errors
/// [`WriteError`], naming the file.
pub fn write_atomic(root: &Path, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
    let parts = parts(path)?;
    let io = |action| move |source| WriteError::Io { path: path.to_owned(), action, source };
    let (folder, target) = folder_of(root, path, &parts)?;
    let existing = metadata(&target).map_err(io("look at"))?;
    match &existing {
        Some(existing) if existing.is_symlink() => {
            return Err(WriteError::Symlink { path: path.to_owned(), link: path.to_owned() });
        }
        Some(existing) if !existing.is_file() => {
            return Err(WriteError::WrongKind {
                path: path.to_owned(),
                at: path.to_owned(),
                expected: "file",
            });
        }
        _ => {}
    }
    let mut builder = tempfile::Builder::new();
    let new_file = new_file_permissions();
    if let Some(permissions) = new_file {
        builder.permissions(permissions);
    }
    let mut file = builder.prefix(".patchwork-").tempfile_in(&folder).map_err(io("write"))?;
    file.write_all(bytes).map_err(io("write"))?;
    if let Some(existing) = existing {
        file.as_file().set_permissions(existing.permissions()).map_err(io("set the permissions of"))?;
    }
    file.persist(&target).map_err(|error| io("replace")(error.error))?;
    Ok(())
}

/// The names along a path that stays inside of the root.
fn parts(path: &str) -> Result<Vec<&str>, WriteError> {
    let outside = || WriteError::Outside { path: path.to_owned() };
    let parts: Vec<&str> = Path::new(path)
        .components()
        .map(|component| match component {
            Component::Normal(name) => {
                name.to_str().filter(|name| !is_git_folder(name) && !name.contains('\0'))
            }
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(outside)?;
    if parts.is_empty() || path.ends_with('/') { Err(outside()) } else { Ok(parts) }
}

/// The folder of the file, made if it is missing, and the file itself.
fn folder_of(root: &Path, path: &str, parts: &[&str]) -> Result<(PathBuf, PathBuf), WriteError> {
    let io = |action| move |source| WriteError::Io { path: path.to_owned(), action, source };
    let mut folder = root.to_path_buf();
    let (name, folders) = parts.split_last().ok_or_else(|| WriteError::Outside { path: path.to_owned() })?;
    for (depth, part) in folders.iter().enumerate() {
        folder.push(part);
        let at = || parts.get(..=depth).unwrap_or_default().join("/");
        match metadata(&folder).map_err(io("look at the folder of"))? {
            Some(found) if found.is_symlink() => {
                return Err(WriteError::Symlink { path: path.to_owned(), link: at() });
            }
            Some(found) if !found.is_dir() => {
                return Err(WriteError::WrongKind { path: path.to_owned(), at: at(), expected: "folder" });
            }
            Some(_) => {}
            None => match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(io("make the folder of"))?,
            },
        }
    }
    let target = folder.join(name);
    Ok((folder, target))
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What any program asks for a new file, from which the system takes the user's umask; a temporary file would
/// be private otherwise.
#[cfg(unix)]
fn new_file_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file_permissions() -> Option<Permissions> {
    None
}

#[cfg(test)]
mod tests;
