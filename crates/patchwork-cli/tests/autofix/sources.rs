//! Sources in every encoding, form and place: what lands on the branch is the same bytes but for the fix.

use std::process::Command;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use patchwork_testkit::repo::TestRepo;

use crate::world::{Ran, World, excerpt, fixing};

/// Two functions, of which the report names the second.
const TWO: &str = "import hashlib\n\n\ndef kept(data):\n    return hashlib.md5(data)  # kept  \n\n\ndef weak(data):\n    value = hashlib.md5(data)\n    return value.hexdigest()\n";

/// A repository with these files, whatever their bytes.
fn world_of(files: &[(&str, &[u8])]) -> World {
    let world = World { repo: TestRepo::new() };
    for (path, bytes) in files {
        world.repo.write(path, bytes);
    }
    world.repo.commit("first");
    world
}

/// Runs AutoFix over a report of these places; the user's checkout must be as it was.
fn autofix(world: &World, places: &[(&str, u32)], server: &ModelServer, more: &[&str]) -> Ran {
    world.report(places);
    let before = world.repo.belongings();
    let ran = world.autofix(server, more);
    world.assert_untouched(&before);
    server.assert_polite();
    ran
}

/// The bytes of a file on the branch of the run.
fn committed(world: &World, path: &str) -> Vec<u8> {
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
fn with_last(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// The line, from 1, in which `needle` is last.
fn line_of(text: &str, needle: &str) -> u32 {
    let before = &text[..text.rfind(needle).expect("it is there")];
    u32::try_from(before.matches('\n').count() + 1).unwrap()
}

#[track_caller]
fn assert_same(case: &str, actual: &[u8], expected: &[u8]) {
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
fn two_findings_in_one_function_are_one_question() {
    let text = "import hashlib\n\n\ndef weak(data):\n    one = hashlib.md5(data)\n    two = hashlib.md5(one)\n    return two\n";
    let world = world_of(&[("app.py", text.as_bytes())]);
    let server = ModelServer::start(fixing);
    autofix(&world, &[("app.py", 5), ("app.py", 6)], &server, &[]).assert_code(0);
    assert_eq!(server.count(), 1);
    assert_same("both", &committed(&world, "app.py"), text.replace("md5", "sha256").as_bytes());
}

#[test]
fn pieces_that_would_overlap_do_not() {
    // A function in a function, and lines of a script one below the other.
    let nested = "import hashlib\n\n\ndef outer(data):\n    first = hashlib.md5(data)\n\n    def inner(more):\n        return hashlib.md5(more)\n\n    return inner(first)\n";
    let script: String =
        (0..40).map(|index| format!("value_{index} = hashlib.md5(b\"{index}\").hexdigest()\n")).collect();
    let script = format!("import hashlib\n\n{script}");
    for (case, text, lines, context) in [
        ("nested", nested, vec![5, 8], "1000"),
        ("nested, small", nested, vec![5, 8], "20"),
        ("nested, inner first", nested, vec![8, 5], "20"),
        ("script", &script, vec![3, 4, 5, 20, 21, 42], "60"),
        ("script in one", &script, vec![3, 42], "2000"),
    ] {
        let world = world_of(&[("app.py", text.as_bytes())]);
        let places: Vec<(&str, u32)> = lines.iter().map(|line| ("app.py", *line)).collect();
        let flagged = lines.clone();
        // Only the lines of the report are changed.
        let whole: Vec<String> = text.lines().map(str::to_owned).collect();
        let expected: String = whole
            .iter()
            .zip(1_u32..)
            .map(|(line, number)| {
                let line =
                    if flagged.contains(&number) { line.replace("md5", "sha256") } else { line.clone() };
                line + "\n"
            })
            .collect();
        let marked: Vec<String> =
            flagged.iter().map(|line| whole[usize::try_from(*line).unwrap() - 1].clone()).collect();
        let server = ModelServer::start(move |request| {
            let code: String = excerpt(request)
                .lines()
                .map(|line| {
                    let marked = marked.iter().any(|marked| marked == line);
                    if marked { line.replace("md5", "sha256") + "\n" } else { line.to_owned() + "\n" }
                })
                .collect();
            Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
        });
        let ran = autofix(&world, &places, &server, &[&format!("context_size={context}")]);
        assert_eq!(ran.code, Some(0), "{case}:\n{}", ran.stderr);
        assert_same(case, &committed(&world, "app.py"), expected.as_bytes());
        assert!(server.count() <= lines.len(), "{case}: {} calls", server.count());
    }
}

#[test]
fn edits_that_move_each_other_land_where_they_belong() {
    let function = |name: &str| format!("def {name}(data):\n    return hashlib.md5(data)\n\n\n");
    let names = ["one", "two", "three", "four"];
    let text: String = format!("import hashlib\n\n\n{}", names.map(function).concat());
    let world = world_of(&[("app.py", text.as_bytes())]);
    let server = ModelServer::start(|request| {
        let code = excerpt(request);
        // The first grows, the second shrinks, the third stays as long as it was.
        let code = if code.contains("one") {
            code.replace(
                "    return hashlib.md5(data)",
                "    # First.\n    # Second.\n    value = hashlib.sha256(data)\n    return value",
            )
        } else if code.contains("two") {
            "two = hashlib.sha256".to_owned()
        } else {
            code.replace("md5", "sha256")
        };
        Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
    });
    let places = [("app.py", 12), ("app.py", 5), ("app.py", 9)]
        .map(|(path, line)| (path, line + u32::from(line == 12)));
    autofix(&world, &places, &server, &[]).assert_code(0);
    let expected = format!(
        "import hashlib\n\n\ndef one(data):\n    # First.\n    # Second.\n    value = hashlib.sha256(data)\n    return value\n\n\n\
         two = hashlib.sha256\n\n\n{}{}",
        function("three").replace("md5", "sha256"),
        function("four"),
    );
    assert_same("moved", &committed(&world, "app.py"), expected.as_bytes());
}

#[test]
fn a_file_that_is_broken_already_can_be_fixed() {
    let text = format!("def broken(:\n    return (\n\n\n{TWO}");
    for (path, text) in [
        ("app.py", text.as_str()),
        ("app.js", "function broken( {\n\n\nfunction weak(data) {\n  return md5(data);\n}\n"),
    ] {
        let world = world_of(&[(path, text.as_bytes())]);
        let server = ModelServer::start(fixing);
        let ran = autofix(&world, &[(path, line_of(text, "md5"))], &server, &[]);
        assert_eq!(ran.code, Some(0), "{path}:\n{}", ran.stderr);
        assert_same(path, &committed(&world, path), &with_last(text.as_bytes(), b"md5", b"sha256"));
    }
}

/// A fix that does not parse.
fn breaking(request: &SeenRequest) -> Reply {
    let code = excerpt(request).replace("md5(data)", "sha256(data");
    Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
}

#[test]
fn a_fix_that_breaks_the_syntax_is_asked_for_again_with_the_reason() {
    let world = world_of(&[("app.py", TWO.as_bytes())]);
    let server =
        ModelServer::start(|request| if request.index == 0 { breaking(request) } else { fixing(request) });
    autofix(&world, &[("app.py", line_of(TWO, "md5"))], &server, &[]).assert_code(0);
    assert_eq!(server.count(), 2);
    let again = server.requests()[1].system().to_owned();
    assert!(
        again.contains("turned down") && again.contains("no longer parses"),
        "the reason is said:\n{again}"
    );
    assert!(excerpt(&server.requests()[1]).contains("md5"), "it is asked about the code as it is");
    assert_same("second answer", &committed(&world, "app.py"), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
}

#[test]
fn a_fix_that_keeps_breaking_the_syntax_is_never_committed() {
    let world = world_of(&[("app.py", TWO.as_bytes())]);
    let server = ModelServer::start(breaking);
    let ran = autofix(&world, &[("app.py", line_of(TWO, "md5"))], &server, &["n=2"]);
    ran.assert_code(11);
    assert_eq!(server.count(), 3);
    assert!(ran.stderr.contains("app.py:9") && ran.stderr.contains("no longer parses"), "{}", ran.stderr);
    assert!(!world.has_branch());
}

#[test]
fn a_broken_fix_does_not_cost_the_good_one_beside_it() {
    let world = world_of(&[("app.py", TWO.as_bytes())]);
    let server = ModelServer::start(|request| {
        if excerpt(request).contains("def kept") { breaking(request) } else { fixing(request) }
    });
    let ran = autofix(&world, &[("app.py", 5), ("app.py", 9)], &server, &[]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("app.py:5"), "what was not fixed is told:\n{}", ran.stderr);
    assert_same("one of two", &committed(&world, "app.py"), &with_last(TWO.as_bytes(), b"md5", b"sha256"));
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
