//! Real tools in the sandbox, with the limits that everyone has.

use patchwork_core::port::trial::{Lent, Trials as _};

use crate::world::{KERNELS, Kernel, World, executable, run};

/// What is not on this machine is not tried, but for what every machine has that tests run on.
async fn try_tool(kernel: Kernel, program: &str, files: &[(&str, Option<&str>)], line: &str, expected: &str) {
    let world = World::new(kernel);
    let trial = world.open(files).await;
    if run(&*trial, &format!("command -v {program}")).await.code != Some(0) {
        assert!(!["python3", "node", "cargo"].contains(&program), "{kernel:?}: {program} is not found");
        return;
    }
    let ran = run(&*trial, line).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), expected), "{kernel:?}: {program}: {ran:?}");
}

#[tokio::test]
async fn interpreters_and_compilers_work() {
    for kernel in KERNELS {
        let python = "import multiprocessing, tempfile, sqlite3, os\n\
            queue = multiprocessing.Queue()\nqueue.put(os.path.exists(tempfile.mkdtemp()))\nprint(queue.get())\n";
        try_tool(kernel, "python3", &[("a.py", Some(python))], "python3 a.py", "True\n").await;
        let node = "const { Worker } = require('worker_threads');\n\
            const { execFileSync } = require('child_process');\n\
            new Worker('require(\"worker_threads\").parentPort.postMessage(1)', { eval: true })\n\
              .on('message', () => console.log(execFileSync('echo', ['from a child']).toString().trim()));\n";
        try_tool(kernel, "node", &[("a.js", Some(node))], "node a.js", "from a child\n").await;
        let manifest = "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
        let rust = "fn main() { println!(\"built\"); }\n#[test] fn passes() {}\n";
        let files = [("Cargo.toml", Some(manifest)), ("src/main.rs", Some(rust))];
        try_tool(kernel, "cargo", &files, "cargo test -q >/dev/null && cargo run -q", "built\n").await;
        let java = "import java.io.File;\npublic class A { public static void main(String[] a) throws Exception {\n\
            System.out.println(File.createTempFile(\"abc\", \"d\").exists()); } }\n";
        try_tool(kernel, "javac", &[("A.java", Some(java))], "javac A.java && java A", "true\n").await;
        let go = "package main\nimport \"fmt\"\nfunc main() { fmt.Println(\"built\") }\n";
        try_tool(kernel, "go", &[("a.go", Some(go))], "go run a.go", "built\n").await;
        let ruby = "require 'tmpdir'\nDir.mktmpdir { |d| puts File.exist?(d) }\n";
        try_tool(kernel, "ruby", &[("a.rb", Some(ruby))], "ruby a.rb", "true\n").await;
    }
}

#[tokio::test]
async fn tools_of_the_users_home_are_there_without_its_credentials() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let ran = world.sh("~/.cargo/bin/tool; cat ~/.cargo/registry/cache/crate; ls -A ~/.cargo").await;
        assert_eq!(ran.stdout, "a tool\na crate\nbin\nregistry\n", "{kernel:?}: {ran:?}");
    }
    // Where they are layers they can be written, and the user's own stay.
    let Some(world) = World::with_overlays().await else { return };
    let before = world.files();
    let ran =
        world.sh("echo more > ~/.cargo/registry/cache/crate && cat ~/.cargo/registry/cache/crate").await;
    assert_eq!(ran.stdout, "more\n", "{ran:?}");
    assert_eq!(world.files(), before);
}

#[tokio::test]
async fn dependencies_are_lent_and_stay_as_they_are() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let lent = world.at("repository/web/node_modules");
        let program = lent.join(".bin/lint");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        // Installed programs often name their place.
        let text = format!("#!/bin/sh\ncat {}/package.json\n", lent.display());
        std::fs::write(lent.join("package.json"), "{}\n").unwrap();
        std::fs::write(&program, text).unwrap();
        executable(&program);
        let before = world.files();
        world.trials.lend(&[Lent { place: "web/node_modules".into(), from: lent.clone() }]);
        let trial = world.open(&[]).await;
        let ran = run(&*trial, "web/node_modules/.bin/lint").await;
        assert_eq!(ran.stdout, "{}\n", "{kernel:?}: {ran:?}");
        let ran = run(&*trial, "echo x > web/node_modules/package.json; echo x > web/node_modules/new").await;
        assert_eq!(world.files(), before, "{kernel:?}: {ran:?}");
    }
}
