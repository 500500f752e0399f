//! Sources in every encoding, form and place: what lands on the branch is the same bytes but for the fix.

use std::process::Command;

use patchwork_testkit::model::{ModelServer, Reply, fix_reply};
use patchwork_testkit::repo::TestRepo;

use crate::world::{Ran, World, excerpt, fixing};

/// Two functions, of which the report names the second.
pub(crate) const TWO: &str = "import hashlib\n\n\ndef kept(data):\n    return hashlib.md5(data)  # kept  \n\n\ndef weak(data):\n    value = hashlib.md5(data)\n    return value.hexdigest()\n";

/// A repository with these files, whatever their bytes.
pub(crate) fn world_of(files: &[(&str, &[u8])]) -> World {
    let world = World { repo: TestRepo::new() };
    for (path, bytes) in files {
        world.repo.write(path, bytes);
    }
    world.repo.commit("first");
    world
}

/// Runs AutoFix over a report of these places; the user's checkout must be as it was.
pub(crate) fn autofix(world: &World, places: &[(&str, u32)], server: &ModelServer, more: &[&str]) -> Ran {
    world.report(places);
    let before = world.repo.belongings();
    let ran = world.autofix(server, more);
    world.assert_untouched(&before);
    server.assert_polite();
    ran
}

/// The bytes of a file on the branch of the run.
pub(crate) fn committed(world: &World, path: &str) -> Vec<u8> {
    let output = Command::new("git")
        .args(["cat-file", "blob", &format!("autofix-main:{path}")])
        .current_dir(world.repo.root())
        .env_clear()
        .envs(world.repo.environment())
        .output()
        .unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// `bytes` with the last `from` replaced.
pub(crate) fn with_last(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The line, from 1, in which `needle` is last.
pub(crate) fn line_of(text: &str, needle: &str) -> u32 {
    let before = &text[..text.rfind(needle).expect("it is there")];
    u32::try_from(before.matches('\n').count() + 1).unwrap()
}

#[track_caller]
pub(crate) fn assert_same(case: &str, actual: &[u8], expected: &[u8]) {
    assert!(actual == expected, "{case}:\n{}\nexpected:\n{}", actual.escape_ascii(), expected.escape_ascii());
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
}

#[test]
fn every_byte_but_the_fix_is_kept() {
    let crlf = TWO.replace('\n', "\r\n");
    let commented = |words: &[u8]| {
        // Before the fix, in the lines that are replaced, and behind it.
        let text =
            TWO.replace("import", "# @\nimport").replace("weak(data):\n", "weak(data):\n    # @\n") + "# @\n";
        let parts: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b'@').collect();
        parts.join(words)
    };
    let declared = |name: &str, words: &[u8]| {
        [format!("# -*- coding: {name} -*-\n").as_bytes(), &commented(words)].concat()
    };
    let (latin1, shift_jis) = (b"caf\xE9 d\xE9j\xE0 vu", b"\x93\xFA\x96\x7B\x8C\xEA\x82\xCC\x95\x5C");
    let mixed =
        TWO.replace("\n\n\ndef weak", "\r\n\r\n\ndef weak").replace("import hashlib\n", "import hashlib\r\n");
    let tabs = TWO.replace("    ", "\t");
    let separators = TWO.replace("def kept", "\u{c}\n# \u{b}\u{1c}\u{85}\u{2028}\u{2029}\ndef kept");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("plain", TWO.into()),
        ("CRLF", crlf.clone().into()),
        ("byte order mark", format!("\u{feff}{TWO}").into()),
        ("byte order mark and CRLF", format!("\u{feff}{crlf}").into()),
        ("one letter that is not ASCII", commented("café".as_bytes())),
        ("euro, emoji, combining", commented("5 € 😀 e\u{301}".as_bytes())),
        ("latin-1, declared", declared("latin-1", latin1)),
        ("latin-1", commented(latin1)),
        ("Shift-JIS, declared", declared("shift_jis", shift_jis)),
        ("Shift-JIS", commented(shift_jis)),
        ("damaged UTF-8", [b"# \xFF\n# ", "äöüß".as_bytes(), b"\n", TWO.as_bytes()].concat()),
        ("UTF-16, low byte first", utf16(&crlf, u16::to_le_bytes)),
        ("UTF-16, high byte first", utf16(TWO, u16::to_be_bytes)),
        ("mixed line ends", mixed.into()),
        ("no final newline", TWO.trim_end().into()),
        ("no final newline, CRLF", crlf.trim_end().into()),
        ("many final newlines", format!("{TWO}\n\n\n").into()),
        ("form feeds and other separators", separators.into()),
        ("tabs", tabs.into()),
        ("white space at the ends of lines", TWO.replace("weak(data):\n", "weak(data):  \t\n").into()),
    ];
    for (case, bytes) in cases {
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let wide = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
        let high_first = bytes.starts_with(b"\xFE\xFF");
        let wider = |text: &str| -> Vec<u8> {
            if !wide {
                return text.into();
            }
            text.encode_utf16()
                .flat_map(if high_first { u16::to_be_bytes } else { u16::to_le_bytes })
                .collect()
        };
        let lines = match (wide, high_first) {
            (true, true) => TWO.to_owned(),
            (true, false) => String::from_utf16(&units).unwrap(),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let world = world_of(&[("src/app.py", &bytes), ("other.py", TWO.as_bytes())]);
        let server = ModelServer::start(fixing);
        let ran = autofix(&world, &[("src/app.py", line_of(&lines, "md5"))], &server, &[]);
        assert_eq!(ran.code, Some(0), "{case}:\n{}", ran.stderr);
        let expected = with_last(&bytes, &wider("md5"), &wider("sha256"));
        assert_same(case, &committed(&world, "src/app.py"), &expected);
        assert_eq!(world.repo.git(&["diff", "--name-only", "main", "autofix-main"]), "src/app.py", "{case}");
        let seen = excerpt(&server.requests()[0]);
        assert!(seen.starts_with("def weak(data):"), "{case}: {seen}");
    }
}

#[test]
fn a_fix_takes_the_line_ends_and_the_indentation_of_its_file() {
    let class = "import hashlib\n\n\nclass Tool:\n    def kept(self):\n        pass\n\n    def weak(self, data):\n        return hashlib.md5(data)\n";
    let crlf = class.replace('\n', "\r\n");
    type Answer = fn(&str) -> String;
    let answers: [(&str, Answer); 3] = [
        ("CRLF in the answer", |code| code.replace('\n', "\r\n")),
        ("indentation taken off", |code| code.replace("\n    ", "\n").trim_start().to_owned()),
        ("blank lines around", |code| format!("\n\n{code}\n\n")),
    ];
    for (case, answer) in answers {
        for bytes in [class, &crlf] {
            let world = world_of(&[("app.py", bytes.as_bytes())]);
            let server = ModelServer::start(move |request| {
                let code = answer(&excerpt(request).replace("md5", "sha256"));
                Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
            });
            let ran = autofix(&world, &[("app.py", line_of(bytes, "md5"))], &server, &[]);
            assert_eq!(ran.code, Some(0), "{case}:\n{}", ran.stderr);
            assert_same(case, &committed(&world, "app.py"), &with_last(bytes.as_bytes(), b"md5", b"sha256"));
        }
    }
}

#[test]
fn a_file_whose_line_ends_git_converts_changes_in_one_line() {
    let world = world_of(&[(".gitattributes", b"*.py text eol=crlf\n"), ("app.py", TWO.as_bytes())]);
    let server = ModelServer::start(fixing);
    autofix(&world, &[("app.py", line_of(TWO, "md5"))], &server, &[]).assert_code(0);
    assert_same("eol=crlf", &committed(&world, "app.py"), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
}

#[test]
fn a_file_that_git_keeps_in_another_encoding_changes_in_one_line() {
    let world = world_of(&[
        (".gitattributes", b"*.py text working-tree-encoding=UTF-16LE-BOM\n"),
        ("app.py", &utf16(TWO, u16::to_le_bytes)),
    ]);
    let server = ModelServer::start(fixing);
    autofix(&world, &[("app.py", line_of(TWO, "md5"))], &server, &[]).assert_code(0);
    assert_same(
        "UTF-16 in the work tree",
        &committed(&world, "app.py"),
        &with_last(TWO.as_bytes(), b"md5", b"sha256"),
    );
}

#[test]
fn files_of_several_encodings_are_fixed_in_one_run() {
    let latin1 = [b"# caf\xE9\n", TWO.as_bytes()].concat();
    let wide = utf16(TWO, u16::to_le_bytes);
    let world = world_of(&[("f0.py", TWO.as_bytes()), ("f1.py", &latin1), ("f2.py", &wide)]);
    let server = ModelServer::start(fixing);
    autofix(&world, &[("f0.py", 9), ("f1.py", 10), ("f2.py", 9)], &server, &[]).assert_code(0);
    assert_same("UTF-8", &committed(&world, "f0.py"), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
    assert_same("latin-1", &committed(&world, "f1.py"), &with_last(&latin1, b"md5", b"sha256"));
    let narrow = String::from_utf8(with_last(TWO.as_bytes(), b"md5", b"sha256")).unwrap();
    assert_same("UTF-16", &committed(&world, "f2.py"), &utf16(&narrow, u16::to_le_bytes));
}

#[test]
fn a_character_that_the_encoding_lacks_is_refused_and_not_replaced() {
    let latin1 = [b"# -*- coding: latin-1 -*-\n# caf\xE9\n", TWO.as_bytes()].concat();
    let world = world_of(&[("app.py", &latin1)]);
    let server = ModelServer::start(|request| {
        let smile = if request.index == 0 { "    # \u{1f600}\n" } else { "" };
        let code = format!("{}\n{smile}", excerpt(request).replace("md5", "sha256"));
        Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
    });
    autofix(&world, &[("app.py", 11)], &server, &[]).assert_code(0);
    assert_eq!(server.count(), 2);
    let again = server.requests()[1].system().to_owned();
    assert!(again.contains("ISO-8859-1"), "the reason is said:\n{again}");
    assert_same("latin-1", &committed(&world, "app.py"), &with_last(&latin1, b"md5", b"sha256"));
}

#[test]
fn code_that_holds_fences_is_replaced_as_a_whole() {
    let python = "import hashlib\n\n\ndef weak(data):\n    \"\"\"Digest.\n\n    ```\n    weak(b\"x\")\n    ```\n    \"\"\"\n    return hashlib.md5(data)\n\n\ndef after():\n    return 1\n";
    let script = "function weak(data) {\n  const help = `\n```js\nweak(1)\n```\nand\n```\nweak(2)\n```\n`;\n  return md5(data) + help;\n}\n\nfunction after() {\n  return 1;\n}\n"
        .replace("\n```", "\n\\`\\`\\`");
    let markdown = "import hashlib\n\n\ndef weak(data):\n    help = \"\"\"\n```python\nweak(1)\n```\nand\n```\nweak(2)\n```\n\"\"\"\n    return hashlib.md5(data), help\n\n\ndef after():\n    return 1\n";
    for (path, text) in [("app.py", python), ("app.js", &script), ("help.py", markdown)] {
        // With a longer fence, and with one of three backticks, which the code holds too.
        for longer in [true, false] {
            let world = world_of(&[(path, text.as_bytes())]);
            let server = ModelServer::start(move |request| {
                let code = excerpt(request).replace("md5", "sha256");
                let reply = fix_reply("Use SHA-256", "SHA-256.", "Low", &code);
                Reply::text(if longer { reply } else { reply.replace("````", "```") })
            });
            let ran = autofix(&world, &[(path, line_of(text, "md5"))], &server, &[]);
            assert_eq!(ran.code, Some(0), "{path} {longer}:\n{}", ran.stderr);
            assert_same(path, &committed(&world, path), &with_last(text.as_bytes(), b"md5", b"sha256"));
        }
    }
}

#[test]
fn file_names_of_all_kinds_are_files_and_nothing_else() {
    let names = [
        "my file.py",
        "grüße/日本語.py",
        "-rf.py",
        "--help.py",
        "a\nb.py",
        "tab\there.py",
        "quote\"d.py",
        "it's.py",
        "$(touch pwned);.py",
        "*.py",
        ":(glob)x.py",
        "[a].py",
        "#.py",
        "a?b.py",
        "%41.py",
        " .py",
        "@{u}.py",
    ];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, TWO.as_bytes())).collect();
    for name in names {
        let world = world_of(&files);
        let uri: String = name
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'/' | b'.' | b'-' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let server = ModelServer::start(fixing);
        let ran = autofix(&world, &[(&uri, line_of(TWO, "md5"))], &server, &[]);
        assert_eq!(ran.code, Some(0), "{name:?}:\n{}", ran.stderr);
        let changed = world.repo.git(&["diff", "--name-only", "-z", "main", "autofix-main"]);
        assert_eq!(changed.trim_end_matches('\0'), name, "{}", ran.stderr);
        assert_same(name, &committed(&world, name), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
        assert!(!world.repo.path("pwned").exists());
    }
}

#[test]
fn the_executable_bit_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world_of(&[]);
    world.repo.write("tool.py", format!("#!/usr/bin/env python3\n{TWO}"));
    std::fs::set_permissions(world.repo.path("tool.py"), std::fs::Permissions::from_mode(0o755)).unwrap();
    world.repo.commit("tool");
    let server = ModelServer::start(fixing);
    autofix(&world, &[("tool.py", 10)], &server, &[]).assert_code(0);
    let modes = world.repo.git(&["diff", "--raw", "main", "autofix-main"]);
    assert!(modes.starts_with(":100755 100755 "), "{modes}");
}

#[test]
fn what_is_no_source_is_left_alone_and_told() {
    let mut large = b"# ".to_vec();
    large.resize(17 << 20, b'x');
    let world = world_of(&[
        ("app.py", TWO.as_bytes()),
        ("image.py", b"\x89PNG\r\n\0\0\0\0md5"),
        ("empty.py", b""),
        ("large.py", &large),
    ]);
    let server = ModelServer::start(fixing);
    let places = [("image.py", 1), ("empty.py", 1), ("large.py", 1), ("app.py", 9)];
    let ran = autofix(&world, &places, &server, &[]);
    ran.assert_code(0);
    for words in ["image.py: ", "empty.py: ", "large.py: has 17 MiB"] {
        assert!(ran.stderr.contains(words), "{words}:\n{}", ran.stderr);
    }
    assert_eq!(server.count(), 1);
    assert_eq!(world.repo.git(&["diff", "--name-only", "main", "autofix-main"]), "app.py");
}

#[test]
fn a_line_too_long_for_a_question_is_told_and_not_paid_for() {
    let line = format!("function weak(d){{return md5(d)}};var x=\"{}\";\n", "x".repeat(400_000));
    let world = world_of(&[("min.js", line.as_bytes()), ("app.py", TWO.as_bytes())]);
    let server = ModelServer::start(fixing);
    let ran = autofix(&world, &[("min.js", 1), ("app.py", 9)], &server, &[]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("min.js: ") && ran.stderr.contains("context_size"), "{}", ran.stderr);
    assert_eq!(server.count(), 1);
    assert_same("beside it", &committed(&world, "app.py"), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
}
