//! Room on the disk: a program is ended before it has filled the user's.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::statvfs;

/// How often it is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Bytes that stay free, unless there are too few at the start.
const LEAST_BYTES: u64 = 1 << 30;

/// Files that can still be made, unless there are too few at the start.
const LEAST_FILES: u64 = 20_000;

/// What is free on the disk of a folder.
pub(super) struct Room {
    folder: PathBuf,
    least: Free,
    looked: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Free {
    bytes: u64,
    files: u64,
}

impl Room {
    /// None where the system does not tell.
    pub(super) fn around(folder: PathBuf) -> Option<Self> {
        let least = free(&folder)?.at_least();
        Some(Self { folder, least, looked: Instant::now() })
    }

    /// Whether too little is left.
    pub(super) fn is_taken(&mut self) -> bool {
        if self.looked.elapsed() < LOOK_EVERY {
            return false;
        }
        self.looked = Instant::now();
        free(&self.folder).is_some_and(|now| now.is_less_than(self.least))
    }
}

impl Free {
    /// What must stay of this.
    fn at_least(self) -> Self {
        Self { bytes: LEAST_BYTES.min(self.bytes / 2), files: LEAST_FILES.min(self.files / 2) }
    }

    fn is_less_than(self, least: Self) -> bool {
        self.bytes < least.bytes || self.files < least.files
    }
}

fn free(folder: &std::path::Path) -> Option<Free> {
    let found = statvfs(folder).ok()?;
    // Some file systems do not count files: nothing is less than none.
    Some(Free { bytes: found.f_bavail.saturating_mul(found.f_frsize), files: found.f_favail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_free_goes_by_what_is_free_at_the_start() {
        let plenty = Free { bytes: 100 << 30, files: 1 << 20 };
        assert_eq!(plenty.at_least(), Free { bytes: LEAST_BYTES, files: LEAST_FILES });
        let little = Free { bytes: 1 << 20, files: 0 };
        assert_eq!(little.at_least(), Free { bytes: 1 << 19, files: 0 });
        assert!(!little.is_less_than(little.at_least()));
        assert!(Free { bytes: 100, ..little }.is_less_than(little.at_least()));
        assert!(Free { files: 10, ..plenty }.is_less_than(plenty.at_least()));
    }
}
