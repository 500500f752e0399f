//! Where findings are, in every spelling.

use serde_json::{Value, json};

use super::*;

#[test]
fn regions_come_out_whole_whatever_they_say() {
    for (region, expected) in [
        (json!(null), (1, 1)),
        (json!({}), (1, 1)),
        (json!({ "startLine": 2 }), (2, 2)),
        (json!({ "startLine": 0, "endLine": 0 }), (1, 1)),
        (json!({ "startLine": -3, "endLine": 2 }), (1, 2)),
        (json!({ "startLine": 3, "endLine": 2 }), (3, 3)),
        (json!({ "startLine": 2, "endLine": 4, "endColumn": 1 }), (2, 3)),
        (json!({ "startLine": 2, "endLine": 4, "endColumn": 2 }), (2, 4)),
        (json!({ "startLine": "2", "endLine": 3.0 }), (2, 3)),
        (json!({ "startLine": 1e30 }), (u32::MAX, u32::MAX)),
        (json!({ "charOffset": 5 }), (2, 2)),
        (json!({ "charOffset": 4, "charLength": 4 }), (2, 2)),
        (json!({ "charOffset": 4, "charLength": 5 }), (2, 3)),
        (json!({ "charOffset": 1_000_000, "charLength": u64::MAX }), (5, 5)),
        (json!({ "charOffset": -1 }), (1, 1)),
    ] {
        let finding = one(json!({ "ruleId": "r", "locations": at("src/a.py", region.clone()) }));
        assert_eq!((finding.start_line, finding.end_line), expected, "{region}");
    }
}

#[test]
fn paths_in_every_spelling_lead_to_the_file_and_never_to_another() {
    let run = |artifact: Value, bases: Value| {
        json!({
            "originalUriBaseIds": bases,
            "results": [{ "ruleId": "r", "locations": [{ "physicalLocation": { "artifactLocation": artifact } }] }],
        })
    };
    let none = || json!({});
    for (artifact, bases, expected) in [
        (json!({ "uri": "src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "./src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src\\a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src/with%20space.py" }), none(), "src/with space.py"),
        (json!({ "uri": "src/with space.py" }), none(), "src/with space.py"),
        (json!({ "uri": "src/100%20.py" }), none(), "src/100%20.py"),
        (json!({ "uri": "src/%zz%2.py" }), none(), "src/%zz%2.py"),
        (json!({ "uri": "file:///repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "FILE:/repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "/repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }), none(), "src/a.py"),
        (json!({ "uri": "src/a.py", "uriBaseId": "ROOT" }), json!({ "ROOT": {} }), "src/a.py"),
        (
            json!({ "uri": "a.py", "uriBaseId": "S" }),
            json!({ "S": { "uri": "src/", "uriBaseId": "%SRCROOT%" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "a.py", "uriBaseId": "S" }),
            json!({ "S": { "uri": "src/", "uriBaseId": "S" } }),
            "src/src/src/src/src/src/src/src/a.py",
        ),
        // The machine that scanned had the sources elsewhere, and the report says where.
        (
            json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }),
            json!({ "%SRCROOT%": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "file:///build/w/src/a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "file:///C:/ci/src/a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///c:/CI/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "C:\\ci\\src\\a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///C:/ci" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "src/a.py", "uriBaseId": "ROOTPATH" }),
            json!({ "ROOTPATH": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        // A root below the repository's is not taken for it, though a file of that name is there too.
        (
            json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }),
            json!({ "%SRCROOT%": { "uri": "file:///repo/sub/" } }),
            "sub/src/a.py",
        ),
    ] {
        assert_eq!(path_of(run(artifact.clone(), bases)), Ok(expected.to_owned()), "{artifact}");
    }
    for (uri, bases) in [
        ("/etc/passwd", none()),
        // Where the root may be is not said, and nothing but the name agrees.
        ("file:///build/a.py", none()),
        ("C:/ci/a.py", none()),
        ("/build/../etc/passwd", json!({ "%SRCROOT%": { "uri": "file:///build/" } })),
        ("/buildings/src/a.py", json!({ "%SRCROOT%": { "uri": "file:///build" } })),
        ("/etc/passwd", json!({ "ROOTPATH": { "uri": "file:///" } })),
        ("%2e%2e/%2e%2e/etc/passwd", none()),
        ("..\\..\\etc\\passwd", none()),
    ] {
        assert!(path_of(run(json!({ "uri": uri }), bases)).is_err(), "{uri}");
    }
}

/// The paths of results at these URIs, and the root that was assumed.
fn paths_of(uris: &[&str], files: &Files) -> (Vec<String>, Vec<String>) {
    let results: Vec<Value> =
        uris.iter().map(|uri| json!({ "ruleId": "r", "locations": at(uri, json!({})) })).collect();
    let report = files.read(&log(json!(results))).unwrap();
    (report.findings.into_iter().map(|finding| finding.path).collect(), report.assumed_roots)
}

#[test]
fn a_root_that_is_not_said_is_assumed_when_all_paths_fit_it_and_no_other() {
    let files = Files(
        [
            ("app/src/Main.cpp", "x\n"),
            ("app/src/other.cpp", "x\n"),
            ("lib/src/other.cpp", "x\n"),
            ("top.cpp", "x\n"),
        ]
        .into(),
    );
    let found = |uris: &[&str]| paths_of(uris, &files);
    let one = |path: &str, root: &str| (vec![path.to_owned()], vec![root.to_owned()]);
    assert_eq!(found(&["file:///C:/w/app/src/Main.cpp"]), one("app/src/Main.cpp", "C:/w"));
    // What Windows programs write in small letters.
    assert_eq!(found(&["file:///c:/w/app/src/main.cpp"]), one("app/src/Main.cpp", "c:/w"));
    assert_eq!(found(&["C:\\w\\APP\\src\\main.cpp"]), one("app/src/Main.cpp", "C:/w"));
    let several = ["/w/x/app/src/Main.cpp", "/w/x/lib/src/other.cpp", "/w/x/top.cpp", "/usr/include/stdio.h"];
    let paths = ["app/src/Main.cpp", "lib/src/other.cpp", "top.cpp"].map(str::to_owned).to_vec();
    assert_eq!(found(&several), (paths, vec!["/w/x".to_owned()]));
    // Two roots would do for one each.
    assert_eq!(found(&["/w/app/src/Main.cpp", "/v/lib/src/other.cpp"]), (vec![], vec![]));
    assert_eq!(found(&["/w/top.cpp"]), (vec![], vec![]));
    // Relative ones need no root, but may be spelled as Windows does.
    assert_eq!(found(&["APP\\src\\main.cpp"]), (vec!["app/src/Main.cpp".to_owned()], vec![]));
}

#[test]
fn a_path_that_begins_at_a_package_is_found_below_the_one_source_folder_that_has_it() {
    let files = Files(
        [
            ("core/src/main/java/org/x/A.java", "x\n"),
            ("web/src/main/java/org/x/B.java", "x\n"),
            ("web/src/test/java/org/x/B.java", "x\n"),
            ("docs/org/x/C.java", "x\n"),
        ]
        .into(),
    );
    let found = |uri: &str, base: Value| {
        let artifact = json!({ "uri": uri, "uriBaseId": "1" });
        let run = json!({
            "originalUriBaseIds": { "1": base },
            "results": [{ "ruleId": "r", "locations": [{ "physicalLocation": { "artifactLocation": artifact } }] }],
        });
        let report = files.read(&json!({ "runs": [run] })).unwrap();
        let path = report.findings.first().map(|finding| finding.path.clone());
        path.filter(|path| files.0.contains_key(path.as_str()))
    };
    let at = |folder: &str| json!({ "uri": format!("file:///home/ci/w/{folder}/") });
    let some = |path: &str| Some(path.to_owned());
    assert_eq!(found("org/x/A.java", json!({})), some("core/src/main/java/org/x/A.java"));
    assert_eq!(found("org/x/B.java", json!({})), None, "there are two");
    assert_eq!(found("org/x/B.java", at("web/src/test/java")), some("web/src/test/java/org/x/B.java"));
    assert_eq!(found("org/x/B.java", at("web/src/main/java")), some("web/src/main/java/org/x/B.java"));
    assert_eq!(found("org/x/C.java", json!({})), None, "no folder of sources");
    assert_eq!(found("A.java", json!({})), None, "no package");
}
