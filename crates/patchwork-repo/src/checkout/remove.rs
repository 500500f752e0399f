//! Removes folders, whatever is in them: programs that nobody has read may have filled them.

use std::fs;
use std::io;
use std::path::Path;

/// Removes a folder with all that is in it; nothing when it is not there. However deep the folders in it are, two are open at
/// a time.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => folder(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn folder(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

#[cfg(unix)]
fn folder(path: &Path) -> io::Result<()> {
    for _ in 0..MOST_TURNS {
        match unix::empty(path).and_then(|()| fs::remove_dir(path)) {
            // Someone else is at it as well.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(path).is_err() {
                    return Ok(());
                }
            }
            other => return other,
        }
    }
    Err(io::ErrorKind::DirectoryNotEmpty.into())
}

/// How often a folder is emptied that fills again.
#[cfg(unix)]
const MOST_TURNS: usize = 100;

#[cfg(unix)]
mod unix {
    use std::ffi::{CStr, CString};
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::path::Path;

    use rustix::fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, chmodat, fchmod, fstat, openat, unlinkat,
    };
    use rustix::io::Errno;

    /// A folder on the way to the one that is emptied.
    struct Level {
        is: Stat,
        /// The folders in it, of which the last one is removed next.
        folders: Vec<CString>,
    }

    /// Removes all that is in a folder. The way up is the one down: no more than two folders are open, and no path is long.
    pub(super) fn empty(path: &Path) -> io::Result<()> {
        let mut at = open(CWD, &CString::new(path.as_os_str().as_encoded_bytes())?)?;
        let mut levels = vec![Level::without_files(&at)?];
        while let Some(level) = levels.last_mut() {
            if let Some(name) = level.folders.last() {
                match open(&at, name) {
                    Ok(folder) => {
                        levels.push(Level::without_files(&folder)?);
                        at = folder;
                    }
                    Err(Errno::NOENT) => drop(level.folders.pop()),
                    Err(error) => return Err(error.into()),
                }
                continue;
            }
            levels.pop();
            let Some(above) = levels.last_mut() else { break };
            at = open(&at, c"..")?;
            let is = fstat(&at)?;
            if (is.st_dev, is.st_ino) != (above.is.st_dev, above.is.st_ino) {
                return Err(io::Error::other("a folder is moved while it is removed"));
            }
            if let Some(name) = above.folders.pop() {
                absent(unlinkat(&at, &name, AtFlags::REMOVEDIR))?;
            }
        }
        Ok(())
    }

    impl Level {
        fn without_files(folder: &OwnedFd) -> Result<Self, Errno> {
            let mut folders = Vec::new();
            for (name, is_folder) in entries(folder)? {
                if !is_folder {
                    match absent(unlinkat(folder, &name, AtFlags::empty())) {
                        // A folder on a file system that does not tell what its entries are.
                        Err(Errno::ISDIR | Errno::PERM) => {}
                        other => {
                            other?;
                            continue;
                        }
                    }
                }
                folders.push(name);
            }
            Ok(Self { is: fstat(folder)?, folders })
        }
    }

    /// Opens a folder, not a link to one, so that what is in it can be removed. Package caches (Go's) make theirs read-only.
    fn open(at: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match openat(&at, name, flags, Mode::empty()) {
            // Links are told otherwise.
            Err(Errno::ACCESS) => {
                chmodat(&at, name, Mode::RWXU, AtFlags::empty())?;
                openat(&at, name, flags, Mode::empty())?
            }
            other => other?,
        };
        if !Mode::from_raw_mode(fstat(&folder)?.st_mode).contains(Mode::RWXU) {
            fchmod(&folder, Mode::RWXU)?;
        }
        Ok(folder)
    }

    /// What is in a folder, and whether it is a folder.
    fn entries(folder: &OwnedFd) -> Result<Vec<(CString, bool)>, Errno> {
        let mut found = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if ![&b"."[..], b".."].contains(&name.to_bytes()) {
                found.push((name.to_owned(), entry.file_type() == FileType::Directory));
            }
        }
        Ok(found)
    }

    fn absent(result: Result<(), Errno>) -> Result<(), Errno> {
        match result {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_is_odd_goes_and_what_links_lead_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, other) = (folder.path().join("tree"), folder.path().join("other"));
        for path in ["tree/.removed-0/x", "tree/a/.removed-1/b/c", "tree/closed/d/e", "other/kept"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        fs::write(tree.join(".removed-2"), "x").unwrap();
        symlink(&other, tree.join("a/link")).unwrap();
        symlink(&other, tree.join("link")).unwrap();
        fs::set_permissions(tree.join("closed/d"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.join("closed"), fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists() && other.join("kept").exists());
        remove_tree(&tree).unwrap();
        symlink(&other, &tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(fs::symlink_metadata(&tree).is_err() && other.join("kept").exists());
    }

    #[test]
    fn folders_are_as_deep_as_a_program_can_make_them() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        let mut at = openat(CWD, folder.path(), OFlags::RDONLY, Mode::empty()).unwrap();
        let mut name = "tree";
        for _ in 0..5000 {
            mkdirat(&at, name, Mode::RWXU).unwrap();
            at = openat(&at, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
            name = "deeper";
        }
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
    }
}
