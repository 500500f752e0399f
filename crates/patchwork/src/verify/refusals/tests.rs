//! Changes that are refused, and those of the same words that are not.

use std::path::{Path, PathBuf};

use super::*;

fn refuse(path: &str, old: &str, new: &str) -> Option<String> {
    Before::new(path, old).refuse(&[(old, new)], || Some(new.to_owned()))
}

#[track_caller]
fn refused(path: &str, old: &str, new: &str, word: &str) {
    let reason = refuse(path, old, new);
    assert!(reason.as_ref().is_some_and(|reason| reason.contains(word)), "{path}: {reason:?}\n{new}");
}

#[track_caller]
fn fine(path: &str, old: &str, new: &str) {
    assert_eq!(refuse(path, old, new), None, "{path}\n{new}");
}

/// A Python function whose body is these lines.
fn python(body: &[&str]) -> String {
    format!("def read(path):\n{}", body.iter().map(|line| format!("    {line}\n")).collect::<String>())
}

#[test]
fn a_handler_that_swallows_is_refused_and_one_that_is_meant_is_not() {
    let old = python(&["data = load(path)", "return data.text"]);
    let around = |handler: &[&str]| {
        let mut body = vec!["try:", "    data = safe_load(path)"];
        body.extend(handler);
        body.push("return data.text");
        python(&body)
    };
    for handler in ["except:", "except Exception:", "except (ValueError, BaseException) as error:"] {
        refused("a.py", &old, &around(&[handler, "    return None"]), "every failure");
        fine("a.py", &old, &around(&[handler, "    close()", "    raise"]));
    }
    fine("a.py", &old, &around(&["except ValueError:", "    return None"]));
    let suppressed = python(&["with contextlib.suppress(Exception):", "    return safe_load(path).text"]);
    refused("a.py", &old, &suppressed, "every failure");
    let wrapped =
        python(&["try:", "    data = load(path)", "except OSError:", "    return ''", "return data.text"]);
    refused("a.py", &old, &wrapped, "around the code as it was");

    let old = "function f(x) {\n  const url = fetch(x);\n  return url;\n}\n";
    let catching = |body: &str| {
        format!(
            "function f(x) {{\n  let url;\n  try {{ url = get(x); }} catch {{{body}}}\n  return url;\n}}\n"
        )
    };
    refused("a.js", old, &catching(" /* never mind */ "), "doing nothing");
    fine("a.js", old, &catching(" return null; "));
    refused(
        "a.ts",
        old,
        "function f(x) {\n  const url = get(x);\n  url.catch(() => {});\n  return url;\n}\n",
        "doing nothing",
    );
    let throwing =
        "function f(x) {\n  try { return a(x); } catch (e) { throw new Error('a', { cause: e }); }\n}\n";
    refused(
        "a.js",
        throwing,
        "function f(x) {\n  try { return b(x); } catch (e) { return []; }\n}\n",
        "swallows them now",
    );

    let java = |handler: &str| {
        format!("class A {{\n  String f(Path p) throws IOException {{\n    {handler}\n  }}\n}}\n")
    };
    let old = java("return read(p);");
    refused(
        "A.java",
        &old,
        &java("try { return parse(p); } catch (Exception e) { return \"\"; }"),
        "every failure",
    );
    refused(
        "A.java",
        &old,
        &java("try { return parse(p); } catch (Throwable e) { log(e); return \"\"; }"),
        "every failure",
    );
    refused(
        "A.java",
        &old,
        &java("try { return parse(p); } catch (IOException e) { } return \"\";"),
        "doing nothing",
    );
    fine("A.java", &old, &java("try { return parse(p); } catch (Exception e) { throw new IOException(e); }"));
    fine("A.java", &old, &java("try { return parse(p); } catch (NumberFormatException e) { return \"\"; }"));

    let go = |body: &str| format!("package a\n\nfunc f(p string) error {{\n{body}\n}}\n");
    let old = go("\treturn run(p)");
    refused("a.go", &old, &go("\tdefer func() { recover() }()\n\treturn start(p)"), "every failure");
    fine(
        "a.go",
        &old,
        &go("\tdefer func() { if r := recover(); r != nil { panic(r) } }()\n\treturn start(p)"),
    );
    refused(
        "a.go",
        &old,
        &go("\tif err := start(p); err != nil {\n\t\treturn nil\n\t}\n\treturn nil"),
        "nothing failed",
    );
    fine("a.go", &old, &go("\tif err := start(p); err != nil {\n\t\treturn err\n\t}\n\treturn nil"));

    let ruby = |body: &str| format!("def f(path)\n{body}\nend\n");
    let old = ruby("  load(path)");
    refused("a.rb", &old, &ruby("  safe(path)\nrescue\n  nil"), "every failure");
    refused("a.rb", &old, &ruby("  safe(path)\nrescue Exception => e\n  log(e)"), "every failure");
    refused("a.rb", &old, &ruby("  safe(path) rescue nil"), "every failure");
    fine("a.rb", &old, &ruby("  safe(path)\nrescue ArgumentError => e\n  log(e)"));
    fine("a.rb", &old, &ruby("  safe(path)\nrescue => e\n  log(e)\n  raise"));
}

#[test]
fn what_was_swallowed_before_is_not_the_changes_fault() {
    let old = python(&["try:", "    return yaml.load(path)", "except Exception:", "    return None"]);
    fine("a.py", &old, &old.replace("yaml.load", "yaml.safe_load"));
    fine("a.py", &old, &old.replace("except Exception", "except ValueError"));
}

#[test]
fn an_emptied_function_is_refused() {
    let old = python(&["text = open(path).read()", "value = eval(text)", "return value"]);
    for body in [
        &["pass"][..],
        &["return None"],
        &["\"\"\"Not any more.\"\"\"", "return {}"],
        &["raise NotImplementedError"],
        &["..."],
    ] {
        refused("a.py", &old, &python(body), "`read`");
    }
    refused(
        "a.py",
        &old,
        &python(&["if not path:", "    raise ValueError", "return 0"]),
        "nothing of its own",
    );
    fine("a.py", &old, &python(&["return json.load(open(path))"]));
    // Yes and no are answers.
    let check = python(&["if not path:", "    return False", "return path == secret"]);
    fine("a.py", &check, &python(&["return False if not path else compare(path)"]));
    fine("a.py", &check, &python(&["if not compare(path):", "    raise Denied", "return True"]));
    // An object that must not come out of data.
    let state = "class A:\n    def __setstate__(self, state):\n        self.x = state\n        self.run()\n";
    fine("a.py", state, "class A:\n    def __setstate__(self, state):\n        raise TypeError\n");

    let js = "const run = (text) => {\n  const f = new Function(text);\n  return f();\n};\n";
    refused("a.js", js, "const run = (text) => {\n  throw new Error('not implemented');\n};\n", "`run`");
    refused("a.js", js, "const run = (text) => {\n};\n", "`run`");
    let java = "class A {\n  int f(String x) {\n    int y = eval(x);\n    return y;\n  }\n}\n";
    refused(
        "A.java",
        java,
        "class A {\n  int f(String x) {\n    throw new UnsupportedOperationException();\n  }\n}\n",
        "`f`",
    );
    refused("A.java", java, "class A {\n}\n", "`A`");
    let go = "package a\n\nfunc F(x string) (int, error) {\n\ty, err := run(x)\n\treturn y, err\n}\n";
    refused(
        "a.go",
        go,
        "package a\n\nfunc F(x string) (int, error) {\n\treturn 0, errors.New(\"not supported\")\n}\n",
        "`F`",
    );
    fine("a.go", go, "package a\n\nfunc F(x string) (int, error) {\n\treturn exec(x)\n}\n");
    let ruby = "def f(x)\n  y = eval(x)\n  y + 1\nend\n";
    refused("a.rb", ruby, "def f(x)\n  nil\nend\n", "`f`");
    refused("a.rb", ruby, "def f(x)\n  raise \"no\"\nend\n", "`f`");
    fine("a.rb", ruby, "def f(x)\n  Integer(x) + 1\nend\n");
}

#[test]
fn statements_that_go_and_leave_nothing_are_refused_but_what_is_removed_whole_is_not() {
    let old =
        python(&["a = first(path)", "b = second(a)", "log(b)", "c = eval(b)", "d = fourth(c)", "return d"]);
    refused("a.py", &old, &python(&["a = first(path)", "return d"]), "removes 4 of 6");
    fine(
        "a.py",
        &old,
        &python(&["a = first(path)", "b = second(a)", "c = int(b)", "d = fourth(c)", "return d"]),
    );
    let app = "def create_app():\n    app = Flask(__name__)\n\n    @app.route('/debug')\n    def debug():\n        a = env()\n        b = dump(a)\n        c = eval(b)\n        return c\n\n    @app.route('/')\n    def index():\n        return 'hello'\n\n    app.secret = key()\n    app.ready = True\n    return app\n";
    let without = app.replace(
        "    @app.route('/debug')\n    def debug():\n        a = env()\n        b = dump(a)\n        c = eval(b)\n        return c\n\n",
        "",
    );
    assert_ne!(app, without);
    fine("a.py", app, &without);
    fine(
        "a.py",
        "import pdb\n\ndef f(x):\n    pdb.set_trace()\n    return g(x)\n",
        "def f(x):\n    return g(x)\n",
    );
}

#[test]
fn a_test_must_ask_what_it_did() {
    let old = "import unittest\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        value = eval('1')\n        self.assertEqual(value, 1)\n        assert value\n";
    refused("tests/a.py", old, &old.replace("        assert value\n", ""), "assertions");
    refused(
        "test_a.py",
        old,
        &old.replace("    def test_a", "    @unittest.skip('later')\n    def test_a"),
        "skipped",
    );
    fine("tests/a.py", old, &old.replace("eval('1')", "int('1')"));
    fine("src/a.py", old, &old.replace("        assert value\n", ""));
    let js = "test('a', () => {\n  expect(run('x')).toBe(1);\n});\n\ntest('b', () => {\n  expect(run('y')).toBe(2);\n});\n";
    refused("src/a.test.ts", js, "test('a', () => {\n  expect(run('x')).toBe(1);\n});\n", "tests out");
    refused("src/a.test.ts", js, &js.replace("test('b'", "test.skip('b'"), "of a test");
    let go = "package a\n\nfunc TestA(t *testing.T) {\n\tif run() != 1 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n";
    refused("a_test.go", go, "package a\n\nfunc TestA(t *testing.T) {\n\trun()\n}\n", "assertions");
    let java = "class ATest {\n  @Test\n  void a() {\n    assertEquals(1, run());\n  }\n}\n";
    refused(
        "src/test/java/ATest.java",
        java,
        &java.replace("  @Test\n", "  @Disabled\n  @Test\n"),
        "skipped",
    );
}

#[test]
fn a_comment_that_silences_a_scanner_is_refused() {
    for comment in
        ["# nosec", "# NOSEMGREP: rule", "# patchwork:ignore rule because", "# noqa: S307", "// NOLINT"]
    {
        refused("a.x", "x = eval(y)\n", &format!("x = eval(y)  {comment}\n"), "silences the scanner");
    }
    fine("a.x", "x = eval(y)  # nosec\n", "x = int(y)  # nosec\n");
    fine("a.x", "x = 1\n", "nosecond = 1\n");
}

#[test]
fn hostile_texts_are_no_trouble() {
    let deep = format!("def f(x):\n    return {}\n", "(".repeat(100_000));
    let flat = "def f(x):\n    return eval(x)\n    # a\n    b()\n";
    for (old, new) in
        [(flat, deep.as_str()), (deep.as_str(), flat), ("", ""), ("\u{0}", "except:"), (flat, "except:\n")]
    {
        for path in ["a.py", "a.js", "A.java", "a.go", "a.rb", "tests/a.py", ""] {
            let _ = refuse(path, old, new);
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The corpus of the proof bench: no right fix is refused, every one that silences a scanner is.
#[test]
fn no_right_fix_of_the_corpus_is_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../patchwork-cli/benches/proof/corpus");
    let mut looked_at = 0;
    for case in std::fs::read_dir(corpus).unwrap() {
        let case = case.unwrap().path();
        for (variant, wrong) in [("right", false), ("wrong-suppression", true)] {
            let mut reasons = Vec::new();
            let folder = case.join(variant);
            for file in files_below(&folder) {
                let path = file.strip_prefix(&folder).unwrap();
                let Ok(old) = std::fs::read_to_string(case.join("project").join(path)) else { continue };
                let new = std::fs::read_to_string(&file).unwrap();
                reasons.extend(refuse(path.to_str().unwrap(), &old, &new));
                looked_at += 1;
            }
            assert_eq!(!reasons.is_empty(), wrong && folder.is_dir(), "{}: {reasons:?}", folder.display());
        }
    }
    assert!(looked_at >= 40, "{looked_at}");
}
