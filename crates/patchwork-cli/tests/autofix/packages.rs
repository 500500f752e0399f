//! Three released packages with known weaknesses, scanned by real Semgrep, fixed by a scripted model, proven by their own
//! tests: what a reviewer reads in the pull request and in the report.

use std::path::PathBuf;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use crate::github::Hosted;
use crate::semgrep::Scanned;
use crate::world::{Ran, World, excerpt};

/// A package under AutoFix, with a forge.
struct Package {
    hosted: Hosted,
    path: String,
}

impl Package {
    fn new(subject: &str, more: &[(&str, &str)]) -> Option<Self> {
        let Scanned { world, path } = Scanned::new(subject)?;
        for (name, text) in more {
            world.repo.write(name, text);
        }
        if !more.is_empty() {
            world.repo.commit("tests");
        }
        Some(Self { hosted: Hosted::new(world), path })
    }

    fn report(&self) -> PathBuf {
        self.hosted.world.repo.beside("report.html")
    }

    fn autofix(&self, server: &ModelServer, more: &[&str]) -> Ran {
        let mut args = self.hosted.args(server);
        args.retain(|arg| !arg.starts_with("sarif_file_path="));
        let mut command = self.hosted.world.patchwork(&[]);
        command
            .env("PATH", &self.path)
            .args(args)
            .args(["scanner=semgrep", "semgrep_extra_args=--config rules.yml", "vulnerability_limit=0"])
            .arg("--report")
            .arg(self.report())
            .args(more);
        World::output(&mut command)
    }

    /// The body of the pull request and the page, after a good run.
    fn evidence(&self, ran: &Ran) -> (String, String) {
        ran.assert_code(0);
        let pulls = self.hosted.forge.pulls();
        assert_eq!(pulls.len(), 1);
        (pulls[0].body.clone(), std::fs::read_to_string(self.report()).unwrap())
    }
}

/// Its weakness is CVE-2020-22083: `loadrepr` evaluates what a document says.
fn jsonpickle(request: &SeenRequest) -> Reply {
    if asks_for_test(request) {
        return test_reply("tests/loadrepr_test.py", JSONPICKLE_REGRESSION);
    }
    let code = excerpt(request);
    if !code.contains("def loadrepr") {
        return Reply::text("NOT VULNERABLE\nThis is an example that nobody imports.");
    }
    let fixed = if request.system().contains("still there") {
        code.replace("    return eval(evalstr)", RESOLVE.trim_end())
    } else {
        // No builtins is no protection, and the scanner knows.
        code.replace("eval(evalstr)", "eval(evalstr, {'__builtins__': {}}, mylocals)")
    };
    Reply::text(fix_reply("Resolve names, evaluate nothing", "Names are looked up.", "Medium: calls", &fixed))
}

const RESOLVE: &str = r#"    target = mylocals[localname]
    for name in evalstr.partition('(')[0].split('.')[1:]:
        target = getattr(target, name)
    return target() if evalstr.endswith('()') else target
"#;

const JSONPICKLE_REGRESSION: &str = r#"import collections
import json
import os
import unittest

import jsonpickle


class Loadrepr(unittest.TestCase):
    def test_a_document_runs_no_code(self):
        for call in ("os.environ.setdefault('RAN', 'yes')", "[os.environ.update(RAN='yes')]"):
            os.environ.pop("RAN", None)
            try:
                jsonpickle.decode(json.dumps({"py/repr": "os/" + call}))
            except Exception:
                pass
            self.assertNotIn("RAN", os.environ, call)

    def test_a_name_is_found(self):
        document = '{"py/repr": "collections/collections.OrderedDict"}'
        self.assertIs(jsonpickle.decode(document), collections.OrderedDict)


if __name__ == "__main__":
    unittest.main()
"#;

/// Some of its tests fail with every Python of today; none of that is the fix's fault.
#[test]
fn a_package_whose_tests_fail_before_is_fixed_with_a_regression_test() {
    let Some(package) = Package::new("jsonpickle-1.4.1", &[]) else { return };
    let server = ModelServer::start(jsonpickle);
    let tests = "test_command=python3 -m unittest discover -s tests -p *_test.py";

    let ran = package.autofix(&server, &[tests, "evidence_test=true"]);

    let (body, page) = package.evidence(&ran);
    for text in [&body, &page] {
        assert!(text.contains("eval-of-data"), "{text}");
        assert!(text.contains("L5"), "{text}");
        assert!(text.contains("loadrepr_test.py"), "{text}");
    }
    assert!(page.contains("the finding is still there"), "what was tried first is told");
    let files = package.hosted.world.repo.git(&["diff", "--name-only", "main", "autofix-main"]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["jsonpickle/unpickler.py", "tests/loadrepr_test.py"]);
}

/// Sessions are unpickled, CVE-2013-7489. The package has no tests: what a second scan says is all there is.
#[test]
fn a_package_without_tests_is_proven_by_the_scanner() {
    let Some(package) = Package::new("Beaker-1.10.0", &[]) else { return };
    let server = ModelServer::start(|request: &SeenRequest| {
        let code = excerpt(request);
        if code.contains("md5()") {
            let fixed = code.replace("hashlib.md5()", "hashlib.sha256()");
            return Reply::text(fix_reply("Use SHA-256", "A hash that is not broken.", "Low", &fixed));
        }
        Reply::text("NO FIX POSSIBLE\nSessions that are stored already can be read by pickle alone.")
    });

    let ran = package.autofix(&server, &["paths=beaker/util.py"]);

    let (body, page) = package.evidence(&ran);
    for text in [&body, &page] {
        assert!(text.contains("weak-hash"), "{text}");
        assert!(text.contains("L2"), "{text}");
        assert!(text.contains("util.py"), "{text}");
    }
    assert!(page.contains("Sessions that are stored already"), "{page}");
}

/// What its users rely on, as a maintainer would write it.
const UNTANGLE_TESTS: &str = r#"import unittest

import untangle


class Parse(unittest.TestCase):
    def test_children_and_attributes(self):
        root = untangle.parse("<a><b name='x'>text</b><b name='y'/></a>").a
        self.assertEqual([b["name"] for b in root.b], ["x", "y"])
        self.assertEqual(root.b[0].cdata, "text")

    def test_a_feature_can_be_set(self):
        untangle.parse("<a/>", feature_external_ges=False)


if __name__ == "__main__":
    unittest.main()
"#;

const UNTANGLE_REGRESSION: &str = r#"import os
import tempfile
import unittest

import untangle


class ExternalEntities(unittest.TestCase):
    def test_a_document_reads_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            secret = os.path.join(folder, "secret.txt")
            with open(secret, "w") as file:
                file.write("hidden")
            document = '<!DOCTYPE a [<!ENTITY e SYSTEM "file://%s">]><a>x&e;</a>' % secret
            self.assertNotIn("hidden", untangle.parse(document).a.cdata)

    def test_entities_of_its_own_are_read(self):
        document = '<!DOCTYPE a [<!ENTITY e "own">]><a>&e;</a>'
        self.assertEqual(untangle.parse(document).a.cdata, "own")


if __name__ == "__main__":
    unittest.main()
"#;

/// CVE-2022-31471: a document reads files of the machine, with the parsers of old Pythons. Those of today do not, and
/// that is what a regression test finds out: it shows nothing, and is not committed.
#[test]
fn a_test_that_shows_nothing_proves_nothing() {
    let Some(package) = Package::new("untangle-1.1.1", &[("test_untangle.py", UNTANGLE_TESTS)]) else {
        return;
    };
    let server = ModelServer::start(|request: &SeenRequest| {
        if asks_for_test(request) {
            return test_reply("test_external_entities.py", UNTANGLE_REGRESSION);
        }
        let made = "    parser = make_parser()\n";
        let off = "    parser.setFeature(handler.feature_external_ges, False)\n";
        let fixed = excerpt(request).replace(made, &format!("{made}{off}"));
        Reply::text(fix_reply("Follow no external entities", "The feature is off.", "Low: nobody", &fixed))
    });

    let ran = package.autofix(&server, &["test_command=python3 -m unittest", "evidence_test=true"]);

    let (body, page) = package.evidence(&ran);
    for text in [&body, &page] {
        assert!(text.contains("xml-external-entities"), "{text}");
        assert!(text.contains("L3"), "{text}");
        assert!(text.contains("the tests pass with it on the old code"), "{text}");
    }
    let files = package.hosted.world.repo.git(&["diff", "--name-only", "main", "autofix-main"]);
    assert_eq!(files, "untangle.py");
}

fn asks_for_test(request: &SeenRequest) -> bool {
    request.system().contains("Write one regression test")
}

fn test_reply(path: &str, text: &str) -> Reply {
    Reply::text(format!("A. File:\n{path}\n\nB. Test:\n```python\n{text}```\n"))
}
