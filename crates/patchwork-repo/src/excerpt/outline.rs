//! Code with less in it: signatures stay, bodies of functions go.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use super::kinds::Kinds;
use crate::language::Language;
use crate::syntax::{Syntax, next};

/// The functions of a text, which may be a piece of a file.
#[derive(Debug, Clone)]
pub struct Outline<'a> {
    text: &'a str,
    language: Language,
    functions: Vec<Function>,
}

/// Bytes of the text.
#[derive(Debug, Clone)]
struct Function {
    whole: Range<usize>,
    /// What can be left out of it: nothing where that would be one line.
    body: Option<Range<usize>>,
    /// Whether it has a name: others are part of an expression, which needs them.
    named: bool,
}

/// A part of the text that is left out.
#[derive(Debug, Clone, Copy)]
struct Cut {
    end: usize,
    /// A function with its signature, not just its body.
    whole: bool,
}

/// Of texts whose language is not known, so many bytes are looked at.
const SAMPLE: usize = 32 * 1024;
/// Lines to an error of syntax: a text with more errors is of another language.
const LINES_PER_ERROR: usize = 10;

impl<'a> Outline<'a> {
    /// Reads a text. `word` is what its language is called, as behind a code fence (`python`); without one, or with one that
    /// means nothing, the language is that which fits best. `None` when no language does, or there is no function.
    pub fn of(text: &'a str, word: Option<&str>) -> Option<Self> {
        let language = word.and_then(Language::of_word).or_else(|| guess(text))?;
        let syntax = Syntax::parse(language, text)?;
        let functions = functions(&syntax, text);
        (!functions.is_empty()).then_some(Self { text, language, functions })
    }

    /// The text in at most so many bytes, as far as functions can be left out: first the bodies, the longest first, then whole
    /// functions, the last first. Comments in their places say how much is gone.
    pub fn shortened(&self, bytes: usize) -> String {
        let mut cuts: BTreeMap<usize, Cut> = BTreeMap::new();
        let mut size = self.text.len();
        let mut bodies: Vec<&Range<usize>> = self.functions.iter().filter_map(|f| f.body.as_ref()).collect();
        bodies.sort_by_key(|body| (std::cmp::Reverse(body.len()), body.start));
        for body in bodies {
            if size <= bytes {
                break;
            }
            // What holds it is longer, so it was there before.
            let inside = cuts.range(..=body.start).next_back().is_some_and(|(_, cut)| cut.end >= body.end);
            let instead = self.instead_of_body(body).len();
            if !inside && instead < body.len() {
                size -= body.len() - instead;
                cuts.insert(body.start, Cut { end: body.end, whole: false });
            }
        }
        for function in self.outermost().into_iter().rev() {
            if size <= bytes {
                break;
            }
            let inner: Vec<usize> = cuts.range(function.clone()).map(|(start, _)| *start).collect();
            for start in inner {
                if let Some(cut) = cuts.remove(&start) {
                    size += cut.end - start;
                    size = size.saturating_sub(self.instead_of_body(&(start..cut.end)).len());
                }
            }
            size = size.saturating_sub(function.len()) + self.comment("1 function left out").len();
            cuts.insert(function.start, Cut { end: function.end, whole: true });
        }
        self.without(&cuts)
    }

    /// Functions with a name that are in no other, in their order.
    fn outermost(&self) -> Vec<Range<usize>> {
        let mut out: Vec<Range<usize>> = Vec::new();
        for function in self.functions.iter().filter(|function| function.named) {
            if out.last().is_none_or(|last| last.end <= function.whole.start) {
                out.push(function.whole.clone());
            }
        }
        out
    }

    fn without(&self, cuts: &BTreeMap<usize, Cut>) -> String {
        let mut out = String::new();
        let mut at = 0;
        let mut cuts = cuts.iter().peekable();
        while let Some((start, cut)) = cuts.next() {
            out.push_str(self.part(at..*start));
            at = cut.end;
            if !cut.whole {
                out.push_str(&self.instead_of_body(&(*start..cut.end)));
                continue;
            }
            let mut count = 1;
            while let Some((_, next)) =
                cuts.next_if(|(start, next)| next.whole && self.part(at..**start).trim().is_empty())
            {
                at = next.end;
                count += 1;
            }
            let what = if count == 1 { "function" } else { "functions" };
            out.push_str(&self.comment(&format!("{count} {what} left out")));
        }
        out.push_str(self.part(at..self.text.len()));
        out
    }

    fn part(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// What stands where a body was.
    fn instead_of_body(&self, body: &Range<usize>) -> String {
        let lines = self.part(body.clone()).lines().count();
        let told = self.comment(&format!("{lines} lines left out"));
        match self.language {
            Language::Python => format!("...  {told}"),
            Language::Ruby => told,
            _ => format!("{{ {told} }}"),
        }
    }

    fn comment(&self, told: &str) -> String {
        match self.language {
            Language::Python | Language::Ruby => format!("# … {told}"),
            _ => format!("/* … {told} */"),
        }
    }
}

/// The language in which a text has the fewest errors, and any functions.
fn guess(text: &str) -> Option<Language> {
    let sample = text.get(..text.floor_char_boundary(SAMPLE))?;
    let lines = sample.lines().count();
    let errors_in = |language: Language| {
        let syntax = Syntax::parse(language, sample)?;
        let errors = syntax.errors().len();
        let few = errors == 0 || errors * LINES_PER_ERROR <= lines;
        (few && !functions(&syntax, sample).is_empty()).then_some((errors, language))
    };
    // The first of equals: the others are its dialects.
    Language::ALL
        .into_iter()
        .filter_map(errors_in)
        .min_by_key(|(errors, _)| *errors)
        .map(|(_, language)| language)
}

/// The functions of a text in the order in which they begin, the outer before the inner.
fn functions(syntax: &Syntax, text: &str) -> Vec<Function> {
    let kinds = Kinds::of(syntax.language());
    let mut out = Vec::new();
    let root = syntax.root();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        let named = kinds.functions.contains(&node.kind());
        if named || kinds.anonymous.contains(&node.kind()) {
            let body = body(node, syntax.language(), text);
            if named || body.is_some() {
                out.push(Function { whole: node.byte_range(), body, named });
            }
        }
        if !cursor.goto_first_child() && !next(&mut cursor) {
            return out;
        }
    }
}

/// What can be left out of a function: several lines, between braces where the language has them.
fn body(function: Node<'_>, language: Language, text: &str) -> Option<Range<usize>> {
    let braced = |node: &Node<'_>| {
        text.get(node.byte_range()).is_some_and(|text| text.starts_with('{') && text.ends_with('}'))
    };
    let by_field = function.child_by_field_name("body");
    let body = match language {
        Language::Python | Language::Ruby => by_field?,
        _ => by_field.filter(braced).or_else(|| {
            let mut cursor = function.walk();
            function.named_children(&mut cursor).filter(braced).last()
        })?,
    };
    let (start, end) = (body.start_position().row, body.end_position().row);
    let outside = function.start_position().row < start && end < function.end_position().row;
    let fits = match language {
        // Else the comment would take the end of the function with it.
        Language::Ruby => outside && start < end,
        _ => start < end,
    };
    fits.then(|| body.byte_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(text: &str, word: Option<&str>, bytes: usize) -> String {
        Outline::of(text, word).unwrap().shortened(bytes)
    }

    const PYTHON: &str = "import os\n\n\ndef short(x):\n    y = x\n    return y\n\n\nclass A:\n    def long(self):\n        def inner():\n            \
                          a = 1\n            return a\n        print('ä' * 40)\n        return inner()\n\n\ndef last():\n    return 1\n";

    #[test]
    fn the_longest_body_goes_first_and_what_is_inside_goes_with_it() {
        let text = shortened(PYTHON, Some("python"), PYTHON.len() - 20);
        let long = "    def long(self):\n        ...  # … 5 lines left out\n\n\ndef last";
        assert!(text.contains(long) && text.contains("    y = x\n"), "{text}");
        assert_eq!(shortened(PYTHON, None, PYTHON.len()), PYTHON);
    }

    #[test]
    fn then_functions_go_the_last_first() {
        let function =
            |name: &str| format!("def {name}(argument):\n    print(argument, 1)\n    print(argument, 2)\n\n");
        let text: String = ["a", "b", "c"].into_iter().map(function).collect();
        let bare = "def a(argument):\n    ...  # … 2 lines left out\n\n";
        assert_eq!(
            shortened(&text, Some("python"), 130),
            format!("{bare}{}# … 1 function left out\n\n", bare.replace("a(", "b("))
        );
        assert_eq!(shortened(&text, Some("python"), 110), format!("{bare}# … 2 functions left out\n\n"));
        assert_eq!(shortened(&text, Some("python"), 0), "# … 3 functions left out\n\n");
    }

    #[test]
    fn every_language_keeps_its_signatures_and_its_syntax() {
        let body = |indent: &str, line: &str| format!("{indent}{line}\n").repeat(4);
        for (language, before, line, after) in [
            (Language::JavaScript, "function f(a) {\n", "g(a);", "}\n"),
            (Language::JavaScript, "const f = (a) => {\n", "g(a);", "};\n"),
            (Language::TypeScript, "export class A {\n  f(a: number): void {\n", "g(a);", "  }\n}\n"),
            (Language::Tsx, "const f = () => {\n", "g(<b>1</b>);", "};\n"),
            (Language::Java, "class A {\n  int f(int a) {\n", "g(a);", "  }\n}\n"),
            (Language::Kotlin, "fun f(a: Int): Int {\n", "g(a)", "}\n"),
            (Language::Go, "func (a *A) f(b int) int {\n", "g(b)", "}\n"),
            (Language::Rust, "impl A {\n    fn f(a: u8) -> u8 {\n", "g(a);", "    }\n}\n"),
            (Language::C, "int f(int a) {\n", "g(a);", "}\n"),
            (Language::Cpp, "int A::f(int a) {\n", "g(a);", "}\n"),
            (Language::CSharp, "class A {\n  int F(int a) {\n", "G(a);", "  }\n}\n"),
            (Language::Php, "<?php\nfunction f($a) {\n", "g($a);", "}\n"),
            (Language::Ruby, "def f(a)\n", "g(a)", "end\n"),
            (Language::Python, "def f(a):\n", "g(a)", ""),
        ] {
            let text = format!("{before}{}{after}", body("    ", line));
            let short = shortened(&text, Some(language.fence()), text.len() - 1);
            assert!(
                short.contains(before.trim_end().trim_end_matches('{').trim_end()),
                "{language}: {short}"
            );
            assert!(short.contains("left out") && !short.contains(line), "{language}: {short}");
            assert!(Syntax::parse(language, &short).unwrap().errors().is_empty(), "{language}: {short}");
        }
    }

    #[test]
    fn a_language_that_is_not_named_is_found() {
        let go = "package a\n\nfunc f(a int) {\n\tg(a)\n\tg(a)\n}\n";
        assert_eq!(Outline::of(go, None).unwrap().language, Language::Go);
        assert_eq!(Outline::of(PYTHON, Some("nonsense")).unwrap().language, Language::Python);
        for text in ["", "\0\0", "2026-01-01 ERROR something {failed}\n", "plain words, no code.\n"] {
            assert!(Outline::of(text, None).is_none(), "{text}");
        }
    }

    #[test]
    fn line_ends_of_windows_and_one_line_functions_stay() {
        let text = "function f(a) {\r\n  g(a);\r\n  g(a);\r\n  g(a);\r\n}\r\nfunction h() { return 1; }\r\n";
        assert_eq!(
            shortened(text, Some("js"), text.len() - 1),
            "function f(a) { /* … 5 lines left out */ }\r\nfunction h() { return 1; }\r\n"
        );
    }
}
