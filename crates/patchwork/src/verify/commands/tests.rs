use std::fs;

use tempfile::TempDir;

use super::*;

fn repository(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// `setup | build | tests (because) in cwd`.
fn shown(files: &[(&str, &str)]) -> String {
    let commands = find(repository(files).path(), Network::Absent);
    let line = |found: &Option<Found>| found.as_ref().map_or("-".to_owned(), |found| found.line.clone());
    let last = commands.tests.as_ref().or(commands.build.as_ref());
    let because = last.map_or(String::new(), |found| {
        let cwd = if found.cwd.is_empty() { "." } else { &found.cwd };
        format!(" ({}) in {cwd}", found.because)
    });
    format!("{} | {} | {}{because}", line(&commands.setup), line(&commands.build), line(&commands.tests))
}

#[test]
fn each_kind_of_project_has_its_commands() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "- | - | -"),
        (
            &[("Cargo.toml", "")],
            "cargo fetch | cargo test --workspace --no-run --offline | cargo test --workspace --offline (Cargo.toml) in .",
        ),
        (&[("go.mod", "module m\n")], "- | go build ./... | go test ./... (go.mod) in ."),
        (
            &[("pom.xml", "<project/>"), ("mvnw", "")],
            "sh ./mvnw -q -B dependency:go-offline | sh ./mvnw -q -B -o test-compile | sh ./mvnw -q -B -o test (pom.xml) in .",
        ),
        (
            &[("build.gradle.kts", "")],
            "gradle --no-daemon --console=plain testClasses | gradle --no-daemon --console=plain --offline testClasses | gradle --no-daemon --console=plain --offline test (build.gradle.kts) in .",
        ),
        (&[("A.sln", "")], "dotnet restore | dotnet build --nologo | dotnet test --nologo (A.sln) in ."),
        (
            &[("$(x).csproj", ""), ("b.csproj", "")],
            "dotnet restore './$(x).csproj' | dotnet build --nologo './$(x).csproj' | dotnet test --nologo './$(x).csproj' ($(x).csproj) in .",
        ),
        (
            &[("composer.json", r#"{"scripts": {"test": ["@phpunit"]}}"#)],
            "composer install --no-interaction --no-progress --no-scripts | - | composer test (composer.json scripts.test) in .",
        ),
        (
            &[("composer.json", "{}"), ("phpunit.xml.dist", "")],
            "composer install --no-interaction --no-progress --no-scripts | - | vendor/bin/phpunit (phpunit.xml.dist) in .",
        ),
        (&[("Gemfile", ""), (".rspec", "")], "bundle install | - | bundle exec rspec (spec) in ."),
        (&[("Rakefile", "Rake::TestTask.new\n")], "- | - | rake test (Rakefile) in ."),
        (&[("Rakefile", "task :tests\n")], "- | - | -"),
        (
            &[("test/a_test.rb", "")],
            r#"- | - | ruby -Ilib -Itest -e 'Dir["./test/**/{*_test,test_*}.rb"].sort.each { |file| require file }' (test) in ."#,
        ),
        (
            &[("Makefile", "CC := cc\nall: x\n.PHONY: test\n\ntest: all\n")],
            "- | make all | make test (Makefile test) in .",
        ),
        (&[("Makefile", "test:=1\n\ttest: x\n")], "- | - | -"),
    ];
    for (files, expected) in cases {
        assert_eq!(shown(files), *expected, "{files:?}");
    }
}

#[test]
fn scripts_are_run_by_the_package_manager_that_the_project_uses() {
    let tested = |more: &str| format!(r#"{{"scripts": {{"test": "mocha"}}{more}}}"#);
    let dependent = tested(r#", "devDependencies": {"mocha": "1"}"#);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("package.json", &tested(""))], "- | - | npm test (package.json scripts.test) in ."),
        (
            &[("package.json", &dependent), ("package-lock.json", "")],
            "npm ci --ignore-scripts --no-audit --no-fund | - | npm test (package.json scripts.test) in .",
        ),
        (
            &[("package.json", &dependent), ("pnpm-lock.yaml", "")],
            "pnpm install --frozen-lockfile --ignore-scripts | - | pnpm test (package.json scripts.test) in .",
        ),
        (
            &[("package.json", &dependent), ("yarn.lock", "")],
            "yarn install --frozen-lockfile --ignore-scripts --non-interactive | - | yarn test (package.json scripts.test) in .",
        ),
        (
            &[("package.json", &tested(r#", "packageManager": "yarn@4.1.0", "dependencies": {"a": "1"}"#))],
            "yarn install --immutable --mode=skip-build | - | yarn test (package.json scripts.test) in .",
        ),
        (
            &[(
                "package.json",
                r#"{"scripts": {"build": "tsc", "test": "echo \"Error: no test specified\" && exit 1"}}"#,
            )],
            "- | npm run build | - (package.json scripts.build) in .",
        ),
        // Text of the repository is never part of a line.
        (
            &[("package.json", r#"{"scripts": {"test": "x; rm -rf ~"}, "packageManager": "npm;id@1"}"#)],
            "- | - | npm test (package.json scripts.test) in .",
        ),
        (&[("package.json", r#"{"scripts": {"test": 1}}"#)], "- | - | -"),
        (&[("package.json", "[[[[")], "- | - | -"),
    ];
    for (files, expected) in cases {
        assert_eq!(shown(files), *expected, "{files:?}");
    }
}

#[test]
fn pytest_is_told_from_unittest() {
    let test = "import unittest\n";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("pytest.ini", "")], "- | - | python3 -m pytest -q (pytest.ini) in ."),
        (
            &[("pyproject.toml", "[tool.pytest.ini_options]\n")],
            "python3 -m venv .venv && .venv/bin/python -m pip install --quiet pytest . | - | python3 -m pytest -q (pyproject.toml [tool.pytest.ini_options]) in .",
        ),
        (&[("tests/conftest.py", "")], "- | - | python3 -m pytest -q (tests/conftest.py) in ."),
        (
            &[("requirements-dev.txt", "pytest>=7\n"), ("tests/unit/test_a.py", test)],
            "- | - | python3 -m pytest -q (requirements-dev.txt) in .",
        ),
        (
            &[("tests/test_a.py", "from pytest import raises\n")],
            "- | - | python3 -m pytest -q (tests/test_a.py) in .",
        ),
        (
            &[("p/__init__.py", ""), ("p/tests/test_a.py", "import p\n\ndef test_a():\n    pass\n")],
            "- | - | python3 -m pytest -q (p/tests/test_a.py) in .",
        ),
        (&[("requirements.txt", "pytest\n")], "- | - | -"),
        (
            &[("requirements.txt", "pytest-cov\n"), ("tests/test_a.py", test)],
            "python3 -m venv .venv && .venv/bin/python -m pip install --quiet -r requirements.txt | - | python3 -m unittest discover -s tests (tests) in .",
        ),
        (&[("tests/__init__.py", ""), ("tests/test_a.py", test)], "- | - | python3 -m unittest (tests) in ."),
        (&[("test_a.py", test)], "- | - | python3 -m unittest (test_a.py) in ."),
        (&[("a.py", test)], "- | - | -"),
    ];
    for (files, expected) in cases {
        assert_eq!(shown(files), *expected, "{files:?}");
    }
}

#[test]
fn of_several_the_first_is_taken_and_the_others_are_named() {
    let dir = repository(&[
        ("Makefile", "test:\n"),
        ("package.json", r#"{"scripts": {"test": "node --test"}}"#),
        ("pytest.ini", ""),
        ("composer.json", "{}"),
    ]);
    let commands = find(dir.path(), Network::Absent);
    let lines: Vec<&str> = commands.others.iter().map(|found| found.line.as_str()).collect();
    assert_eq!(commands.tests.unwrap().line, "python3 -m pytest -q");
    assert_eq!(lines, ["npm test", "make test"]);
    // One that only builds gives way to one that tests.
    let dir = repository(&[("package.json", r#"{"scripts": {"build": "x"}}"#), ("Makefile", "test:\n")]);
    assert_eq!(find(dir.path(), Network::Absent).tests.unwrap().line, "make test");
}

#[test]
fn without_a_manifest_at_the_root_the_folders_below_are_searched() {
    let dir = repository(&[
        (".gitignore", "ignored\n"),
        ("ignored/Cargo.toml", ""),
        ("node_modules/a/Cargo.toml", ""),
        (".hidden/Cargo.toml", ""),
        ("services/web/package.json", r#"{"scripts": {"test": "x"}}"#),
        ("zoo/go.mod", "module z\n"),
        ("a/b/c/d/go.mod", "module too deep\n"),
    ]);
    let commands = find(dir.path(), Network::Absent);
    assert_eq!(commands.tests.unwrap().cwd, "zoo");
    assert_eq!(commands.others.len(), 1);
    assert_eq!(commands.others[0].cwd, "services/web");
    assert_eq!(commands.others[0].because, "services/web/package.json scripts.test");
}

#[cfg(unix)]
#[test]
fn links_devices_and_huge_files_are_as_good_as_absent() {
    let dir = repository(&[("real/Cargo.toml", "")]);
    std::os::unix::fs::symlink(dir.path().join("real/Cargo.toml"), dir.path().join("Cargo.toml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("package.json")).unwrap();
    let huge = format!("{{\"scripts\": {{\"test\": \"{}\"}}}}", "x".repeat(2 << 20));
    fs::write(dir.path().join("composer.json"), huge).unwrap();
    fs::write(dir.path().join("Makefile"), b"\xff\xfe\ntest: \xff\n").unwrap();
    assert_eq!(find(dir.path(), Network::Absent).tests.unwrap().line, "make test");
    assert_eq!(find(&dir.path().join("missing"), Network::Absent), Commands::default());
}

#[test]
fn what_is_given_wins_and_what_is_found_must_be_named() {
    let dir = repository(&[("Cargo.toml", "")]);
    let lines = |options: &VerifyOptions| {
        let commands = options.commands(dir.path());
        [commands.setup, commands.build, commands.tests].map(|found| found.map(|found| found.line))
    };
    let mut options = VerifyOptions::default();
    assert_eq!(lines(&options), [None, None, None]);
    options.verify = vec![Verification::Tests];
    let tests = || Some("cargo test --workspace --offline".to_owned());
    assert_eq!(lines(&options), [None, None, tests()]);
    options.build_command = Some("make".to_owned());
    assert_eq!(lines(&options), [None, Some("make".to_owned()), tests()]);
    options.sandbox_network = true;
    options.verify.push(Verification::Build);
    let (fetch, test) = ("cargo fetch".to_owned(), "cargo test --workspace".to_owned());
    assert_eq!(lines(&options), [Some(fetch), Some("make".to_owned()), Some(test)]);
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn is_read_without_a_panic(name in "[a-zA-Z.]{0,12}", text in "\\PC{0,200}") {
            let files = ["Cargo.toml", "package.json", "pyproject.toml", "Makefile", "Rakefile", "go.mod", "composer.json", "setup.cfg"];
            let name = if name.is_empty() { "a" } else { &name };
            let files: Vec<(&str, &str)> = files.iter().map(|file| (*file, text.as_str())).chain([(name, text.as_str())]).filter(|(name, _)| *name != "." && *name != "..").collect();
            find(repository(&files).path(), Network::Reached);
        }
    }
}
