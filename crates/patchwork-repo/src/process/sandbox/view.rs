//! A file system of its own: a new root in which only what a policy names is mounted.
//!
//! Folders of the new root are only ever walked from its own descriptor, without following a link: what is mounted there comes
//! from a repository that nobody has read.

use std::ffi::{CString, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, statat, symlinkat};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};

use super::policy::{Mount, View, What};

/// Devices that hold nothing and lead nowhere.
pub(super) const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links on the way to a place, at most.
const MAX_LINKS: usize = 40;

/// Makes the view the file system of this process, which must be the first one of its process namespace. Answers what of it
/// could not be had.
pub(super) fn enter(view: &View) -> Result<Vec<String>, String> {
    let mut missing = Vec::new();
    let told = |what: &str, error: &io::Error| format!("{what} can't be mounted: {error}");
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| told("a root of its own", &error.into()))?;
    // Opened before anything is mounted over them.
    let mounts: Vec<(&Mount, Source)> = view
        .mounts
        .iter()
        .filter_map(|mount| Source::open(mount).transpose().map(|source| (mount, source)))
        .map(|(mount, source)| Ok((mount, source.map_err(|error| told(&name(&mount.to), &error))?)))
        .collect::<Result<_, String>>()?;
    let root = stage(&view.stage).map_err(|error| told("a new root", &error))?;
    for (mount, source) in &mounts {
        place(&root, mount, source).map_err(|error| told(&name(&mount.to), &error))?;
    }
    devices(&root).map_err(|error| told("/dev", &error))?;
    if let Err(error) = proc(&root) {
        missing.push(told("a /proc of its own", &error));
        bind_at(&root, Path::new("/proc"), &open(Path::new("/proc")).map_err(|error| told("/proc", &error))?)
            .map_err(|error| told("/proc", &error))?;
    }
    close(view).map_err(|error| told("the view, so that nothing of the system is changed,", &error))?;
    turn(&root).map_err(|error| told("the new root", &error))?;
    Ok(missing)
}

fn name(path: &Path) -> String {
    format!("`{}`", path.display())
}

/// What is mounted, held open.
enum Source {
    One(OwnedFd),
    Nothing,
    Stack { lower: Vec<OwnedFd>, upper: OwnedFd, work: OwnedFd },
}

impl Source {
    /// None when there is nothing to mount.
    fn open(mount: &Mount) -> io::Result<Option<Self>> {
        Ok(Some(match &mount.what {
            What::Same => match open(&mount.to) {
                Ok(same) => Self::One(same),
                Err(_) => return Ok(None),
            },
            What::Shown(from) | What::Folder(from) => Self::One(open(from)?),
            What::Nothing => Self::Nothing,
            What::Overlay { lower, upper, work } => Self::Stack {
                lower: lower.iter().map(|path| open(path)).collect::<io::Result<_>>()?,
                upper: open(upper)?,
                work: open(work)?,
            },
        }))
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}

/// An empty root on a folder, to be filled.
fn stage(folder: &Path) -> io::Result<OwnedFd> {
    let options = CString::new("mode=0755,size=64m")?;
    mount("tmpfs", folder, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?;
    open(folder)
}

fn place(root: &OwnedFd, mount: &Mount, source: &Source) -> io::Result<()> {
    match source {
        Source::One(from) if mount.what == What::Same => bind_at(root, &with_links(root, &mount.to)?, from),
        Source::One(from) => bind_at(root, &mount.to, from),
        Source::Nothing => nothing_at(root, &mount.to),
        Source::Stack { lower, upper, work } => {
            let target = folder_at(root, &mount.to, true)?;
            // By descriptors: the names of the folders may hold what separates options.
            let lower: Vec<String> = lower.iter().map(of).collect();
            let options =
                format!("lowerdir={},upperdir={},workdir={},userxattr", lower.join(":"), of(upper), of(work));
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            Ok(rustix::mount::mount(
                "overlay",
                of(&target),
                "overlay",
                flags,
                CString::new(options)?.as_c_str(),
            )?)
        }
    }
}

/// The name of what is behind a descriptor.
fn of(descriptor: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

fn bind_at(root: &OwnedFd, to: &Path, from: &OwnedFd) -> io::Result<()> {
    let target = if is_folder(from)? { folder_at(root, to, true)? } else { file_at(root, to)? };
    Ok(mount_bind_recursive(of(from), of(&target))?)
}

/// Covers what is at a place; nothing when there is nothing.
fn nothing_at(root: &OwnedFd, to: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (to.parent(), to.file_name()) else { return Ok(()) };
    let found =
        folder_at(root, parent, false).and_then(|parent| Ok(openat(&parent, name, LOOK, Mode::empty())?));
    let target = match found {
        Ok(target) => target,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if is_folder(&target)? {
        let options = CString::new("mode=0755,size=64k")?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        Ok(mount("tmpfs", of(&target), "tmpfs", flags, options.as_c_str())?)
    } else {
        Ok(mount_bind("/dev/null", of(&target))?)
    }
}

/// Looks at what is there, be it a link.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn is_folder(descriptor: &OwnedFd) -> io::Result<bool> {
    let kind = FileType::from_raw_mode(rustix::fs::fstat(descriptor)?.st_mode);
    Ok(kind == FileType::Directory)
}

/// The folder at a place below the root; made, with those above it, if asked for. A link on the way is an error.
fn folder_at(root: &OwnedFd, path: &Path, make: bool) -> io::Result<OwnedFd> {
    let mut at = rustix::io::dup(root)?;
    for part in path.components() {
        let Component::Normal(part) = part else { continue };
        if make {
            match mkdirat(&at, part, Mode::from_raw_mode(0o755)) {
                // What is there and can't be made is opened just below, or that is the error.
                Ok(()) | Err(_) => {}
            }
        }
        at = openat(&at, part, LOOK | OFlags::DIRECTORY, Mode::empty())?;
    }
    Ok(at)
}

/// An empty file at a place below the root, unless there is one.
fn file_at(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Errno::ISDIR.into());
    };
    let parent = folder_at(root, parent, true)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    match openat(&parent, name, flags, Mode::from_raw_mode(0o644)) {
        Ok(_) | Err(Errno::EXIST | Errno::ACCESS | Errno::ROFS) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(openat(&parent, name, LOOK, Mode::empty())?)
}

/// Makes the links that lead to a path of the system below the root too, and answers where they lead.
fn with_links(root: &OwnedFd, path: &Path) -> io::Result<PathBuf> {
    let mut todo: Vec<OsString> = parts(path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        let Ok(target) = fs::read_link(&next) else {
            at = next;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        let folder = folder_at(root, &at, true)?;
        if statat(&folder, &part, AtFlags::SYMLINK_NOFOLLOW).is_err() {
            symlinkat(&target, &folder, &part)?;
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        todo.extend(parts(&target));
    }
    Ok(at)
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<OsString> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect();
    parts.reverse();
    parts
}

fn devices(root: &OwnedFd) -> io::Result<()> {
    let folder = folder_at(root, Path::new("/dev"), true)?;
    for device in DEVICES {
        let path = Path::new("/dev").join(device);
        // A container may lack some.
        if let Ok(from) = open(&path) {
            bind_at(root, &path, &from)?;
        }
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlinkat(target, &folder, name)?;
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let shared = folder_at(root, Path::new("/dev/shm"), true)?;
    mount("tmpfs", of(&shared), "tmpfs", flags, CString::new("mode=1777,size=1g,nr_inodes=64k")?.as_c_str())?;
    let terminals = folder_at(root, Path::new("/dev/pts"), true)?;
    let options = CString::new("newinstance,ptmxmode=0666,mode=0620")?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    // Few programs need terminals of their own, and some containers have none to give.
    let _ = mount("devpts", of(&terminals), "devpts", flags, options.as_c_str());
    Ok(())
}

fn proc(root: &OwnedFd) -> io::Result<()> {
    let target = folder_at(root, Path::new("/proc"), true)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(mount("proc", of(&target), "proc", flags, None)?)
}

/// Makes read-only what is not the program's own: also modes, times and attributes, of which Landlock knows nothing.
fn close(view: &View) -> io::Result<()> {
    let own = |path: &Path| {
        let made = view.mounts.iter().rev().find(|mount| mount.to == path);
        made.map_or(OWN.iter().any(|own| Path::new(own) == path), |mount| {
            matches!(mount.what, What::Overlay { .. } | What::Folder(_))
        })
    };
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
        let mut fields = line.split(' ').skip(4);
        let (Some(place), Some(options)) = (fields.next(), fields.next()) else { continue };
        let place = unescaped(place);
        let Ok(inside) = place.strip_prefix(&view.stage) else { continue };
        if !own(&Path::new("/").join(inside)) {
            // What the mount has already can't be taken away.
            let flags = options
                .split(',')
                .fold(MountFlags::BIND | MountFlags::RDONLY, |flags, option| flags | flag(option));
            match mount_remount(&place, flags, "") {
                // Something else is mounted over it: nobody gets there.
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::INVAL) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Of the devices, what a program may change.
const OWN: [&str; 3] = ["/dev/shm", "/dev/pts", "/proc"];

fn flag(option: &str) -> MountFlags {
    match option {
        "nosuid" => MountFlags::NOSUID,
        "nodev" => MountFlags::NODEV,
        "noexec" => MountFlags::NOEXEC,
        "noatime" => MountFlags::NOATIME,
        "nodiratime" => MountFlags::NODIRATIME,
        "relatime" => MountFlags::RELATIME,
        "nosymfollow" => MountFlags::NOSYMFOLLOW,
        _ => MountFlags::empty(),
    }
}

/// A path of the kernel's table of mounts, in which blanks and backslashes are octal numbers.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let number =
            tail.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match (first, number) {
            (b'\\', Some(number)) => {
                bytes.push(number);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Makes the folder the root of this process, and forgets the old one.
fn turn(root: &OwnedFd) -> io::Result<()> {
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    // The old root lies on top of the new one now.
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_the_last_first_and_keep_what_leads_up() {
        assert_eq!(parts(Path::new("/a/./b/../c")), ["c", "..", "b", "a"].map(OsString::from));
        assert_eq!(parts(Path::new("../x")), ["x", ".."].map(OsString::from));
    }

    #[test]
    fn the_kernels_table_of_mounts_is_read_with_odd_names() {
        assert_eq!(unescaped(r"/a\040b\134c/\011"), Path::new("/a b\\c/\t"));
        assert_eq!(unescaped(r"/plain\"), Path::new(r"/plain\"));
    }
}
