use patchwork_core::failure::FailureKind;

use super::check::same_repository;
use super::*;

fn bundle() -> Bundle {
    Bundle {
        kind: KIND.to_owned(),
        version: VERSION,
        program_version: "0".to_owned(),
        patchflow: "AutoFix".to_owned(),
        run: "r".to_owned(),
        created_ms: 0,
        repository: Target {
            forge: Some(ForgeKind::GitHub),
            remote_url: "https://github.com/acme/shop".to_owned(),
            base: "0".repeat(40),
            branch: Some("main".to_owned()),
        },
        about: vec![7],
        heard: None,
        effects: vec![Effect::Resolve { number: 7, thread: "t".to_owned(), resolved: true }],
        commits: Vec::new(),
        totals: Totals::default(),
        evidence: Value::Null,
        recording: Value::Null,
    }
}

#[test]
fn both_forms_of_a_bundle_are_read_and_have_their_digest() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle");
    let mut digests = Vec::new();
    for plain in [false, true] {
        let mut bytes = Vec::new();
        let written = if plain { bundle().write_plain(&mut bytes) } else { bundle().write(&mut bytes) };
        written.unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let (read, digest) = Bundle::read(&file).unwrap();
        assert_eq!(read, bundle());
        assert_eq!(digest, read::digest(&bytes));
        digests.push(digest);
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_file_that_swells_or_breaks_off_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle");
    let mut bytes = Vec::new();
    bundle().write(&mut bytes).unwrap();
    for end in [1, 2, 10, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..end]).unwrap();
        let failure = Bundle::read(&file).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage, "{failure}");
    }
    let deep = format!("{{\"kind\":\"{KIND}\",\"version\":1,\"evidence\":{}", "[".repeat(100_000));
    std::fs::write(&file, deep).unwrap();
    assert!(Bundle::read(&file).unwrap_err().message.contains("is not a bundle"));
}

#[test]
fn a_repository_is_the_same_however_its_remote_is_written() {
    let one = "https://github.com/Acme/shop.git";
    for same in [
        "git@github.com:acme/shop",
        "ssh://git@github.com:22/acme/shop.git",
        "https://u:p@github.com/acme/shop/",
    ] {
        assert!(same_repository(one, same), "{same}");
    }
    for other in [
        "https://github.com/acme/shop2",
        "https://github.com.evil.test/acme/shop",
        "https://evil.test/github.com/acme/shop",
        "https://gitlab.com/acme/shop",
        "/acme/shop",
        "",
    ] {
        assert!(!same_repository(one, other), "{other}");
    }
    assert!(!same_repository("http://127.0.0.1:1/a/b", "http://127.0.0.1:2/a/b"));
    assert!(!same_repository(one, "https://github.com:8443/acme/shop"));
}
