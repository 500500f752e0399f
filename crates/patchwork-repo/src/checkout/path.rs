//! Places in the worktree, from paths that strangers name.

use std::path::{Component, Path, PathBuf};

use patchwork_core::failure::Failure;
use percent_encoding::percent_decode_str;

/// Why a path is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathError {
    #[error("is empty or holds a NUL")]
    Malformed,
    #[error("is not the address of a file")]
    NotAFile,
    #[error("is outside of the repository")]
    Outside,
    #[error("is inside of `.git`")]
    GitFolder,
    #[error("leads through a symbolic link")]
    SymbolicLink,
    #[error("is inside of a submodule or another repository")]
    Submodule,
}

impl PathError {
    /// As the user reads it. The path comes from outside, so only its beginning is shown.
    pub(super) fn into_failure(self, path: &str) -> Failure {
        let mut shown: String =
            path.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        if shown.len() < path.len() && path.chars().count() > 200 {
            shown.push('…');
        }
        Failure::refused(format!("the path `{shown}` {self}"))
    }
}

/// The absolute place of a path that a file of the repository at `top` names: relative to the top, inside of it, through no
/// symbolic link. It need not exist.
pub fn inside(top: &Path, path: &str) -> Result<PathBuf, Failure> {
    let places = Places::new(top, top, Vec::new());
    let relative = !Path::new(path).is_absolute() && !is_drive(&path.replace('\\', "/"));
    let accepted = match path {
        "" => Err(PathError::Malformed),
        _ if relative => places.accept(path),
        _ => Err(PathError::Outside),
    };
    accepted.map(|place| top.join(place)).map_err(|error| error.into_failure(path))
}

/// Whether the last part of a path may be a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastPart {
    NoLink,
    MayBeLink,
}

/// The worktree as a place for files.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    /// The folders below which an absolute path means a file of the worktree.
    tops: Vec<PathBuf>,
    gitlinks: Vec<String>,
}

impl Places {
    /// `root` is the worktree, `repository` the user's own; submodules are relative to either.
    pub(super) fn new(root: &Path, repository: &Path, gitlinks: Vec<String>) -> Self {
        let mut tops = Vec::new();
        for top in [root, repository] {
            tops.push(top.to_owned());
            tops.extend(top.canonicalize());
        }
        tops.dedup();
        Self { root: root.to_owned(), tops, gitlinks }
    }

    /// See `Checkout::resolve`.
    pub(super) fn resolve(&self, path: &str) -> Result<String, PathError> {
        if path.is_empty() || path.contains('\0') {
            return Err(PathError::Malformed);
        }
        if let Some(rest) = strip_scheme(path, "file") {
            return self.accept(&file_address(rest)?);
        }
        if path.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) {
            return Err(PathError::NotAFile);
        }
        let literal = self.accept(path);
        if literal.as_ref().is_ok_and(|place| self.exists(place)) {
            return literal;
        }
        // Scanners write relative URIs (`my%20file.py`) and Windows paths. A spelling is only taken when the file is there,
        // but a backslash in a name that does not exist is a separator: nobody names new files so.
        let slashed = path.replace('\\', "/");
        let decoded = percent_decode_str(&slashed).decode_utf8().ok();
        if let Some(decoded) = decoded.filter(|decoded| **decoded != slashed) {
            let place = self.accept(&decoded);
            if place.as_ref().is_ok_and(|place| self.exists(place)) {
                return place;
            }
        }
        if is_drive(&slashed) {
            return Err(PathError::Outside);
        }
        if slashed == path { literal } else { self.accept(&slashed) }
    }

    /// A path as git lists it: relative, with `/`, spelled exactly. It may be a symbolic link itself.
    pub(super) fn exact(&self, path: &str) -> Result<String, PathError> {
        if path.is_empty() || path.contains('\0') {
            return Err(PathError::Malformed);
        }
        let parts = parts_of(Path::new(path))?;
        if parts.is_empty() || parts.join("/") != path {
            return Err(PathError::Outside);
        }
        self.check(&parts, LastPart::MayBeLink)?;
        Ok(path.to_owned())
    }

    fn exists(&self, place: &str) -> bool {
        self.root.join(place).symlink_metadata().is_ok()
    }

    /// Makes one spelling relative and checks every part of it.
    fn accept(&self, path: &str) -> Result<String, PathError> {
        if path.contains('\0') {
            return Err(PathError::Malformed);
        }
        let path = Path::new(path);
        let parts = if path.is_absolute() {
            let parts = parts_of(path)?;
            let top =
                self.tops.iter().map(|top| top.components().filter_map(normal_part).collect::<Vec<_>>());
            let mut below = top.filter_map(|top| parts.strip_prefix(top.as_slice()).map(<[&str]>::to_vec));
            below.next().ok_or(PathError::Outside)?
        } else {
            parts_of(path)?
        };
        self.check(&parts, LastPart::NoLink)?;
        Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
    }

    fn check(&self, parts: &[&str], last: LastPart) -> Result<(), PathError> {
        if parts.iter().any(|part| is_git_folder(part)) {
            return Err(PathError::GitFolder);
        }
        let mut place = String::new();
        let mut full = self.root.clone();
        let mut exists = true;
        for (index, part) in parts.iter().enumerate() {
            if !place.is_empty() {
                place.push('/');
            }
            place.push_str(part);
            if self.gitlinks.contains(&place) {
                return Err(PathError::Submodule);
            }
            if !exists {
                continue;
            }
            full.push(part);
            match full.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => {
                    if index + 1 < parts.len() || last == LastPart::NoLink {
                        return Err(PathError::SymbolicLink);
                    }
                }
                Ok(metadata) if metadata.is_dir() && full.join(".git").symlink_metadata().is_ok() => {
                    return Err(PathError::Submodule);
                }
                Ok(_) => {}
                Err(_) => exists = false,
            }
        }
        Ok(())
    }
}

/// The parts of a path with `.` and `..` worked out as text: symbolic links are refused later, so that both ways of reading
/// `a/../b` agree.
fn parts_of(path: &Path) -> Result<Vec<&str>, PathError> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or(PathError::Malformed)?),
            Component::ParentDir => {
                parts.pop().ok_or(PathError::Outside)?;
            }
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(_) => return Err(PathError::Outside),
        }
    }
    Ok(parts)
}

fn normal_part(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    }
}

/// The path in what follows `file:`.
fn file_address(rest: &str) -> Result<String, PathError> {
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (host, _) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                return Err(PathError::Outside);
            }
            rest.get(host.len()..).unwrap_or_default()
        }
        None => rest,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match percent_decode_str(path).decode_utf8() {
        Ok(path) if !path.is_empty() => Ok(path.into_owned()),
        _ => Err(PathError::Malformed),
    }
}

fn strip_scheme<'a>(path: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = path.split_once(':')?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Whether a path with `/` starts at a drive of Windows.
fn is_drive(path: &str) -> bool {
    let mut start = path.chars();
    start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.as_str().starts_with(":/")
}

/// Whether a file system could take this name for `.git`: in any case, with characters that macOS ignores, in the short or
/// stream forms of Windows.
pub(crate) fn is_git_folder(part: &str) -> bool {
    let ignored = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let visible: String = part.chars().filter(|c| !ignored(*c)).collect();
    let name = visible.split([':', '\\']).next().unwrap_or_default().trim_end_matches([' ', '.']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_a_file_of_the_repository_names_are_inside_of_it() {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("src")).unwrap();
        for (path, place) in [("a.json", "a.json"), ("./src/../b", "b"), ("src/new/c", "src/new/c")] {
            assert_eq!(inside(top.path(), path).unwrap(), top.path().join(place));
        }
        let own = top.path().join("a.json").display().to_string();
        for path in [
            "",
            "..",
            "../x",
            "src/../../x",
            "/etc/passwd",
            &own,
            "C:/x",
            "c:\\x",
            ".git/config",
            "src/.GIT/x",
            "a\0b",
        ] {
            assert!(inside(top.path(), path).is_err(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere_even_to_what_does_not_exist() {
        let top = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", top.path().join("dangling")).unwrap();
        std::os::unix::fs::symlink("..", top.path().join("up")).unwrap();
        for path in ["dangling", "up/x", "dangling/x"] {
            let failure = inside(top.path(), path).unwrap_err();
            assert!(failure.message.ends_with("leads through a symbolic link"), "{failure}");
        }
    }
}
