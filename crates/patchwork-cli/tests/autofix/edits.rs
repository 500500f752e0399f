//! Where fixes land when there are several, and what becomes of those that break the syntax.

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use crate::sources::{TWO, assert_same, autofix, committed, line_of, with_last, world_of};
use crate::world::{excerpt, fixing};

/// A fix that does not parse.
fn breaking(request: &SeenRequest) -> Reply {
    let code = excerpt(request).replace("md5(data)", "sha256(data");
    Reply::text(fix_reply("Use SHA-256", "SHA-256.", "Low", &code))
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
