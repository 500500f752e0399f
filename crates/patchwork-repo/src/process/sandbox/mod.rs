//! The sandbox: `patchwork __sandbox` gives its rights away step by step and becomes the program.
//!
//! Two processes stand between a run and the program. The *supervisor* lives as long as the program: it ends everything
//! when the run lets go of its socket, however the run ends. The one *inside* builds the walls around itself and starts the
//! program; where there are process namespaces it stays as their init. Neither has rights that its caller lacks.

pub(crate) mod policy;
pub(crate) mod start;

#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod loopback;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod room;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
mod syscalls;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod view;
#[cfg(target_os = "linux")]
mod walls;

use std::ffi::OsStr;

/// The argument that makes the binary a helper of the sandbox.
const HELPER: &str = "__sandbox";
/// The argument after it, of the process inside.
#[cfg(target_os = "linux")]
const INSIDE: &str = "inside";

/// Runs as a helper of the sandbox if the first argument says so, and answers its exit code. To be called before there
/// is a second thread. What it is told comes by a socket on standard input.
pub fn helper(mut arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> Option<u8> {
    if arguments.next()?.as_ref() != HELPER {
        return None;
    }
    #[cfg(target_os = "linux")]
    return Some(match arguments.next() {
        Some(role) if role.as_ref() == INSIDE => inside::run(),
        _ => supervisor::run(),
    });
    #[cfg(not(target_os = "linux"))]
    return Some(1);
}

/// The socket on standard input, one line of JSON at a time.
#[cfg(target_os = "linux")]
mod talk {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::os::unix::net::UnixStream;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    /// Longer lines are no word of ours.
    const MAX_LINE: u64 = 16 << 20;

    /// Writes a line.
    pub(super) fn say(mut socket: &UnixStream, word: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(word)?;
        line.push(b'\n');
        socket.write_all(&line)
    }

    /// Reads a line; none at the end.
    pub(super) fn hear<T: DeserializeOwned>(reader: &mut BufReader<impl Read>) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        reader.take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
    }
}
