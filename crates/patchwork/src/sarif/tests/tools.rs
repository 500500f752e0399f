//! Reports of real tools; `fixtures/README.md` says how they were made.

use std::fmt::Write as _;

use super::*;

/// A repository with these files, each of forty lines.
struct Checkout(&'static [&'static str]);

impl crate::sarif::Files for Checkout {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        resolve(place)
    }

    fn lines(&self, path: &str, start: u32, end: u32) -> Option<String> {
        let there = self.0.contains(&path) && (1..=40).contains(&start);
        there.then(|| (start..=end.min(40)).map(|line| format!("line {line}\n")).collect())
    }

    fn ending_with(&self, name: &str) -> Vec<String> {
        let name = format!("/{}", name.to_lowercase());
        let is_it = |path: &&&str| format!("/{}", path.to_lowercase()).ends_with(&name);
        self.0.iter().filter(is_it).map(|path| (*path).to_owned()).collect()
    }
}

/// What is read of a report, in lines.
fn told(bytes: &[u8], files: &'static [&'static str]) -> String {
    let log = parse(bytes, "report").unwrap();
    let again = slimmed(log.clone(), "report").unwrap();
    assert_eq!(again, log, "what is slim stays as it is");
    let report = read(&log, &Checkout(files)).unwrap();
    let mut out = format!("{}\n", report.tool);
    let line = |finding: &patchwork_core::finding::Finding| {
        let (path, start, end) = (&finding.path, finding.start_line, finding.end_line);
        let message = finding.message.lines().next().unwrap_or_default();
        let cwe = finding.cwe.iter().map(|cwe| format!(" {cwe}")).collect::<String>();
        format!("{} {path}:{start}-{end} {}{cwe} | {message}", finding.severity, finding.rule)
    };
    for finding in &report.findings {
        writeln!(out, "{}", line(finding)).unwrap();
        for step in report.flows.get(&finding.fingerprint).into_iter().flatten() {
            writeln!(out, "  via {step}").unwrap();
        }
        for suggestion in &finding.suggestions {
            writeln!(out, "  fix {suggestion}").unwrap();
        }
    }
    for (finding, suppressed) in &report.suppressed {
        let (place, reason) = (suppressed.place.as_str(), &suppressed.reason);
        writeln!(out, "suppressed ({place}: {reason}) {}", line(finding)).unwrap();
    }
    if report.settled > 0 {
        writeln!(out, "settled {}", report.settled).unwrap();
    }
    for root in &report.assumed_roots {
        writeln!(out, "assumed {root}").unwrap();
    }
    for problem in &report.problems {
        writeln!(out, "problem {problem}").unwrap();
    }
    out
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/", $name))
    };
}

#[test]
fn bandit() {
    insta::assert_snapshot!(told(fixture!("bandit.sarif"), &["src/app.py"]), @r#"
    Bandit
    low src/app.py:2-2 B404 | Consider possible security implications associated with the subprocess module.
    high src/app.py:8-8 B324 | Use of weak MD5 hash for security. Consider usedforsecurity=False
    high src/app.py:12-12 B602 | subprocess call with shell=True identified, security issue.
    medium src/app.py:16-16 B506 | Use of unsafe yaml load. Allows instantiation of arbitrary objects. Consider yaml.safe_load().
    "#);
}

#[test]
fn checkov() {
    insta::assert_snapshot!(told(fixture!("checkov.sarif"), &["main.tf"]), @r#"
    Checkov
    high main.tf:1-4 CKV2_AWS_6 | Ensure that S3 bucket has a Public Access block
    high main.tf:1-4 CKV2_AWS_62 | Ensure S3 buckets should have event notifications enabled
    "#);
}

#[test]
fn codeql() {
    insta::assert_snapshot!(told(fixture!("codeql.sarif"), &["lib/server.js", "lib/db.js"]), @r#"
    CodeQL
    high lib/db.js:7-7 js/sql-injection CWE-89 | This query string depends on a user-provided value (lib/server.js:12).
      via lib/server.js:12 req.query.name
      via lib/server.js:13 name
      via lib/db.js:5 name
      via lib/db.js:7 "select … " + name
    info lib/server.js:3-3 js/unused-local-variable | Unused variable x.
    "#);
}

#[test]
fn eslint() {
    insta::assert_snapshot!(told(fixture!("eslint.sarif"), &["src/app.js"]), @r#"
    ESLint
    low src/app.js:5-5 security/detect-non-literal-fs-filename | Found readFileSync from package "fs" with non literal argument at index 0
    low src/app.js:9-9 security/detect-child-process | Found child_process.exec() with non Literal first argument
    low src/app.js:18-18 security/detect-non-literal-regexp | Found non-literal argument to RegExp Constructor
    suppressed (inSource: patterns come from our own settings) low src/app.js:14-14 security/detect-non-literal-regexp | Found non-literal argument to RegExp Constructor
    assumed /home/runner/work/shop/shop
    "#);
}

#[test]
fn gosec() {
    insta::assert_snapshot!(told(fixture!("gosec.sarif"), &["cmd/report/main.go"]), @r#"
    gosec
    high cmd/report/main.go:21-21 G204 CWE-78 | Subprocess launched with variable
    suppressed (inSource: the name is checked above) low cmd/report/main.go:30-30 G304 | Potential file inclusion via variable
    "#);
}

#[test]
fn msvc() {
    let files = &["engine/Source/Reader.cpp", "engine/Source/reader.h"];
    insta::assert_snapshot!(told(fixture!("msvc.sarif"), files), @r#"
    PREfast
    high engine/Source/Reader.cpp:18-18 C6387 | 'buffer' could be '0':  this does not adhere to the specification for the function 'strcpy'.
      via engine/source/reader.cpp:16 'buffer' may be NULL
      via engine/source/reader.cpp:18 'buffer' is an In/Out argument to 'strcpy'
    low engine/Source/reader.h:4-4 C26495 | Variable 'Reader::size' is uninitialized.
    assumed c:/agent/_work/1/s
    "#);
}

#[test]
fn semgrep() {
    insta::assert_snapshot!(told(fixture!("semgrep.sarif"), &["src/app.py"]), @r#"
    Semgrep OSS
    high src/app.py:12-12 subprocess-shell CWE-78 | `shell=True` lets "ls " + name be read by a shell.
    low src/app.py:20-20 flow | A parameter reaches eval.
    "#);
}

#[test]
fn snyk() {
    let files = &["routes/my files/show.js", "tools/dump.js"];
    insta::assert_snapshot!(told(fixture!("snyk.sarif"), files), @r#"
    SnykCode
    high routes/my files/show.js:9-9 javascript/PT CWE-23 | Unsanitized input from an HTTP parameter flows into fs.readFile, where it is used as a path.
      via routes/my files/show.js:7
      via routes/my files/show.js:9
    high tools/dump.js:3-3 javascript/PT CWE-23 | Unsanitized input from a command line argument flows into fs.readFileSync.
    "#);
}

#[test]
fn sonarqube() {
    let files = &["src/main/java/org/example/Orders.java", "src/main/java/org/example/Tokens.java"];
    insta::assert_snapshot!(told(fixture!("sonarqube.json"), files), @r#"
    SonarQube
    high src/main/java/org/example/Orders.java:31-32 javasecurity:S3649 | Change this code to not construct SQL queries directly from user-controlled data.
      via src/main/java/org/example/Orders.java:28 Source: a user can craft an HTTP request with malicious content
      via src/main/java/org/example/Orders.java:31 Sink: this invocation is not safe; a malicious value can be used as argument
    suppressed (external: WONTFIX) high src/main/java/org/example/Tokens.java:12-12 java:S2245 | Make sure that using this pseudorandom number generator is safe here.
    settled 1
    "#);
    insta::assert_snapshot!(told(fixture!("sonar-generic.json"), &["scripts/run.py"]), @r#"
    oldlint
    medium scripts/run.py:5-5 no-eval | Parse the text instead.
      via scripts/run.py:3 it comes from here
    low scripts/run.py:1-4 S1 | Too long.
    "#);
}

#[test]
fn spotbugs() {
    let files = &[
        "store/src/main/java/org/example/store/Orders.java",
        "store/src/test/java/org/example/store/Orders.java",
    ];
    insta::assert_snapshot!(told(fixture!("spotbugs.sarif"), files), @r#"
    SpotBugs
    high store/src/main/java/org/example/store/Orders.java:24-24 SQL_NONCONSTANT_STRING_PASSED_TO_EXECUTE CWE-89 | org.example.store.Orders.find(String) passes a nonconstant String to an execute or addBatch method on an SQL statement.
    assumed /home/runner/work/shop/shop
    "#);
}

#[test]
fn trivy() {
    insta::assert_snapshot!(told(fixture!("trivy.sarif"), &["Dockerfile", "main.tf"]), @r#"
    Trivy
    high Dockerfile:2-2 DS-0002 | Artifact: Dockerfile
    high main.tf:1-3 AWS-0086 | Artifact: main.tf
    "#);
}
