//! Results for machines: how they are written, and the file of `--output`.

use std::io::Write;
use std::path::Path;

use patchwork_core::failure::Failure;
use serde_json::Value;

use crate::args::Format;

/// A value as JSON or YAML text, with a line end.
pub(crate) fn encode(value: &Value, format: Format) -> Result<String, Failure> {
    match format {
        Format::Yaml => serde_saphyr::to_string(value)
            .map_err(|error| Failure::internal("a result can't be written as YAML").caused_by(&error)),
        Format::Text | Format::Json => Ok(format!("{value:#}\n")),
    }
}

/// Writes the results into a file that is whole or not there.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_with(path, "the results", |file| file.write_all(text.as_bytes()))
}

/// Writes a file that is whole or not there: into a temporary neighbour first. `what` is how failures call it.
pub(crate) fn write_with(
    path: &Path,
    what: &str,
    write: impl FnOnce(&mut std::io::BufWriter<&std::fs::File>) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::failed(format!("{what} can't be written to {}", path.display())).caused_by(error)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Pipes and devices (`/dev/stdout`) are written to, not replaced.
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        let file = std::fs::File::options().write(true).open(path).map_err(|error| failed(&error))?;
        let mut buffered = std::io::BufWriter::new(&file);
        return write(&mut buffered).and_then(|()| buffered.flush()).map_err(|error| failed(&error));
    }
    let file = tempfile::Builder::new()
        .prefix(".patchwork-")
        .permissions_like_new()
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    let mut buffered = std::io::BufWriter::new(file.as_file());
    write(&mut buffered)
        .and_then(|()| buffered.flush())
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| failed(&error))?;
    drop(buffered);
    file.persist(path).map_err(|error| failed(&error))?;
    Ok(())
}

/// Says before the run what would be found out only after it: that the results can't be written there.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    possible(path, "--output ")
}

/// Refuses the place of a file when there can be none; `before` is put before it.
pub(crate) fn possible(path: &Path, before: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let problem = if path.is_dir() {
        "it is a folder".to_owned()
    } else if !folder.is_dir() {
        format!("there is no folder {}", folder.display())
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("{before}{}: {problem}", path.display()))
        .hint("name a file in a folder that exists"))
}

/// [`possible`], and that the folder can be written to.
pub(crate) fn writable(path: &Path, before: &str) -> Result<(), Failure> {
    possible(path, before)?;
    if path.metadata().is_ok_and(|about| !about.is_file()) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whether one may write in a folder is known to the one who does.
    match tempfile::Builder::new().prefix(".patchwork-").tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Failure::usage(format!("{before}{}: the folder can't be written to", path.display()))
                .caused_by(&error))
        }
    }
}

/// A temporary file is private; results are a file like any other the user makes.
trait LikeNew {
    fn permissions_like_new(&mut self) -> &mut Self;
}

impl LikeNew for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away what the user's umask forbids.
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_new(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_replaces_the_file_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.json");
        write(&path, "old").unwrap();
        write(&path, &encode(&json!({"a": [1]}), Format::Json).unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\n  \"a\": [\n    1\n  ]\n}\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(check(&dir.path().join("none/out.json")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to_and_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        assert!(write(&link, "x").unwrap_err().message.contains("can't be written"));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn yaml_reads_back_as_the_same_value() {
        let value = json!({"a": "no", "b": "1\n2", "c": [null, true, 1.5], "d": "x: y #"});
        let text = encode(&value, Format::Yaml).unwrap();
        assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value);
    }
}
