use std::fs;
use std::io;

use super::*;

#[test]
fn files_are_replaced_and_new_ones_get_their_folders() {
    let root = tempfile::tempdir().unwrap();
    write_atomic(root.path(), "a/b/c.py", b"one").unwrap();
    write_atomic(root.path(), "a/b/c.py", b"two").unwrap();
    assert_eq!(fs::read(root.path().join("a/b/c.py")).unwrap(), b"two");
    assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn paths_out_of_the_root_are_refused() {
    let root = tempfile::tempdir().unwrap();
    for path in ["", "../x", "/etc/x", "a/../../x", ".git/config", "sub/.GIT/config", "a\0b", "a/", "."] {
        assert!(matches!(write_atomic(root.path(), path, b"x"), Err(WriteError::Outside { .. })), "{path:?}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn what_is_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("folder")).unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    let error = write_atomic(root.path(), "folder", b"x").unwrap_err();
    assert_eq!(error.to_string(), "folder: folder is not a file");
    let error = write_atomic(root.path(), "file/sub/x.py", b"x").unwrap_err();
    assert_eq!(error.to_string(), "file/sub/x.py: file is not a folder");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), root.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("folder")).unwrap();
    for (path, link) in [("link", "link"), ("folder/secret", "folder"), ("folder/new/x", "folder")] {
        let error = write_atomic(root.path(), path, b"x").unwrap_err();
        assert_eq!(error.to_string(), format!("{path}: {link} is a symbolic link, which is not followed"));
    }
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"s");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn permissions_of_existing_files_are_kept_and_new_ones_are_ordinary() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::write(root.path().join("run.sh"), "x").unwrap();
    fs::set_permissions(root.path().join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    write_atomic(root.path(), "run.sh", b"y").unwrap();
    assert_eq!(mode("run.sh"), 0o750);
    fs::write(root.path().join("plain"), "x").unwrap();
    write_atomic(root.path(), "new", b"y").unwrap();
    assert_eq!(mode("new"), mode("plain"));
}

#[test]
fn a_full_disk_names_the_file_and_what_to_do() {
    let failure = Failure::from(WriteError::Io {
        path: "src/a.py".to_owned(),
        action: "write",
        source: io::Error::from(io::ErrorKind::StorageFull),
    });
    assert_eq!(failure.message, "can't write src/a.py");
    assert_eq!(failure.hints, ["free some disk space, then resume the run"]);
}
