use std::cell::Cell;

use super::*;

thread_local! {
    static PARSES: Cell<usize> = const { Cell::new(0) };
}

/// How many texts this thread has given to the parser.
pub(crate) fn parses() -> usize {
    PARSES.get()
}

pub(super) fn count_parse() {
    PARSES.set(PARSES.get() + 1);
}

fn parse(language: Language, text: &str) -> Syntax {
    Syntax::parse(language, text).unwrap()
}

fn places(errors: &[SyntaxError]) -> Vec<(usize, SyntaxErrorKind)> {
    errors.iter().map(|error| (error.line, error.kind)).collect()
}

/// Lines of the errors that a change of a Python text brings.
fn brought(language: Language, old: &str, new: &str) -> Vec<usize> {
    new_errors(&parse(language, old), &parse(language, new)).iter().map(|error| error.line).collect()
}

#[test]
fn clean_code_of_every_language_has_no_errors() {
    for (language, text) in [
        (Language::Python, "def f(x):\n    if x: return 1\n    # end\n\nclass A:\n    '''doc'''\n"),
        (Language::JavaScript, "const f = async (x) => { await x; };\nexport default f;\n"),
        (Language::TypeScript, "interface A<T> { x: T }\nconst y = <any>1;\n"),
        (Language::Tsx, "const A = () => <div>{x}</div>;\n"),
        (Language::Java, "record P(int x) { P { } }\n"),
        (Language::Kotlin, "data class A(val x: Int) { fun f() = x }\n"),
        (Language::Go, "package a\n\nfunc (t T) F() int { return 1 }\n"),
        (Language::Rust, "fn f<'a>(x: &'a str) -> &'a str { x }\n"),
        (Language::C, "int f(void) { return 1; }\n"),
        (Language::Cpp, "template<class T> struct A { T f() const { return {}; } };\n"),
        (Language::CSharp, "namespace A; class B { int C { get; set; } }\n"),
        (Language::Php, "<p><?php if ($x): ?><b><?= $x ?></b><?php endif; ?></p>\n"),
        (Language::Ruby, "class A\n  def f = 1\nend\n"),
    ] {
        assert_eq!(parse(language, text).errors(), [], "{language}");
    }
}

#[test]
fn errors_name_their_place_and_kind() {
    let errors = parse(Language::JavaScript, "f(1;\n").errors();
    assert_eq!(places(&errors), [(0, SyntaxErrorKind::Missing)]);
    assert_eq!(errors[0].to_string(), "line 1, column 4: \")\" is missing");
    let errors = parse(Language::Go, "package a\n\nfunc f() { x := := 1 }\n").errors();
    assert_eq!(places(&errors), [(2, SyntaxErrorKind::Unexpected)]);
    assert_eq!(errors[0].to_string(), "line 3, column 17: unexpected syntax");
}

#[test]
fn python_indentation_that_the_interpreter_refuses_is_an_error() {
    for (text, line) in [
        ("def f():\nreturn 1\n", 0),
        ("x = 1\n    y = 2\n", 1),
        ("def f():\n    x = 1\n      y = 2\n    z = 3\n", 2),
        ("class A:\n    def f(self):\n        return 1\n   def g(self):\n        pass\n", 3),
        ("if x:\n    a\nelse:\nb\n", 2),
        ("    x = 1\n", 0),
    ] {
        assert_eq!(parse(Language::Python, text).errors().first().map(|e| e.line), Some(line), "{text:?}");
    }
    for text in [
        "if x: a; b\nelse: c\n",
        "def f():\n# far left\n    x = 1\n        # far right\n    y = 2\n",
        "x = [\n  1,\n      2,\n]\n",
        "if x:\n\ty\n\tz\n",
        "\x0cx = 1\ny = 2\n",
        "x = '''\n  a\nb\n'''\n",
        "",
        "# only\n",
    ] {
        assert_eq!(parse(Language::Python, text).errors(), [], "{text:?}");
    }
}

#[test]
fn a_change_of_clean_code_is_blamed_for_its_errors() {
    assert_eq!(brought(Language::Python, "x = 1\ny = 2\n", "x = 1\ny = (\n"), [1]);
    assert_eq!(brought(Language::Python, "x = 1\n", "x = 2\n"), [0_usize; 0]);
    assert!(!brought(Language::Java, "class A { void f() { } }\n", "class A { void f() { }\n").is_empty());
    assert_eq!(brought(Language::Python, "x = 1\n", "Here is the fix:\nx = 1\n"), [0]);
    assert_eq!(brought(Language::JavaScript, "f();\ng();\n", "f();\ng() h();\n"), [1]);
}

#[test]
fn old_errors_are_not_blamed_on_a_change_and_one_more_is() {
    let old = "a = )\nb = 1\nc = 2\nd = 3\ne = )\n";
    let none = [0_usize; 0];
    assert_eq!(brought(Language::Python, old, old), none);
    assert_eq!(brought(Language::Python, old, &old.replace("c = 2", "c = 5\nc += 1")), none);
    assert_eq!(brought(Language::Python, old, &old.replace("c = 2", "c = )")), [2]);
    assert_eq!(brought(Language::Python, old, &old.replace("a = )\n", "")), none, "one repaired");
    assert_eq!(brought(Language::Python, old, &format!("z = 0\n{old}z = 9\n")), none, "all moved");
    let repaired = old.replace("a = )", "a = 1");
    assert_eq!(brought(Language::Python, old, &repaired.replace("c = 2", "c = 2\nq = )\nr = )")), [3, 4]);
}

#[test]
fn an_error_in_the_changed_lines_may_change_its_words() {
    let old = "x = 1\ny = ) + 1\nz = 2\n";
    assert_eq!(brought(Language::Python, old, "x = 1\ny = ) + 2\nz = 2\n"), [0_usize; 0]);
    assert_eq!(brought(Language::Python, old, "x = 1\ny = ) + 2\nw = )\nz = 2\n").len(), 1);
}

#[test]
fn hostile_input_neither_crashes_nor_takes_for_ever() {
    for (language, unit) in [
        (Language::Go, "[{"),
        (Language::Python, "("),
        (Language::Java, "[{"),
        (Language::Ruby, "if x\n"),
        (Language::C, "if(a)b;else "),
        (Language::JavaScript, "!"),
        (Language::Php, "\u{0}\u{1}<?php \"${"),
    ] {
        let text = unit.repeat(30_000 / unit.len());
        if let Some(syntax) = Syntax::parse(language, &text) {
            assert!(syntax.errors().len() <= text.len(), "{language}");
        }
    }
    assert!(Syntax::parse(Language::Python, &"x = 1\n".repeat(400_000)).is_none(), "more than 2 MiB");
}
