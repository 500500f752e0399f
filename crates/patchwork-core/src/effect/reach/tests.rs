use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn page(policy: &Policy, forge: ForgeKind) -> Page<'_> {
    static HOMES: LazyLock<Vec<String>> = LazyLock::new(|| vec!["https://github.com/acme/shop".to_owned()]);
    Page { forge, homes: &HOMES, merges: true, policy }
}

fn on(forge: ForgeKind, text: &str) -> String {
    let policy = Policy {
        mentions: vec!["acme/reviewers".into()],
        link_hosts: vec!["*.nist.gov".into()],
        ..Policy::default()
    };
    let page = page(&policy, forge);
    let out = neutralise(text, &page);
    assert_eq!(in_markdown(&out, &page), [], "{text:?} became {out:?}");
    assert_eq!(neutralise(&out, &page), out, "{text:?}");
    out
}

#[test]
fn what_reaches_out_is_shown_instead() {
    let table = [
        ("ping @octocat, and @org/team!", "ping `@octocat`, and `@org/team`!"),
        ("\\@octocat", "`@octocat`"),
        ("&#64;octocat", "`&#64;octocat`"),
        ("*@all* `x`@all", "*`@all`* `x` `@all`"),
        ("a @<6a1b2c3d-0000>", "a `@<6a1b2c3d-0000>`"),
        ("Fixes #12", "Fixes `#12`"),
        ("fixes: **octo/app#3**", "fixes: **`octo/app#3`**"),
        ("Closes\nGH-7", "Closes\n`GH-7`"),
        ("see octo/app#3, a/b/c!4", "see `octo/app#3`, `a/b/c!4`"),
        ("see evil/x@0123abc.", "see `evil/x@0123abc`."),
        (
            "see mallory@0123456789abcdef0123456789abcdef01234567",
            "see `mallory@0123456789abcdef0123456789abcdef01234567`",
        ),
        ("resolves AB#12", "resolves `AB#12`"),
        ("see AB#12, grab#12", "see `AB#12`, grab#12"),
        ("Fixes https://github.com/o/r/issues/1", "Fixes `https://github.com/o/r/issues/1`"),
        ("see https://evil.test/x?y=1.", "see `https://evil.test/x?y=1`."),
        ("https://github.com@evil.test/x", "`https://github.com@evil.test/x`"),
        ("www.evil.test", "`www.evil.test`"),
        ("--https://evil.test 1https://evil.test", "--`https://evil.test` 1`https://evil.test`"),
        ("a <code>https://evil.test @all</code>", "a <code>`https://evil.test` @all</code>"),
        ("<code>\n\n@all</code>", "<code>\n\n`@all`</code>"),
        ("[click](https://evil.test)", "\\[click](`https://evil.test`)"),
        ("[x](javascript:alert)", "\\[x](javascript:alert)"),
        (
            "[x](https://github.com/evil/x/releases/y.zip)",
            "\\[x](`https://github.com/evil/x/releases/y.zip`)",
        ),
        (
            "![x](https://github.com/evil/x/raw/main/y.png)",
            "!\\[x](`https://github.com/evil/x/raw/main/y.png`)",
        ),
        ("see https://github.com/acme/shopping", "see `https://github.com/acme/shopping`"),
        ("<https://github.com/acme/shop/../../evil/x>", "&lt;`https://github.com/acme/shop/../../evil/x`>"),
        (
            "[x](https://github.com/acme/shop/&period;./../evil/x)",
            "\\[x](`https://github.com/acme/shop/&period;./../evil/x`)",
        ),
        ("[x](//evil.test/y)", "\\[x](//evil.test/y)"),
        ("![x](https://evil.test/p.png)", "!\\[x](`https://evil.test/p.png`)"),
        ("[x][r]\n\n[r]: https://evil.test", "\\[x][r]\n\n\\[r]: `https://evil.test`"),
        ("<https://evil.test>", "&lt;`https://evil.test`>"),
        ("text\n\n[//]: # (order)", "text\n\n\\[//]: # (order)"),
        ("a[^1]\n\n[^1]: hidden", "a[^1]\n\n\\[^1]: hidden"),
        ("a<!-- order -->b", "ab"),
        ("<!-- open", "&lt;!-- open"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y>"),
        ("a <script>b", "a &lt;script>b"),
        ("</details>\ntext", "&lt;/details>\ntext"),
        ("<details>\n\ntext", "&lt;details>\n\ntext"),
        ("<details open>\n</details>", "&lt;details open>\n&lt;/details>"),
        (
            "<details><summary>@all</summary>\n\nx\n\n</details>",
            "<details><summary><code>@all</code></summary>\n\nx\n\n</details>",
        ),
        ("/merge\ntext", "`/merge`\ntext"),
        ("- x\n  /close #1", "- x\n  `/close` `#1`"),
        ("~~~\n/merge\n~~~", "~~~\n /merge\n~~~"),
        ("```mermaid\nclick A href\n```", "```\nclick A href\n```"),
        ("a\u{200b}b\u{202e}c\u{e0041}\u{1b}[31m", "abc[31m"),
        ("@\u{200b}all", "`@all`"),
    ];
    for (text, expected) in table {
        assert_eq!(on(ForgeKind::GitHub, text), expected, "{text:?}");
    }
}

#[test]
fn gitlab_knows_projects_of_the_group_by_name() {
    assert_eq!(on(ForgeKind::GitLab, "see shop!4 and C#7"), "see `shop!4` and `C#7`");
    assert_eq!(on(ForgeKind::GitHub, "see shop!4 and C#7"), "see shop!4 and C#7");
    assert_eq!(on(ForgeKind::GitLab, "g/x$4, g/x%5 and g/x~6"), "`g/x$4`, `g/x%5` and `g/x~6`");
    assert_eq!(on(ForgeKind::GitHub, "g/x$4, g/x%5"), "g/x$4, g/x%5");
}

#[test]
fn what_is_harmless_stays() {
    for text in [
        "plain *text* with `@all`, `Fixes #1` and ``![x](https://evil.test)``",
        "```py\n@app.route('/')  # fixes #1 <img src=x>\n/merge\n```",
        "    @all\n",
        "see #12 and !7, mail a@b.test, me@deadbeef.test, x@abc, a/b, 50%",
        "\\[click\\](`https://evil.test`) &lt;img> \\!\\[x]",
        "<details>\n<summary><code>node_modules/@scope/x.js #1</code> · 2</summary>\n\ntext\n\n</details>",
        "[line 3](https://github.com/acme/shop/blob/main/a.py#L3) [up](#top) https://github.com/acme/shop",
        "(see https://github.com/acme/shop). **https://github.com/acme/shop/issues/7**, www",
        "cc @acme/reviewers: https://nvd.nist.gov/vuln/detail/CVE-2024-1",
        "Fixes CWE-327 in /usr/lib, closes the file",
        "<!-- PatchWork comment marker -->\ntext",
        "| a | b |\n|---|---|\n| `@x` | y |",
        "```suggestion\nx = 1  # Fixes #1\n```",
        "- [ ] done\r\n- [x] more\r\n",
    ] {
        assert_eq!(on(ForgeKind::GitHub, text), text);
    }
}

#[test]
fn gitlab_reads_code_of_descriptions_too() {
    assert_eq!(on(ForgeKind::GitLab, "`Fixes #1`"), "`Fixes # 1`");
    assert_eq!(on(ForgeKind::GitLab, "Closes SHOP-12, fixes CWE-79"), "Closes `SHOP-12`, fixes CWE-79");
    let policy = Policy::default();
    let comment = Page { merges: false, ..page(&policy, ForgeKind::GitLab) };
    assert_eq!(neutralise("```suggestion\n# Fixes #1\n```", &comment), "```suggestion\n# Fixes #1\n```");
}

#[test]
fn lines_are_no_markdown() {
    let policy = Policy::default();
    let page = page(&policy, ForgeKind::GitHub);
    for (text, expected) in [
        ("Fix `weak-hash` in a@b.test", "Fix `weak-hash` in a@b.test"),
        ("thanks @octocat", "thanks @ octocat"),
        ("Fixes #12 and closes GH-3", "Fixes # 12 and closes GH 3"),
        ("done [skip ci]", "done  skip ci]"),
        ("x\n\nskip-checks: true", "x\n\nskip checks: true"),
        ("a\u{202e}b\u{7}", "ab"),
        ("Resolve https://github.com/o/r/issues/1", "Resolve https ://github.com/o/r/issues/1"),
        (
            "Pin actions/checkout@0123abc, see https://tracker.test/issues/1",
            "Pin actions/checkout@0123abc, see https://tracker.test/issues/1",
        ),
        ("see https://github.com/o/r/pull/1", "see https ://github.com/o/r/pull/1"),
        ("see https://github.com/acme/shop/pull/1", "see https://github.com/acme/shop/pull/1"),
    ] {
        assert_eq!(neutralise_line(text, &page), expected, "{text:?}");
    }
}

#[test]
fn what_was_found_is_told_on_one_line() {
    let policy = Policy::default();
    let found = in_markdown("hi @all\n\n![x](https://evil.test/\u{e9})", &page(&policy, ForgeKind::GitHub));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["mentions `@all`", "loads an image of `https://evil.test/é`"]);
    assert_eq!(found[0].doing.field(), "mentions");
}

/// Pieces that texts are made of: what reaches out, what quotes it, what tears it apart.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "@all",
        "@",
        "Fixes ",
        "#1",
        "closes\n",
        "o/r#2",
        "https://evil.test/a",
        "www.evil.test",
        "[",
        "](",
        ")",
        "]",
        "!",
        "x](u)",
        "<",
        ">",
        "<b>",
        "</b>",
        "<code>",
        "</code>",
        "<details>\n",
        "</details>",
        "<!--",
        "-->",
        "<img ",
        "`",
        "``",
        "```",
        "\n```\n",
        "~~~\n",
        "*",
        "**",
        "_",
        "\\",
        "&#64;",
        "&",
        "\n",
        "\n\n",
        " ",
        "    ",
        "> ",
        "- ",
        "1. ",
        "| a |\n|--|\n",
        "/merge",
        "\n/close",
        "[r]: ",
        "[^1]",
        ": ",
        "\u{200b}",
        "\u{202e}",
        "\r\n",
        "\t",
        "$",
        "text",
        "é",
        "mermaid",
        "<pre>",
        "</pre>",
        "//evil.test",
        "{",
        "}",
        "\"",
        "'",
        "SHOP-12",
        "a.b",
        "http",
        "://",
        "<http://e.test>",
        "![",
        "@{x}",
        "javascript:",
    ];
    prop_oneof![4 => prop::sample::select(pieces.map(str::to_owned).to_vec()), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_text_nothing_is_left(pieces in prop::collection::vec(piece(), 0..24), gitlab: bool) {
        let text = pieces.concat();
        let forge = if gitlab { ForgeKind::GitLab } else { ForgeKind::GitHub };
        on(forge, &text);
        let policy = Policy::default();
        let page = page(&policy, forge);
        let line = neutralise_line(&text, &page);
        prop_assert!(in_line(&line, &page).is_empty(), "{:?} became {:?}", text, line);
        prop_assert_eq!(neutralise_line(&line, &page), line);
    }
}
