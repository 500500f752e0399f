//! Copies of files where no overlay can be mounted: clones that share their blocks where the file system has those.

use std::fs::{self, File, FileTimes};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use super::files::walk;

/// Copies what is in a folder into another, over what is there. Times and modes stay: builds go by them.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    walk(from, &mut |path, found| {
        let (source, target) = (from.join(path), to.join(path));
        if found.is_dir() {
            match fs::symlink_metadata(&target) {
                Ok(there) if there.is_dir() => return Ok(()),
                Ok(_) => fs::remove_file(&target)?,
                Err(_) => {}
            }
            fs::create_dir(&target)?;
            return fs::set_permissions(&target, fs::Permissions::from_mode(found.mode() & 0o777 | 0o700));
        }
        match fs::symlink_metadata(&target) {
            Ok(there) if there.is_dir() => fs::remove_dir_all(&target)?,
            Ok(_) => fs::remove_file(&target)?,
            Err(_) => {}
        }
        if found.is_symlink() {
            return symlink(fs::read_link(&source)?, &target);
        }
        // Sockets and pipes are of nobody's use without the program behind them.
        if found.is_file() { copy_file(&source, &target, found) } else { Ok(()) }
    })
}

fn copy_file(source: &Path, target: &Path, found: &fs::Metadata) -> io::Result<()> {
    let from = File::open(source)?;
    let mut to = File::create_new(target)?;
    if !clone(&from, &to) {
        io::copy(&mut &from, &mut to)?;
    }
    to.set_permissions(fs::Permissions::from_mode(found.mode() & 0o777))?;
    to.set_times(FileTimes::new().set_modified(found.modified()?).set_accessed(found.accessed()?))
}

/// Lets a file share the blocks of another; answers whether the file system can.
#[cfg(target_os = "linux")]
fn clone(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn clone(_from: &File, _to: &File) -> bool {
    false
}

/// Whether files below a folder can be cloned.
pub(super) fn can_clone(folder: &Path) -> bool {
    let probe = || -> io::Result<bool> {
        let mut from = tempfile::tempfile_in(folder)?;
        io::Write::write_all(&mut from, b"x")?;
        Ok(clone(&from, &tempfile::tempfile_in(folder)?))
    };
    probe().unwrap_or(false)
}

/// Leaves in a copy only what differs from what it was made of.
pub(super) fn keep_what_differs(copy: &Path, original: &Path) -> io::Result<()> {
    let mut same = Vec::new();
    walk(copy, &mut |path, found| {
        let before = fs::symlink_metadata(original.join(path));
        let is_same = before.is_ok_and(|before| {
            let (a, b) = (&before, found);
            a.file_type() == b.file_type()
                && !b.is_dir()
                && a.len() == b.len()
                && (b.is_symlink() || (a.mtime(), a.mtime_nsec()) == (b.mtime(), b.mtime_nsec()))
        });
        if is_same {
            same.push(path.to_owned());
        }
        Ok(())
    })?;
    same.iter().try_for_each(|path| fs::remove_file(copy.join(path)))
}
