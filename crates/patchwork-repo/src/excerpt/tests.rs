mod languages;

use patchwork_core::tokens::estimate;

use super::*;

const PLENTY: usize = 10_000;

fn file(path: &str, code: &str) -> SourceFile {
    SourceFile::new(path, code).unwrap()
}

/// What the excerpt for the line with `HERE` is: its unit, and its first and last line (trimmed).
fn here(path: &str, code: &str, max_tokens: usize) -> (Unit, String, String) {
    let file = file(path, code);
    let line = file.source().text().lines().position(|line| line.contains("HERE")).unwrap();
    let excerpt = file.excerpt(line, line + 1, max_tokens).unwrap();
    assert!(excerpt.start_line <= line && line < excerpt.end_line, "{excerpt:?}");
    assert_eq!(excerpt.text, file.source().line_range(excerpt.start_line, excerpt.end_line));
    let lines: Vec<&str> = excerpt.text.lines().map(str::trim).collect();
    (excerpt.unit, (*lines.first().unwrap()).to_owned(), (*lines.last().unwrap()).to_owned())
}

#[track_caller]
fn check(path: &str, code: &str, max_tokens: usize, expected: (Unit, &str, &str)) {
    let (unit, first, last) = here(path, code, max_tokens);
    assert_eq!((unit, first.as_str(), last.as_str()), expected, "{path}:\n{code}");
}

#[test]
fn decorators_belong_to_their_function() {
    let code = "import x\n\n\n@app.route('/')\n@cached  # note\ndef index():\n    \"\"\"Doc.\"\"\"\n    return md5()  # HERE\n\n\ndef other():\n    pass\n";
    let expected = (Unit::Function, "@app.route('/')", "return md5()  # HERE");
    check("a.py", code, 60, expected);
    check(
        "a.py",
        &code.replace("  # HERE", "").replace("@cached  # note", "@cached  # HERE"),
        60,
        (Unit::Function, "@app.route('/')", "return md5()"),
    );
    check(
        "a.py",
        "@dataclass\nclass A:\n    x: int = HERE\n",
        PLENTY,
        (Unit::Class, "@dataclass", "x: int = HERE"),
    );
}

#[test]
fn the_innermost_function_with_a_name_is_taken() {
    let code = "def outer():\n    a = 1\n    def inner():\n        return a  # HERE\n    return inner\n";
    check("a.py", code, PLENTY, (Unit::Function, "def inner():", "return a  # HERE"));
    let code = "class A:\n  def f(self):\n    class B:\n      x = 1  # HERE\n    return B\n";
    check("a.py", code, PLENTY, (Unit::Class, "class B:", "x = 1  # HERE"));
    let code = "function f(xs) {\n  xs.forEach(x => {\n    g(x); // HERE\n  });\n}\n";
    check("a.js", code, PLENTY, (Unit::Function, "function f(xs) {", "}"));
    check("a.js", code, 14, (Unit::Block, "xs.forEach(x => {", "});"));
}

#[test]
fn functions_bound_to_a_name_come_with_their_declaration() {
    let tail = "\n\nexport const other = 1;\n";
    for (code, first, last) in [
        ("export const f = async (req) => {\n  HERE;\n};", "export const f = async (req) => {", "};"),
        (
            "export const f = async (req) => { // HERE\n  a;\n};",
            "export const f = async (req) => { // HERE",
            "};",
        ),
        ("const f = function () {\n  HERE;\n};", "const f = function () {", "};"),
        ("exports.f = function () {\n  HERE;\n};", "exports.f = function () {", "};"),
        ("const f = memo(\n  () => {\n    HERE;\n  },\n);", "const f = memo(", ");"),
        ("app.get(\n  '/x',\n  (req, res) => {\n    HERE;\n  },\n);", "app.get(", ");"),
        ("export default function () {\n  HERE;\n}", "export default function () {", "}"),
    ] {
        check("a.ts", &format!("import x from 'x';\n\n{code}{tail}"), 30, (Unit::Function, first, last));
    }
    check(
        "a.js",
        "class A {\n  x = 1;\n  f = () => {\n    HERE;\n  };\n}\n",
        PLENTY,
        (Unit::Method, "f = () => {", "};"),
    );
    check(
        "a.js",
        "const a = {\n  x: 1,\n  f: function () {\n    HERE;\n  },\n  g() {\n  },\n};\n",
        PLENTY,
        (Unit::Function, "f: function () {", "},"),
    );
}

#[test]
fn class_level_is_the_class_if_it_fits_else_the_members_around() {
    let code = "class A:\n    a = 1\n    b = 2  # HERE\n\n    c = 3\n\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n";
    check("a.py", code, PLENTY, (Unit::Class, "class A:", "return 2"));
    check("a.py", code, 20, (Unit::Block, "a = 1", "b = 2  # HERE"));
    check(
        "a.py",
        &code.replace("class A:", "class A:  # HERE").replace("2  # HERE", "2"),
        13,
        (Unit::Lines, "class A:  # HERE", "b = 2"),
    );
}

#[test]
fn file_level_is_the_file_if_it_fits_else_the_statements_around() {
    let code = "import a\nimport b\n\nx = 1\nKEY = 'k'  # HERE\ny = 2\n\ndef f():\n    return 1\n";
    check("a.py", code, PLENTY, (Unit::File, "import a", "return 1"));
    check("a.py", code, 12, (Unit::Block, "x = 1", "y = 2"));
    check("a.py", code, 8, (Unit::Block, "x = 1", "KEY = 'k'  # HERE"));
    check("a.py", code, 1, (Unit::Lines, "KEY = 'k'  # HERE", "KEY = 'k'  # HERE"));
}

#[test]
fn a_function_that_is_too_large_gives_its_largest_block_that_fits() {
    let filler = "    pad = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'\n".repeat(20);
    let code = format!(
        "def f(x):\n{filler}\n    for a in x:\n        b = 1\n        if a:\n            c(a)  # HERE\n        else:\n            d()\n\n    e()\n{filler}"
    );
    check("a.py", &code, PLENTY, (Unit::Function, "def f(x):", filler.lines().last().unwrap().trim()));
    check("a.py", &code, 50, (Unit::Block, "for a in x:", "d()"));
    check("a.py", &code, 24, (Unit::Block, "if a:", "d()"));
    check("a.py", &code, 8, (Unit::Block, "c(a)  # HERE", "c(a)  # HERE"));
    check(
        "a.py",
        &code.replace("e()", "e()  # HERE").replace(")  # HERE\n        else", ")\n        else"),
        12,
        (Unit::Block, "e()  # HERE", "e()  # HERE"),
    );
}

#[test]
fn the_limit_holds_unless_the_lines_alone_exceed_it() {
    let code = "class A:\n    def f(self):\n        if x:\n            y = 1\n            z = 2\n\n\n# comment\nq = [\n  1,\n  2,\n]\n";
    let file = file("a.py", code);
    for start in 0..12 {
        for end in start + 1..=12 {
            let least = estimate(file.source().line_range(start, end).len());
            for max in 0..60 {
                let excerpt = file.excerpt(start, end, max).unwrap();
                assert!(excerpt.start_line <= start && end <= excerpt.end_line);
                assert!(
                    estimate(excerpt.text.len()) <= max.max(least),
                    "{start}..{end} in {max}: {excerpt:?}"
                );
            }
        }
    }
}

#[test]
fn a_huge_line_is_given_alone() {
    let code = format!("var a = 1;\nvar b = '{}';\nvar c = 2;\n", "x".repeat(300_000));
    let excerpt = file("a.min.js", &code).excerpt(1, 2, 1_000).unwrap();
    assert_eq!((excerpt.unit, excerpt.start_line, excerpt.end_line), (Unit::Lines, 1, 2));
}

#[test]
fn one_line_definitions_and_blank_lines_have_their_place() {
    check(
        "a.py",
        "x = 1\ndef f(): return HERE\ny = 2\n",
        10,
        (Unit::Function, "def f(): return HERE", "def f(): return HERE"),
    );
    check(
        "a.c",
        "int x;\nint f(void) { return HERE; } /* note */\nint y;\n",
        14,
        (
            Unit::Function,
            "int f(void) { return HERE; } /* note */",
            "int f(void) { return HERE; } /* note */",
        ),
    );
    let code = "def f():\n    a = 1\n\n    b = 2\n\n\nc = 3\n";
    let at = |line| file("a.py", code).excerpt(line, line + 1, PLENTY).unwrap();
    assert_eq!((at(2).unit, at(2).start_line, at(2).end_line), (Unit::Function, 0, 4));
    assert_eq!(at(5).unit, Unit::File);
}

#[test]
fn a_range_over_two_functions_is_of_what_holds_both() {
    let code =
        "class A {\n  int f() {\n    return 1;\n  }\n  int g() {\n    return 2;\n  }\n}\n\nclass B {}\n";
    let excerpt = file("A.java", code).excerpt(2, 6, PLENTY).unwrap();
    assert_eq!((excerpt.unit, excerpt.start_line, excerpt.end_line), (Unit::Class, 0, 8));
}

#[test]
fn files_without_known_syntax_are_taken_whole_or_by_lines() {
    let code: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let file = file("notes.txt", &code);
    assert_eq!(file.excerpt(50, 51, PLENTY).unwrap().unit, Unit::File);
    let excerpt = file.excerpt(50, 51, 100).unwrap();
    assert_eq!((excerpt.unit, excerpt.start_line, excerpt.end_line), (Unit::Lines, 40, 61));
    let excerpt = file.excerpt(0, 1, 6).unwrap();
    assert_eq!((excerpt.start_line, excerpt.end_line), (0, 2));
}

#[test]
fn code_with_syntax_errors_still_gives_its_units() {
    let code = "def good():\n    return 1  # HERE\n\n\ndef bad(:\n    return (\n\nx = 1\n";
    check("a.py", code, PLENTY, (Unit::Function, "def good():", "return 1  # HERE"));
    for text in
        ["def f(\n", "}}}}\n", "class A { void f( }\n", "\"unterminated\n", "<?php if (", "#if X\nint\n"]
    {
        for path in
            ["a.py", "a.ts", "A.java", "a.kt", "a.go", "a.rs", "a.c", "a.cpp", "a.cs", "a.php", "a.rb"]
        {
            let excerpt = file(path, text).excerpt(0, 1, PLENTY).unwrap();
            assert!(excerpt.start_line == 0 && !excerpt.text.is_empty());
        }
    }
}

#[test]
fn lines_beyond_the_end_are_an_error_but_the_one_after_the_final_newline() {
    let two = file("a.py", "a = 1\nb = 2\n");
    assert_eq!(two.excerpt(2, 3, PLENTY).unwrap().end_line, 2);
    assert_eq!(two.excerpt(1, 3, 2).unwrap().text, "b = 2\n");
    assert_eq!(two.excerpt(3, 4, PLENTY), Err(ExcerptError::BeyondEnd { line: 3, line_count: 2 }));
    assert_eq!(two.excerpt(0, 4, PLENTY), Err(ExcerptError::BeyondEnd { line: 3, line_count: 2 }));
    assert_eq!(two.excerpt(1, 0, PLENTY), Err(ExcerptError::Reversed { start: 1, end: 0 }));
    assert_eq!(two.excerpt(usize::MAX, usize::MAX, PLENTY).unwrap_err().failure("a.py").kind.exit_code(), 1);
    assert!(file("a.py", "a = 1").excerpt(1, 2, PLENTY).is_err());
    let empty = file("a.py", "").excerpt(0, 1, PLENTY).unwrap();
    assert_eq!((empty.unit, empty.start_line, empty.end_line, empty.text.as_str()), (Unit::File, 0, 0, ""));
    assert_eq!(two.excerpt(1, 1, 2).unwrap().text, "b = 2\n", "an insertion point is its line");
}

#[test]
fn encodings_and_line_ends_do_not_shift_lines() {
    let code = "# ünïcode\x0c page\r\ndef f():\r\n    s = '日本'\r\n    return s\r\n\r\nx = 1\r\n";
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(code.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let bom = [b"\xEF\xBB\xBF", code.as_bytes()].concat();
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS
        .encode("# 日本語のコメント\r\ndef f():\r\n    s = '日本'\r\n    return s\r\n\r\nx = 1\r\n");
    for bytes in [code.as_bytes().to_vec(), utf16, bom, shift_jis.into_owned()] {
        let file = SourceFile::new("a.py", bytes).unwrap();
        let excerpt = file.excerpt(3, 4, 20).unwrap();
        assert_eq!(
            (excerpt.unit, excerpt.text.as_str()),
            (Unit::Function, "def f():\n    s = '日本'\n    return s\n")
        );
    }
    assert!(matches!(SourceFile::new("a.py", *b"\0\0"), Err(TextError::Binary { offset: 0 })));
}

#[test]
fn a_header_that_is_no_c_is_read_as_cpp() {
    let cpp = file(
        "a.h",
        "namespace a {\ntemplate <class T>\nclass B : public C<T> {\n public:\n  int f() const { return 1; }\n};\n}\n",
    );
    assert_eq!(cpp.language(), Some(Language::Cpp));
    assert_eq!(cpp.syntax().unwrap().errors(), []);
    assert_eq!(file("a.h", "int f(int x);\n").language(), Some(Language::C));
    assert_eq!(file("a.c", "class A {};\n").language(), Some(Language::C));
    assert_eq!(file("run", "#!/usr/bin/env python3\nx = 1\n").language(), Some(Language::Python));
}

#[test]
fn any_number_of_excerpts_needs_one_parse() {
    let code: String = (0..1_000)
        .map(|n| format!("def f{n}(x):\n    if x:\n        return {n}\n\n    return x\n\n"))
        .collect();
    let file = file("a.py", &code);
    assert_eq!(file.source().line_count(), 6_000);
    let before = crate::syntax::parses();
    for n in 0..100 {
        let line = n * 60 + 2;
        let excerpt = file.excerpt(line, line + 1, 1_000).unwrap();
        assert_eq!(
            (excerpt.unit, excerpt.start_line, excerpt.end_line),
            (Unit::Function, n * 60, n * 60 + 5)
        );
    }
    assert_eq!(crate::syntax::parses() - before, 1);
}
