//! Files outside of a trial: none is written, and none with a secret is read.

use std::process::{Child, Command, Stdio};

use crate::world::{KERNELS, World};

/// Ends a process when a test does.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn nothing_is_written_outside() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let before = world.files();
        let (elsewhere, repository) = (world.at("elsewhere"), world.at("repository"));
        let (elsewhere, repository) = (elsewhere.display(), repository.display());
        let home = world.at("home");
        let home = home.display();
        let state = world.at("state");
        let state = state.display();
        for line in [
            format!("echo x > {elsewhere}/new"),
            format!("echo x > {elsewhere}/secret"),
            format!("echo x >> {elsewhere}/secret"),
            format!("truncate -s 0 {elsewhere}/secret"),
            format!("rm -rf {elsewhere}"),
            format!("mv {elsewhere} taken"),
            format!("mkdir {elsewhere}/folder"),
            format!("cd / && echo x > .{elsewhere}/new"),
            "echo x > ../../../elsewhere/new".to_owned(),
            format!("ln -s {elsewhere} out; echo x > out/new"),
            format!("ln -s {elsewhere}/secret file; echo x > file"),
            format!("ln {elsewhere}/secret hard && echo x > hard"),
            format!("mv app.txt {elsewhere}/app.txt"),
            format!("ln app.txt {elsewhere}/hard"),
            format!("mkfifo {elsewhere}/pipe"),
            format!("echo x > {repository}/app.txt"),
            format!("echo x > {repository}/.git/hooks"),
            format!("echo x >> {repository}/.git/config"),
            format!("echo x > {state}/journal"),
            format!("echo x > {home}/.profile; echo x > ~/.bashrc"),
            format!("echo x > {home}/.cargo/bin/tool"),
            format!("rm -rf {home}/.cargo"),
            format!("cp -r . {elsewhere}/copy"),
            format!("python3 -c \"import os; os.open('{elsewhere}/secret', os.O_RDWR)\""),
            format!("python3 -c \"open('/proc/self/root{elsewhere}/new', 'w')\""),
        ] {
            let ran = world.sh(&line).await;
            assert_eq!(world.files(), before, "{kernel:?}: {line}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn the_temporary_folder_is_a_trials_own() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let name = format!("{}-escape", world.at("").file_name().unwrap().display());
        let ran =
            world.sh(&format!("echo x > $TMPDIR/{name} && cat $TMPDIR/{name}; echo x > /tmp/{name}")).await;
        assert_eq!(ran.stdout, "x\n", "{kernel:?}: {ran:?}");
        assert!(!std::env::temp_dir().join(&name).exists(), "{kernel:?}");
        assert!(!std::path::Path::new("/tmp").join(&name).exists(), "{kernel:?}");
    }
}

/// Landlock knows nothing of modes, times and attributes: what has a view of its own finds all that is not its own read-only.
#[tokio::test]
async fn modes_outside_stay_where_there_is_a_view() {
    let Some(world) = World::with_overlays().await else { return };
    let before = world.files();
    let (elsewhere, home) = (world.at("elsewhere"), world.at("home"));
    for line in [
        format!("chmod 777 {}/secret", elsewhere.display()),
        format!("chmod 777 {}/.netrc {0}/.cargo/bin/tool", home.display()),
        "chmod 777 /etc/passwd; touch /etc/passwd".to_owned(),
    ] {
        let ran = world.sh(&line).await;
        assert_eq!(world.files(), before, "{line}: {ran:?}");
    }
    let ran = world.sh("touch /usr/bin/env || touch /etc/passwd || touch /opt").await;
    assert!(ran.code != Some(0) && ran.stderr.contains("Read-only file system"), "{ran:?}");
}

#[tokio::test]
async fn secrets_are_not_read() {
    // A process of the same user that has a secret in its environment, as the run's own may have.
    let mut holder = Command::new("sleep");
    let holder = holder.arg("600").env_clear().env("TOKEN", "hunter2").stdin(Stdio::null());
    let holder = Ended(holder.spawn().unwrap());
    let environ = format!("/proc/{}/environ", holder.0.id());
    // Its parent goes on a moment before a program that is executed has its environment.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !std::fs::read_to_string(&environ).unwrap().contains("hunter2") {
        assert!(std::time::Instant::now() < deadline, "a process has no environment");
        std::thread::yield_now();
    }
    for kernel in KERNELS {
        let world = World::new(kernel);
        let at = |path: &str| world.at(path).display().to_string();
        let mut lines: Vec<String> = [
            at("home/.netrc"),
            at("home/.cargo/credentials.toml"),
            at("repository/.git/config"),
            at("state/journal"),
            at("elsewhere/secret"),
            "../../journal".to_owned(),
            "~/.netrc".to_owned(),
            format!("/proc/self/root{}", at("elsewhere/secret")),
            format!("/proc/1/root{}", at("elsewhere/secret")),
            format!("/proc/{}/root{}", holder.0.id(), at("elsewhere/secret")),
            format!("/proc/{}/cwd{}", std::process::id(), at("elsewhere/secret")),
            environ.clone(),
            "/proc/*/environ".to_owned(),
            "/etc/shadow".to_owned(),
            "/etc/ssh/*".to_owned(),
        ]
        .map(|path| format!("cat {path}"))
        .into();
        lines.extend([
            format!("ln -s {0} link; cat link", at("home/.netrc")),
            format!("ln {0} hard; cat hard", at("elsewhere/secret")),
            format!("tar cf - {0}", at("")),
            format!("grep -r hunter2 {0}", at("")),
            "env".to_owned(),
            format!("ls -a {0}", at("home")),
        ]);
        for line in lines {
            let ran = world.sh(&line).await;
            // The reason why something can't be read names its place, but no word of what is in it.
            assert!(
                !ran.stdout.contains("hunter2") && !ran.stdout.contains("root:"),
                "{kernel:?}: {line}: {ran:?}"
            );
            assert!(!ran.stdout.contains(".netrc"), "{kernel:?}: {line}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn nothing_that_was_open_is_inherited() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let ran = world.sh("exec python3 -c 'import os; print(sorted(os.listdir(\"/proc/self/fd\")))'").await;
        // The fourth is the listing itself.
        assert_eq!(ran.stdout, "['0', '1', '2', '3']\n", "{kernel:?}: {ran:?}");
    }
}

#[tokio::test]
async fn the_environment_has_no_credential_and_leads_nowhere() {
    for kernel in KERNELS {
        let ran = World::new(kernel).sh("env").await;
        for name in ["GITHUB_TOKEN", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DBUS"] {
            assert!(!ran.stdout.contains(name), "{kernel:?}: {ran:?}");
        }
        assert!(ran.stdout.contains("\nCI=true\n") || ran.stdout.starts_with("CI=true\n"), "{ran:?}");
    }
}
