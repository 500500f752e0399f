//! Standard output for results, standard error for people.

use std::io::{self, Write};

use patchwork_core::failure::Failure;

use crate::secrets;

/// Prints a result. A reader that went away (`patchwork list | head -1`) is no failure.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    written(write_all(&mut anstream::stdout().lock(), text))
}

/// Prints a result for programs, every byte of it: what looks like an escape sequence in a diff is a part of a file.
pub(crate) fn exact(text: &str) -> Result<(), Failure> {
    written(write_all(&mut io::stdout().lock(), text))
}

/// Writes a result that is no text.
pub(crate) fn bytes(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    written(write(&mut out).and_then(|()| out.flush()))
}

/// Tells the user something, secrets masked. There is nobody to tell when that fails.
pub(crate) fn tell(text: &str) {
    let _ = write_all(&mut anstream::stderr().lock(), &secrets::known().redact(text));
}

fn write_all(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

fn written(outcome: io::Result<()>) -> Result<(), Failure> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed("can't write to standard output").caused_by(&error))
        }
        _ => Ok(()),
    }
}
