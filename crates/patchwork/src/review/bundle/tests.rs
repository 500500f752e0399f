use super::*;
use crate::review::file::ReviewFile;
use crate::review::fixture::{changed, renamed};
use crate::review::index;
use crate::review::unit::cut;

const STORE: &str = "import db\n\n\nclass Store:\n    limit = 1\n\n    def get(self, key):\n        return db.fetch(key)\n\n    def put(self, key, value):\n        db.save(key, value)\n";

fn bundles(files: &[ReviewFile], others: &[(String, Vec<u8>)], limits: Limits) -> Vec<Bundle> {
    let units = cut(files);
    let index = Index::new(&units, others);
    bundle(&units, &index, limits, |_| true)
}

/// A function of so many lines of which each calls something.
fn function(name: &str, lines: usize) -> String {
    let body: String = (0..lines).map(|line| format!("    call_{name}_{line}(value)\n")).collect();
    format!("def {name}(value):\n{body}\n\n")
}

#[test]
fn a_prompt_shows_functions_with_real_line_numbers() {
    let new = STORE
        .replace("db.fetch(key)", "db.fetch(key, self.limit)")
        .replace("import db\n", "import db\nimport os\n");
    let found = bundles(&[changed("store.py", STORE, &new)], &[], Limits::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].paths, ["store.py"]);
    assert_eq!(
        found[0].diff,
        "\
file store.py (changed, +2 -1)
    1     1   import db
          2 + import os
    2     3   
    3     4   
    4     5   class Store:
    5     6       limit = 1
    6     7   
    7     8       def get(self, key):
    8       -         return db.fetch(key)
          9 +         return db.fetch(key, self.limit)
      … 3 unchanged lines left out …

"
    );
}

#[test]
fn unchanged_code_in_long_functions_is_counted_and_signatures_stay() {
    let old = format!(
        "class A:\n    x = 1\n\n{}",
        function("long", 200).replace('\n', "\n    ").replacen("def", "    def", 1)
    );
    let new = old.replace("call_long_150(value)", "call_long_150(value, 1)");
    let found = bundles(&[changed("a.py", &old, &new)], &[], Limits::default());
    let diff = &found[0].diff;
    assert!(diff.contains("class A:\n") && diff.contains("def long(value):\n"), "{diff}");
    assert!(diff.contains("… 138 unchanged lines left out …"), "{diff}");
    assert!(
        diff.contains(
            "  155       -         call_long_150(value)\n        155 +         call_long_150(value, 1)\n"
        ),
        "{diff}"
    );
    assert!(diff.lines().count() < 45, "{diff}");
}

#[test]
fn what_is_called_and_what_calls_is_shown_the_nearest_first() {
    let new = STORE.replace("db.fetch(key)", "fetch_row(key)");
    let others = [
        ("far/away/rows.py", "def fetch_row(key):\n    return 'far'\n"),
        ("lib/rows.py", "def fetch_row(key):\n    return 'near'\n"),
        ("lib/rows.go", "package lib\nfunc fetch_row(key int) {}\n"),
        ("lib/use.py", "from store import Store\n\nvalue = Store().get('a')\n"),
        ("lib/none.py", "x = 1\n"),
    ];
    let others = others.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let found = bundles(&[changed("lib/store.py", STORE, &new)], &others, Limits::default());
    assert_eq!(
        found[0].context,
        "\
fetch_row is defined in lib/rows.py:
    1   def fetch_row(key):
    2       return 'near'

Store.get is called in lib/use.py:
    1   from store import Store
    2   
    3   value = Store().get('a')

"
    );
    let little = Limits { context: 30, ..Limits::default() };
    assert_eq!(
        bundles(&[changed("lib/store.py", STORE, &new)], &others, little)[0].context.lines().count(),
        4
    );
}

#[test]
fn only_near_files_of_the_languages_that_changed_are_read() {
    let files = [changed("lib/store.py", STORE, &STORE.replace("limit = 1", "limit = 2"))];
    let paths =
        ["a.go", "far/b.py", "lib/a.py", "lib/store.py", "lib/uv.lock", "vendor/x.py"].map(str::to_owned);
    assert_eq!(index::wanted(&paths, &cut(&files)), ["lib/a.py", "far/b.py"]);
}

#[test]
fn related_files_come_together_and_small_ones_share_a_prompt() {
    let big = |name: &str| changed(&format!("src/{name}.py"), "", &function(name, 80));
    let files = [
        big("alpha"),
        big("beta"),
        changed("tests/test_alpha.py", "", &function("test_alpha", 60)),
        changed("tests/test_beta.py", "", &function("test_beta", 60)),
        changed("docs/a.md", "a\n", "b\n"),
    ];
    let limits = Limits { diff: 2_600, context: 0 };
    let paths: Vec<_> = bundles(&files, &[], limits).into_iter().map(|bundle| bundle.paths).collect();
    assert_eq!(
        paths,
        [vec!["src/alpha.py", "tests/test_alpha.py", "docs/a.md"], vec!["src/beta.py", "tests/test_beta.py"]]
    );
    let one = bundles(&files, &[], Limits { diff: 10_000, context: 0 });
    assert_eq!(one.len(), 1);
}

#[test]
fn no_prompt_is_much_larger_than_its_limit() {
    let text: String = (0..60).map(|at| function(&format!("f{at}"), 30)).collect();
    let huge = function("huge", 2_000);
    let files = [
        changed("a.py", "", &text),
        changed("b.py", "", &huge),
        changed("c.txt", "", &"word ".repeat(20_000)),
    ];
    let found = bundles(&files, &[], Limits::default());
    assert!(found.len() > 5, "{}", found.len());
    for bundle in &found {
        assert!(bundle.tokens < 6_500, "{}", bundle.tokens);
    }
    // Each changed line is in one of them.
    let all: String = found.iter().map(|bundle| bundle.diff.as_str()).collect();
    for line in text.lines().chain(huge.lines()).filter(|line| line.contains("call")) {
        assert!(all.contains(line.trim()), "{line}");
    }
    assert_eq!(found, bundles(&files, &[], Limits::default()));
}

#[test]
fn what_was_asked_before_is_left_out_and_said_so() {
    let new = STORE
        .replace("db.fetch(key)", "db.fetch(key, 1)")
        .replace("db.save(key, value)", "db.save(key, value, 1)");
    let files = [changed("store.py", STORE, &new)];
    let units = cut(&files);
    assert_eq!(
        units[0].units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>(),
        ["Store.get", "Store.put"]
    );
    let known = units[0].units[0].hash.clone();
    let found = bundle(&units, &Index::new(&units, &[]), Limits::default(), |unit| unit.hash != known);
    assert_eq!(found[0].units.len(), 1);
    assert!(
        found[0].diff.contains("6 lines left out, 2 of them changed and reviewed elsewhere"),
        "{}",
        found[0].diff
    );
    assert!(bundle(&units, &Index::new(&units, &[]), Limits::default(), |_| false).is_empty());
}

#[test]
fn a_unit_stays_the_same_wherever_it_moves_to() {
    let new = STORE.replace("db.fetch(key)", "db.fetch(key, 1)");
    let hashes = |file: ReviewFile| {
        let files = [file];
        cut(&files)[0].units.iter().map(|unit| unit.hash.clone()).collect::<Vec<_>>()
    };
    let first = hashes(changed("store.py", STORE, &new));
    let above = "# a comment\n\n\ndef more():\n    return 1\n\n\n";
    assert_eq!(hashes(changed("store.py", &format!("{above}{STORE}"), &format!("{above}{new}"))), first);
    assert_eq!(hashes(renamed("store.py", "shop.py", STORE, &new)), first);
    assert_ne!(
        hashes(changed("store.py", STORE, &STORE.replace("db.fetch(key)", "db.fetch(key, 2)"))),
        first
    );
    assert_eq!(first.iter().map(String::len).collect::<Vec<_>>(), [22]);
}

#[test]
fn removed_functions_and_names_of_files_are_shown_as_they_are() {
    let new = STORE.replace("    def get(self, key):\n        return db.fetch(key)\n\n", "");
    let files = [changed("a\nb.py", STORE, &new)];
    let units = cut(&files);
    assert_eq!(units[0].units[0].name, "Store.get");
    let found = bundles(&files, &[], Limits::default());
    assert!(found[0].diff.starts_with("file a\\nb.py (changed, +0 -3)\n"), "{}", found[0].diff);
    assert!(found[0].diff.contains("    7       -     def get(self, key):\n"), "{}", found[0].diff);
}
