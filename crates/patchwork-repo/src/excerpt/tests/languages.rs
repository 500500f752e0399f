//! Functions, methods and classes of every language.

use super::super::Unit;
use super::{PLENTY, check};

/// Path, code with `HERE` on the line in question, and what its excerpt is.
type Case = (&'static str, &'static str, (Unit, &'static str, &'static str));

const FUNCTIONS: &[Case] = &[
    (
        "a.py",
        "x = 1\nasync def f(a):\n    return HERE\ny = 2\n",
        (Unit::Function, "async def f(a):", "return HERE"),
    ),
    (
        "a.js",
        "let x;\nasync function* f() {\n  HERE;\n}\nlet y;\n",
        (Unit::Function, "async function* f() {", "}"),
    ),
    (
        "a.jsx",
        "let x;\nexport function A() {\n  return <p>{HERE}</p>;\n}\nlet y;\n",
        (Unit::Function, "export function A() {", "}"),
    ),
    (
        "a.ts",
        "let x;\nexport function f<T>(a: T): T {\n  return HERE;\n}\nlet y;\n",
        (Unit::Function, "export function f<T>(a: T): T {", "}"),
    ),
    (
        "a.tsx",
        "let x;\nconst A: FC = () => {\n  return <p>{HERE}</p>;\n};\nlet y;\n",
        (Unit::Function, "const A: FC = () => {", "};"),
    ),
    (
        "a.kt",
        "val x = 1\n@Test\nfun f(a: Int): Int {\n  return HERE\n}\nval y = 1\n",
        (Unit::Function, "@Test", "}"),
    ),
    (
        "a.go",
        "package a\n\n// F does.\nfunc F(x int) int {\n\treturn HERE\n}\n\nvar y = 1\n",
        (Unit::Function, "func F(x int) int {", "}"),
    ),
    (
        "a.go",
        "package a\n\nvar h = func(x int) int {\n\treturn HERE\n}\n\nvar y = 1\n",
        (Unit::Function, "var h = func(x int) int {", "}"),
    ),
    (
        "a.rs",
        "use x;\n\n/// Doc.\n#[test]\n#[ignore]\npub fn f() -> u8 {\n    HERE\n}\n\nstatic Y: u8 = 1;\n",
        (Unit::Function, "#[test]", "}"),
    ),
    (
        "a.rs",
        "use x;\n#[cfg(HERE)]\nfn f() -> u8 {\n    1\n}\nstatic Y: u8 = 1;\n",
        (Unit::Function, "#[cfg(HERE)]", "}"),
    ),
    (
        "a.rs",
        "macro_rules! m {\n    () => { HERE };\n}\nstatic Y: u8 = 1;\n",
        (Unit::Function, "macro_rules! m {", "}"),
    ),
    (
        "a.c",
        "int x;\nstatic int f(int a)\n{\n  return HERE;\n}\nint y;\n",
        (Unit::Function, "static int f(int a)", "}"),
    ),
    (
        "a.cpp",
        "int x;\ntemplate <class T>\nT f(T a) {\n  return HERE;\n}\nint y;\n",
        (Unit::Function, "template <class T>", "}"),
    ),
    (
        "a.cpp",
        "int x;\nint A::f() const {\n  return HERE;\n}\nint y;\n",
        (Unit::Function, "int A::f() const {", "}"),
    ),
    (
        "a.php",
        "<?php\n$x = 1;\nfunction f($a) {\n  return HERE;\n}\n$y = 1;\n",
        (Unit::Function, "function f($a) {", "}"),
    ),
    (
        "a.php",
        "<?php\n$x = 1;\n$f = function ($a) {\n  return HERE;\n};\n$y = 1;\n",
        (Unit::Function, "$f = function ($a) {", "};"),
    ),
    ("a.rb", "x = 1\ndef f(a)\n  HERE\nend\ny = 1\n", (Unit::Function, "def f(a)", "end")),
    (
        "a.cs",
        "class A {\n  int M() {\n    int F() {\n      return HERE;\n    }\n    return F();\n  }\n}\n",
        (Unit::Function, "int F() {", "}"),
    ),
];

const BETWEEN: &[Case] = &[
    (
        "a.rs",
        "use x;\n#[HERE]\n// Why.\n/// Doc.\n#[inline]\nfn f() {\n}\n",
        (Unit::Function, "#[HERE]", "}"),
    ),
    ("a.rs", "use x;\n\n/// Doc.\nfn f() {\n    HERE\n}\n", (Unit::Function, "fn f() {", "}")),
    ("a.c", "int z;\nstruct {\n  int x[HERE];\n} a;\nint y;\n", (Unit::Class, "struct {", "} a;")),
    ("a.c", "int z;\nstruct point HERE;\nint y;\n", (Unit::File, "int z;", "int y;")),
];

const METHODS: &[Case] = &[
    (
        "a.py",
        "class A:\n    @property\n    def f(self):\n        return HERE\n    y = 2\n",
        (Unit::Method, "@property", "return HERE"),
    ),
    (
        "a.js",
        "class A {\n  x = 1;\n  static async f() {\n    HERE;\n  }\n}\n",
        (Unit::Method, "static async f() {", "}"),
    ),
    (
        "a.ts",
        "class A {\n  x = 1;\n  @Get('/x')\n  private f(): void {\n    HERE;\n  }\n}\n",
        (Unit::Method, "@Get('/x')", "}"),
    ),
    (
        "a.ts",
        "class A {\n  x = 1;\n  @Get('HERE')\n  private f(): void {\n    a;\n  }\n}\n",
        (Unit::Method, "@Get('HERE')", "}"),
    ),
    (
        "A.java",
        "class A {\n  int x;\n  /** Doc. */\n  @Override\n  public int f() {\n    return HERE;\n  }\n}\n",
        (Unit::Method, "@Override", "}"),
    ),
    (
        "A.java",
        "class A {\n  int x;\n  @GetMapping(\"HERE\")\n  public A() {\n    x = 1;\n  }\n}\n",
        (Unit::Method, "@GetMapping(\"HERE\")", "}"),
    ),
    (
        "a.kt",
        "class A {\n  val x = 1\n  override fun f() {\n    g(HERE)\n  }\n}\n",
        (Unit::Method, "override fun f() {", "}"),
    ),
    ("a.kt", "class A {\n  val x = 1\n  init {\n    g(HERE)\n  }\n}\n", (Unit::Method, "init {", "}")),
    (
        "a.go",
        "package a\n\nfunc (t *T) F() int {\n\treturn HERE\n}\n\nvar y = 1\n",
        (Unit::Method, "func (t *T) F() int {", "}"),
    ),
    (
        "a.rs",
        "impl A {\n    const X: u8 = 1;\n    #[inline]\n    fn f(&self) -> u8 {\n        HERE\n    }\n}\n",
        (Unit::Method, "#[inline]", "}"),
    ),
    (
        "a.cpp",
        "class A {\n  int x;\n  template <class T>\n  int f(T t) override {\n    return HERE;\n  }\n};\n",
        (Unit::Method, "template <class T>", "}"),
    ),
    (
        "A.cs",
        "class A {\n  int x;\n  [HttpGet]\n  public int F() {\n    return HERE;\n  }\n}\n",
        (Unit::Method, "[HttpGet]", "}"),
    ),
    (
        "A.cs",
        "class A {\n  int x;\n  public int P {\n    get { return HERE; }\n  }\n}\n",
        (Unit::Method, "public int P {", "}"),
    ),
    (
        "a.php",
        "<?php\nclass A {\n  private $x;\n  #[Route('/')]\n  public function f() {\n    return HERE;\n  }\n}\n",
        (Unit::Method, "#[Route('/')]", "}"),
    ),
    ("a.rb", "class A\n  X = 1\n  def self.f\n    HERE\n  end\nend\n", (Unit::Method, "def self.f", "end")),
    (
        "a.rb",
        "class A\n  X = 1\n  private def f\n    HERE\n  end\nend\n",
        (Unit::Method, "private def f", "end"),
    ),
];

const CLASSES: &[Case] = &[
    (
        "a.py",
        "z = 1\nclass A(B):\n    x = HERE\n\n    def f(self): pass\ny = 1\n",
        (Unit::Class, "class A(B):", "def f(self): pass"),
    ),
    (
        "a.js",
        "let z;\nexport default class A {\n  x = HERE;\n}\nlet y;\n",
        (Unit::Class, "export default class A {", "}"),
    ),
    (
        "a.js",
        "let z;\nconst A = class {\n  x = HERE;\n};\nlet y;\n",
        (Unit::Class, "const A = class {", "};"),
    ),
    (
        "a.ts",
        "let z;\nexport interface A {\n  x: HERE;\n}\nlet y;\n",
        (Unit::Class, "export interface A {", "}"),
    ),
    (
        "a.ts",
        "let z;\n@Component({ x: HERE })\nexport class A {\n  x = 1;\n}\nlet y;\n",
        (Unit::Class, "@Component({ x: HERE })", "}"),
    ),
    ("a.tsx", "let z;\nenum A {\n  X = HERE,\n}\nlet y;\n", (Unit::Class, "enum A {", "}")),
    (
        "A.java",
        "import z;\n@Entity\npublic class A {\n  int x = HERE;\n}\nclass Y {}\n",
        (Unit::Class, "@Entity", "}"),
    ),
    (
        "A.java",
        "import z;\nrecord A(int HERE) {\n}\nclass Y {}\n",
        (Unit::Class, "record A(int HERE) {", "}"),
    ),
    (
        "a.kt",
        "val z = 1\ndata class A(\n  val x: Int = HERE\n)\nval y = 1\n",
        (Unit::Class, "data class A(", ")"),
    ),
    ("a.kt", "val z = 1\nobject A {\n  const val X = HERE\n}\nval y = 1\n", (Unit::Class, "object A {", "}")),
    (
        "a.go",
        "package a\n\nvar z = 1\n\ntype A struct {\n\tX int // HERE\n}\n",
        (Unit::Class, "type A struct {", "}"),
    ),
    (
        "a.rs",
        "use z;\n#[derive(Debug)]\nstruct A {\n    x: HERE,\n}\nstatic Y: u8 = 1;\n",
        (Unit::Class, "#[derive(Debug)]", "}"),
    ),
    (
        "a.rs",
        "use z;\nimpl A {\n    const X: u8 = HERE;\n}\nstatic Y: u8 = 1;\n",
        (Unit::Class, "impl A {", "}"),
    ),
    (
        "a.c",
        "int z;\ntypedef struct a {\n  int x[HERE];\n} a;\nint y;\n",
        (Unit::Class, "typedef struct a {", "} a;"),
    ),
    (
        "a.cpp",
        "int z;\ntemplate <class T>\nclass A {\n  int x = HERE;\n};\nint y;\n",
        (Unit::Class, "template <class T>", "};"),
    ),
    (
        "A.cs",
        "using Z;\nnamespace N {\n  [Serializable]\n  public record A {\n    int x = HERE;\n  }\n}\n",
        (Unit::Class, "[Serializable]", "}"),
    ),
    (
        "a.php",
        "<?php\n$z = 1;\nfinal class A {\n  const X = HERE;\n}\n$y = 1;\n",
        (Unit::Class, "final class A {", "}"),
    ),
    (
        "a.php",
        "<?php\n$z = 1;\ntrait A {\n  private $x = HERE;\n}\n$y = 1;\n",
        (Unit::Class, "trait A {", "}"),
    ),
    ("a.rb", "z = 1\nmodule A\n  X = HERE\nend\ny = 1\n", (Unit::Class, "module A", "end")),
];

const BLOCKS: &[Case] = &[
    ("a.py", "def f():\n    PAD\n    with x:\n        g(HERE)\n", (Unit::Block, "with x:", "g(HERE)")),
    ("a.js", "function f() {\n  PAD;\n  if (x) {\n    g(HERE);\n  }\n}\n", (Unit::Block, "if (x) {", "}")),
    (
        "a.ts",
        "function f() {\n  PAD;\n  for (const x of y) {\n    g(HERE);\n  }\n}\n",
        (Unit::Block, "for (const x of y) {", "}"),
    ),
    (
        "A.java",
        "class A {\n  void f() {\n    PAD;\n    try {\n      g(HERE);\n    } finally { }\n  }\n}\n",
        (Unit::Block, "try {", "} finally { }"),
    ),
    ("a.kt", "fun f() {\n  PAD\n  while (x) {\n    g(HERE)\n  }\n}\n", (Unit::Block, "while (x) {", "}")),
    ("a.go", "package a\nfunc f() {\n\tPAD()\n\tif x {\n\t\tg(HERE)\n\t}\n}\n", (Unit::Block, "if x {", "}")),
    (
        "a.rs",
        "fn f() {\n    PAD();\n    match x {\n        1 => g(HERE),\n    }\n}\n",
        (Unit::Block, "match x {", "}"),
    ),
    (
        "a.c",
        "void f(void) {\n  PAD();\n  switch (x) {\n    case 1: g(HERE);\n  }\n}\n",
        (Unit::Block, "switch (x) {", "}"),
    ),
    (
        "a.cpp",
        "void f() {\n  PAD();\n  for (auto x : y) {\n    g(HERE);\n  }\n}\n",
        (Unit::Block, "for (auto x : y) {", "}"),
    ),
    (
        "A.cs",
        "class A {\n  void F() {\n    PAD();\n    using (x) {\n      G(HERE);\n    }\n  }\n}\n",
        (Unit::Block, "using (x) {", "}"),
    ),
    (
        "a.php",
        "<?php\nfunction f() {\n  PAD();\n  foreach ($x as $y) {\n    g(HERE);\n  }\n}\n",
        (Unit::Block, "foreach ($x as $y) {", "}"),
    ),
    ("a.rb", "def f\n  PAD()\n  unless x\n    g(HERE)\n  end\nend\n", (Unit::Block, "unless x", "end")),
];

#[test]
fn functions() {
    for (path, code, expected) in FUNCTIONS.iter().chain(BETWEEN) {
        check(path, code, PLENTY, *expected);
    }
}

#[test]
fn methods() {
    for (path, code, expected) in METHODS {
        check(path, code, PLENTY, *expected);
    }
}

#[test]
fn classes() {
    for (path, code, expected) in CLASSES {
        check(path, code, PLENTY, *expected);
    }
}

#[test]
fn blocks_of_functions_that_are_too_large() {
    let pad = "pad".repeat(60);
    for (path, code, expected) in BLOCKS {
        check(path, &code.replace("PAD", &pad), 40, *expected);
    }
}
