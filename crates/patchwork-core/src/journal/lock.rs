//! Files that say which process works on what. The system frees them when a process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// [`Lock::is_held`] of another process holds a lock for a moment: how often taking it is tried again, and after what
/// time.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(2);

impl Lock {
    /// Takes the lock that this file stands for, making the file and its folder; `None` when somebody else holds it.
    pub fn take(path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |error: &std::io::Error| {
            Failure::unavailable(format!("the lock {} can't be taken", path.display()))
                .caused_by(error)
                .hint("choose another state folder: --state-dir")
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let mut options = File::options();
        let file =
            options.create(true).truncate(false).write(true).open(path).map_err(|error| failed(&error))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
        Ok(None)
    }

    /// Whether somebody holds the lock. What can't be looked at counts as held: it is left alone.
    pub fn is_held(path: &Path) -> bool {
        match File::open(path) {
            // Shared, so that several may look at once.
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("locks/run");
        assert!(!Lock::is_held(&path));
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::is_held(&path));
        assert!(Lock::take(&path).unwrap().is_none());
        drop(lock);
        assert!(!Lock::is_held(&path));
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn whoever_only_looks_keeps_nobody_from_taking_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        drop(Lock::take(&path).unwrap());
        let looking = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while looking.load(std::sync::atomic::Ordering::Relaxed) {
                    Lock::is_held(&path);
                    std::thread::yield_now();
                }
            });
            let taken = (0..200).filter(|_| Lock::take(&path).unwrap().is_some()).count();
            looking.store(false, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(taken, 200);
        });
    }
}
