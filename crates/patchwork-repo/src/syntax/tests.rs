use super::*;
use std::cell::Cell;
thread_local! { static PARSES: Cell<usize> = const { Cell::new(0) }; }
pub(super) fn count_parse() { PARSES.set(PARSES.get() + 1); }

#[test]
fn probe() {
    for t in ["def f():\nreturn 1\n", "x = 1\n    y = 2\nz=3\n", "def f():\n    x = 1\n      y = 2\n    z = 3\n", "class A:\n    def f(self):\n        return 1\n   def g(self):\n        pass\n", "if x:\n    a\nelse:\nb\n", "def f():\n    # only\n\nx = 1\n", "def f(\n", "print 'x'\n"] {
        let s = Syntax::parse(Language::Python, t).unwrap();
        eprintln!("{t:?}\n  {} {:?}", s.root().to_sexp(), s.errors());
    }
    for (n, t) in [("par", "(".repeat(200_000)), ("brk", "[{".repeat(100_000)), ("lt", "a<".repeat(100_000)), ("quot", "\"'`".repeat(100_000)), ("ab", "a b ".repeat(100_000)), ("semi", "}; ".repeat(100_000))] {
        for l in Language::ALL {
            let i = std::time::Instant::now();
            let r = Syntax::parse(l, &t);
            eprintln!("{n} {l} {:?} some={}", i.elapsed(), r.is_some());
        }
    }
}
