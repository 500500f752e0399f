//! Where the action's binary comes from. `curl`, `gh` and `cargo` are stand-ins that note what they are asked for.

use std::path::PathBuf;
use std::process::Command;

use patchwork_testkit::repo::TestRepo;

use crate::action::{Job, Ran};
use crate::world::{own, program, weak_repository};

const ARCHIVE: &str = "patchwork-1.2.3-x86_64-unknown-linux-gnu.tar.gz";

/// The page of a release, and a job that installs from there.
struct Release {
    repo: TestRepo,
}

impl Release {
    /// A release 1.2.3 with the archive, and a `curl` that has nothing else.
    fn new() -> Self {
        let repo = weak_repository();
        let release = repo.beside("release");
        std::fs::create_dir_all(&release).unwrap();
        let built = "#!/bin/sh\necho released \"$@\"\n";
        let folder = program(&repo, "patchwork", built);
        let archive = release.join(ARCHIVE);
        run(Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&folder).arg("patchwork"));
        std::fs::remove_file(folder.join("patchwork")).unwrap();
        let sums = run(Command::new("sha256sum").current_dir(&release).arg(ARCHIVE));
        std::fs::write(release.join("SHA256SUMS"), format!("{}  other.tar.gz\n{sums}", "0".repeat(64)))
            .unwrap();
        // As curl ends where a server has no such file.
        let curl = format!(
            "#!/bin/sh\nprintf '%s ' \"$@\" >>'{asked}'\necho >>'{asked}'\nfor word; do last=$word; done\nwhile [ \"$1\" != --output ]; do shift; done\ncp '{release}'/\"${{last##*/}}\" \"$2\" 2>/dev/null || exit 22\n",
            asked = repo.beside("asked").display(),
            release = release.display(),
        );
        program(&repo, "curl", &curl);
        Self { repo }
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.repo.beside("asked")).unwrap_or_default()
    }

    /// A program that notes its arguments where [`Release::asked`] reads them, and ends with this code.
    fn noting(&self, name: &str, code: u8) {
        let asked = self.repo.beside("asked");
        program(
            &self.repo,
            name,
            &format!("#!/bin/sh\necho {name} \"$@\" >>'{}'\nexit {code}\n", asked.display()),
        );
    }

    fn job(&self) -> Job<'_> {
        Job::new(&self.repo)
            .with(&[("binary", ""), ("version", "v1.2.3"), ("patchflow", "AutoFix")])
            .programs(self.repo.beside("programs"))
    }

    fn install(&self) -> Ran {
        self.job().run()
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The folder of programs of the machine that a script may use, without `gh` and `cargo`.
fn without(repo: &TestRepo, names: &[&str]) -> PathBuf {
    let folder = repo.beside("machine");
    std::fs::create_dir_all(&folder).unwrap();
    for place in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !names.iter().any(|left_out| name == *left_out) {
                let _ = std::os::unix::fs::symlink(entry.path(), folder.join(name));
            }
        }
    }
    folder
}

#[test]
fn a_release_is_taken_when_checksum_and_attestation_are_right() {
    let release = Release::new();
    release.noting("gh", 0);
    let ran = release.install();
    ran.assert_code(0);
    assert!(ran.log.contains("released AutoFix"), "{}", ran.log);
    let asked = release.asked();
    let from = format!("https://github.com/patchwork-rs/patchwork/releases/download/v1.2.3/{ARCHIVE} ");
    assert!(asked.lines().next().unwrap().ends_with(&from), "{asked}");
    assert!(asked.lines().next().unwrap().contains("--proto =https --tlsv1.2 --fail"), "{asked}");
    assert!(
        asked.contains("gh attestation verify") && asked.contains("--repo patchwork-rs/patchwork"),
        "{asked}"
    );
}

#[test]
fn what_is_not_what_was_released_is_never_run() {
    for (spoil, word) in [
        ("printf x >>ARCHIVE", "is not what SHA256SUMS of the release v1.2.3 says"),
        ("sed -i '/x86_64/d' SHA256SUMS", "does not name"),
        ("rm SHA256SUMS", "has no SHA256SUMS"),
    ] {
        let release = Release::new();
        release.noting("gh", 0);
        let spoil = spoil.replace("ARCHIVE", ARCHIVE);
        run(Command::new("sh").args(["-c", &spoil]).current_dir(release.repo.beside("release")));
        let ran = release.install();
        assert!(ran.code == 4 || ran.code == 6, "{}", ran.log);
        assert!(ran.annotations()[0].contains(word), "{:?}", ran.annotations());
        assert!(!ran.log.contains("released"), "{}", ran.log);
    }
    let release = Release::new();
    release.noting("gh", 1);
    let ran = release.install();
    ran.assert_code(6);
    assert!(
        ran.annotations()[0].contains("carries no attestation of patchwork-rs/patchwork"),
        "{:?}",
        ran.annotations()
    );
}

#[test]
fn without_a_release_the_action_s_own_source_is_built_and_no_other() {
    let release = Release::new();
    std::fs::remove_dir_all(release.repo.beside("release")).unwrap();
    release.noting("cargo", 1);
    // Another version than that of the source can't be built from it.
    let ran = release.install();
    ran.assert_code(2);
    assert!(
        ran.annotations()[0].contains("there is no release v1.2.3 for Linux on X64"),
        "{:?}",
        ran.annotations()
    );
    assert!(!release.asked().contains("cargo"), "{}", release.asked());
    let ran = release.job().with(&[("version", "")]).run();
    ran.assert_code(1);
    let build =
        format!("cargo install --locked --quiet --path {}/crates/patchwork-cli --root ", own(".").display());
    assert!(release.asked().contains(&build), "{}", release.asked());
}

#[test]
fn without_a_release_and_without_cargo_it_says_what_to_do() {
    let release = Release::new();
    std::fs::remove_dir_all(release.repo.beside("release")).unwrap();
    let machine = without(&release.repo, &["cargo", "gh", "curl"]);
    let programs = release.repo.beside("programs");
    std::os::unix::fs::symlink(programs.join("curl"), machine.join("curl")).unwrap();
    let path = machine.to_str().unwrap().to_owned();
    let ran = release
        .job()
        .with(&[("version", "")])
        .run_with(|command| command.env("PATH", &path).output().unwrap());
    ran.assert_code(2);
    assert!(ran.annotations()[0].contains("install Rust in a step before"), "{:?}", ran.annotations());
}

#[test]
fn a_version_is_a_version() {
    let release = Release::new();
    for version in ["latest", "1.2", "1.2.3/../../x", "1.2.3 4", "-1.2.3"] {
        let ran = release.job().with(&[("version", version)]).run();
        ran.assert_code(2);
        assert_eq!(release.asked(), "");
    }
}
