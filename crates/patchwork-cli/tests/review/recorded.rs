//! Real pull requests, as the forges showed them to somebody who recorded it: PRReview reads what they answered, word for word.
//!
//! The records are those of the tests of public packages (PyGithub, ogr, pybitbucket). Their commits can be had from nowhere, so the
//! repository is made of the recorded patches, and what the answers say of commits, branches and being merged is the stand-in's. No
//! package has such records of Azure DevOps.

use std::collections::{BTreeMap, BTreeSet};

use patchwork_core::change::{Hunk, Side, read_diff, read_hunks};
use patchwork_core::port::forge::ForgeKind;
use patchwork_testkit::described::Description;
use patchwork_testkit::forge::Replay;
use patchwork_testkit::model::SeenRequest;
use serde_json::{Value, json};

use crate::world::{World, finding, subject};

/// A file of a recorded patch: path, text before and text after.
type Sides = (String, Option<String>, Option<String>);

/// Both sides of a file as far as a patch shows them; the lines between hunks are empty.
fn sides(path: &str, hunks: &[Hunk]) -> Sides {
    let side = |side: Side| {
        let mut text = String::new();
        let mut at = 1;
        for numbered in hunks.iter().flat_map(Hunk::numbered) {
            let Some(number) = numbered.on(side) else { continue };
            for _ in at..number {
                text.push('\n');
            }
            text.push_str(&numbered.line.text);
            if !numbered.line.no_newline {
                text.push('\n');
            }
            at = number + 1;
        }
        (!text.is_empty()).then_some(text)
    };
    (path.to_owned(), side(Side::Old), side(Side::New))
}

/// The repository and the pull request of a recorded change.
fn world(kind: ForgeKind, slug: &str, number: u64, files: &[Sides], wrong: &'static [&str]) -> World {
    let before: Vec<(&str, &str)> =
        files.iter().filter_map(|(path, old, _)| Some((path.as_str(), old.as_deref()?))).collect();
    let after: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, _, new)| (path.as_str(), new.as_deref())).collect();
    let model = move |request: &SeenRequest| {
        finding(request, |line| wrong.iter().any(|wrong| line.contains(wrong)).then(|| "logic".to_owned()))
    };
    let mut world = World::of(kind, slug, &before, model);
    world.open_as(number, &after);
    world
}

/// Answers as the site did, under the stand-in's address.
fn replay(world: &World, sites: &[(&str, &str)], operation: &str, body: &Value, ours: &[&str]) {
    let mut text = body.to_string();
    for (site, below) in sites {
        text = text.replace(site, &format!("{}{below}", world.forge.url()));
    }
    world.forge.replay(Replay {
        operation: operation.to_owned(),
        body: serde_json::from_str(&text).unwrap(),
        ours: ours.iter().map(|pointer| (*pointer).to_owned()).collect(),
    });
}

/// Reviews the pull request twice: what is written the first time, and that there is nothing more to say the second time.
fn reviewed(world: &World) -> String {
    world.review(&[]).assert_code(0);
    let written = written(world);
    let asked = world.asked();
    world.review(&[]).assert_code(0);
    assert_eq!((self::written(world), world.asked()), (written.clone(), asked));
    world.assert_fair();
    written
}

/// What was written to the site: of texts what is before their second blank line, without marks.
fn written(world: &World) -> String {
    let head = world.repo.git(&["rev-parse", "feature"]);
    let base = world.repo.git(&["rev-parse", "main"]);
    let requests = world.forge.requests();
    let writes = requests.iter().filter(|request| !matches!(&*request.method, "GET" | "QUERY"));
    let shown = writes.map(|request| {
        let mut body = request.body.clone();
        shorten(&mut body);
        let body = if body.is_null() { String::new() } else { format!("{body}\n") };
        let body = body.replace(&head, "HEAD").replace(&head[..12], "HEAD").replace(&base, "BASE");
        format!("{} {} {}\n{body}", request.method, request.path, request.status)
    });
    shown.collect()
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_mark = |line: &&str| line.starts_with("<!--") || line.starts_with("[patchwork]: #");
            let lines: Vec<&str> = text.lines().filter(|line| !is_mark(line)).collect();
            let text_only = lines.join("\n");
            *text = text_only.trim().split("\n\n").take(2).collect::<Vec<_>>().join("\n\n");
        }
        Value::Array(list) => list.iter_mut().for_each(shorten),
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Whether the model was asked about these lines.
#[track_caller]
fn assert_asked(world: &World, lines: &[&str]) {
    let requests = world.model.requests();
    let questions: Vec<String> = requests.iter().map(|request| request.user().to_owned()).collect();
    let all = questions.iter().find(|question| lines.iter().all(|line| question.contains(line)));
    assert!(all.is_some(), "no question with {lines:?}:\n{}", questions.join("\n=======\n"));
}

/// PyGithub's records: the answer to a request whose path is this one.
fn pygithub(record: &str, path: &str) -> Value {
    let file = subject("pygithub-2.10.0").join(format!("tests/ReplayData/{record}.txt"));
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split('\n').collect();
    let at = lines.iter().position(|line| *line == path).expect("the record holds it");
    serde_json::from_str(lines[at + 5]).unwrap()
}

/// The records of ogr: what was answered under an address.
fn ogr(record: &str, url: &str) -> Value {
    fn under<'a>(value: &'a Value, url: &str) -> Option<&'a Value> {
        let map = value.as_object()?;
        map.get(url).or_else(|| map.values().find_map(|value| under(value, url)))
    }
    let file = subject("ogr-0.61.1").join("tests/integration").join(record);
    let text = std::fs::read_to_string(&file).unwrap();
    let all: Value = serde_saphyr::from_str(&text).unwrap();
    under(&all, url).expect("the record holds it")[0]["output"]["_content"].clone()
}

#[test]
fn on_github() {
    const BASE: &str = "/repos/PyGithub/PyGithub";
    let files = pygithub("PullRequest.testGetFiles", &format!("{BASE}/pulls/31/files"));
    let files: Vec<Sides> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let hunks = read_hunks(file["patch"].as_str().unwrap()).unwrap();
            sides(file["filename"].as_str().unwrap(), &hunks)
        })
        .collect();
    assert_eq!(files.len(), 45);
    let world = world(ForgeKind::GitHub, "PyGithub/PyGithub", 31, &files, &["\"DELETE\","]);
    let sites = [("https://api.github.com/", "/api/v3/"), ("https://github.com/", "/")];
    let replay = |operation: &str, record: &str, path: &str, ours: &[&str]| {
        replay(&world, &sites, operation, &pygithub(record, path), ours);
    };
    replay("repos/get", "PullRequest.setUp", BASE, &["/default_branch"]);
    let moved =
        ["/head/sha", "/head/ref", "/base/sha", "/base/ref", "/state", "/merged", "/merged_at", "/closed_at"];
    replay("pulls/get", "PullRequest.setUp", &format!("{BASE}/pulls/31"), &moved);
    replay(
        "issues/list-comments",
        "PullRequest.testGetIssueComments",
        &format!("{BASE}/issues/31/comments"),
        &[],
    );
    let since = "sort=updated&direction=desc&since=1970-01-01T00%3A00%3A00Z";
    let comments = format!("{BASE}/pulls/31/comments?{since}");
    replay("pulls/list-review-comments", "PullRequest.testGetReviewComments", &comments, &[]);
    replay("users/get-authenticated", "PullRequestFile.setUp", "/user", &[]);
    world.forge.with(|state| state.login = "jacquev6".to_owned());

    insta::assert_snapshot!(reviewed(&world), @r###"
    POST /repos/PyGithub/PyGithub/pulls/31/reviews 200
    {"commit_id":"HEAD","body":"Review of HEAD: 1 to look at.","event":"COMMENT","comments":[{"path":"src/github/Issue.py","body":"**logic goes wrong**\n\nHigh · `logic` · 90 % sure","line":135,"side":"RIGHT"}]}
    POST /repos/PyGithub/PyGithub/issues/31/comments 201
    {"body":"## Review\n\n**1 finding**: 1 high. 1 comment on lines."}
    "###);
    assert_eq!(world.asked(), 13);
    assert_asked(
        &world,
        &[
            "Title edited by PyGithub",
            "Body edited by PyGithub",
            "file src/github/Issue.py (changed, +32 -21)",
            "        135 +             \"DELETE\",",
        ],
    );
    assert_eq!(world.said(), ["src/github/Issue.py:135 logic goes wrong"]);
}

/// A patch as `git format-patch` writes several commits: the file before all of them and after.
fn series(patch: &str) -> Sides {
    let mut all = patch.split("\ndiff --git ").skip(1).map(|part| {
        let part = part.split("\n-- \n").next().unwrap();
        let files = read_diff(&format!("diff --git {part}\n")).unwrap();
        assert_eq!(files.len(), 1);
        sides(&files[0].path, &files[0].hunks)
    });
    let (path, old, mut new) = all.next().unwrap();
    for (other, before, after) in all {
        assert_eq!((&other, &before), (&path, &new), "a commit stands on the one before");
        new = after;
    }
    (path, old, new)
}

/// What the change recorded of Forgejo and GitLab is, as the model sees it.
const CHANGE: &str = "\
file README.md (changed, +3 -1)
    1     1   # ogr-tests
    2     2   
    3       - Testing repository for python-ogr package.  |  https://github.com/packit-service/ogr
          3 + Testing repository for python-ogr package.
          4 + 
          5 + https://github.com/packit-service/ogr
";

/// The repository of that change: its files are whole in the patch, as their names in it tell.
fn ogr_tests(kind: ForgeKind, slug: &str, number: u64) -> World {
    let patch = ogr(
        "forgejo/test_data/test_pull_request/test_pr_patch.yaml",
        "https://v10.next.forgejo.org/packit-validator/ogr-tests/pulls/119.patch",
    );
    let patch = patch.as_str().unwrap();
    let world = world(kind, slug, number, &[series(patch)], &["https://github.com/packit-service"]);
    let blob = |side: &str| world.repo.git(&["rev-parse", "--short=7", &format!("{side}:README.md")]);
    assert!(patch.contains(&format!("index {}..", blob("main"))));
    assert!(patch.contains(&format!("..{} 100644", blob("feature"))));
    assert!(patch.contains("\nFrom d490ec67dd98f69dfdc1732b98bb3189f0e0aace "));
    world
}

#[test]
fn on_forgejo() {
    const SITE: &str = "https://v10.next.forgejo.org";
    let api = format!("{SITE}/api/v1/repos/packit-validator/ogr-tests");
    let record = "forgejo/test_data/test_pull_request/test_pr_patch.yaml";
    let world = ogr_tests(ForgeKind::Gitea, "packit-validator/ogr-tests", 119);
    let sites = [(SITE, "")];
    let moved = [
        "/head/sha",
        "/head/ref",
        "/base/sha",
        "/base/ref",
        "/merge_base",
        "/state",
        "/merged",
        "/merged_at",
        "/closed_at",
    ];
    replay(&world, &sites, "repoGetPullRequest", &ogr(record, &format!("{api}/pulls/119")), &moved);
    let record = "forgejo/test_data/test_comments/Comments.test_pr_comments.yaml";
    // Comments were recorded of another pull request only.
    replay(&world, &sites, "issueGetComments", &ogr(record, &format!("{api}/issues/209/comments")), &[]);
    let record = "forgejo/test_data/test_comments/Comments.test_issue_comments.yaml";
    replay(&world, &sites, "repoGet", &ogr(record, &api), &["/default_branch"]);
    let record = "forgejo/test_data/test_issues/Issues.test_issue_add_assignee.yaml";
    let user = ogr(record, &format!("{SITE}/api/v1/user"));
    replay(&world, &sites, "userGetCurrent", &user, &[]);
    world.forge.with(|state| state.login = user["login"].as_str().unwrap().to_owned());

    insta::assert_snapshot!(reviewed(&world), @r###"
    POST /repos/packit-validator/ogr-tests/pulls/119/reviews 200
    {"commit_id":"HEAD","body":"Review of HEAD: 1 to look at.","event":"COMMENT","comments":[{"path":"README.md","body":"**logic goes wrong**\n\nHigh · `logic` · 90 % sure","new_position":5}]}
    POST /repos/packit-validator/ogr-tests/issues/119/comments 201
    {"body":"## Review\n\n**1 finding**: 1 high. 1 comment on lines."}
    "###);
    assert_asked(&world, &["test title\n\ndescription of mergerequest", CHANGE]);
    assert_eq!(world.said(), ["README.md:5 logic goes wrong"]);
}

#[test]
fn on_gitlab() {
    const SITE: &str = "https://gitlab.com";
    let api = format!("{SITE}/api/v4/projects");
    // Forgejo's pull request above is this one, brought over with its commits, so its patch is that of both.
    let world = ogr_tests(ForgeKind::GitLab, "packit-service/ogr-tests", 1);
    let sites = [(SITE, "")];
    let record = "gitlab/test_data/test_pull_requests/PullRequests.test_get_all_pr_comments.yaml";
    let request = ogr(record, &format!("{api}/14233409/merge_requests/1"));
    assert_eq!(request["sha"], "d490ec67dd98f69dfdc1732b98bb3189f0e0aace");
    let project = ogr(record, &format!("{api}/packit-service%2Fogr-tests"));
    replay(&world, &sites, "projects/get", &project, &["/id", "/default_branch"]);
    let moved = [
        "/sha",
        "/diff_refs",
        "/state",
        "/source_branch",
        "/target_branch",
        "/project_id",
        "/source_project_id",
        "/target_project_id",
        "/merged_at",
        "/merged_by",
    ];
    replay(&world, &sites, "merge-requests/get", &request, &moved);
    let page = |page: u32| {
        let query = match page {
            1 => "sort=asc".to_owned(),
            _ => format!(
                "activity_filter=all_notes&id=14233409&noteable_id=1&order_by=created_at&page={page}&per_page=20&sort=asc"
            ),
        };
        ogr(record, &format!("{api}/14233409/merge_requests/1/notes?{query}")).as_array().unwrap().clone()
    };
    // Each note is a discussion of its own, as GitLab shows those that nobody answered.
    let discussions: Vec<Value> = [1, 2, 3]
        .into_iter()
        .flat_map(page)
        .map(|note| json!({"id": format!("{:040x}", note["id"].as_u64().unwrap()), "individual_note": true, "notes": [note]}))
        .collect();
    assert_eq!(discussions.len(), 50);
    replay(&world, &sites, "merge-requests/list-discussions", &discussions.into(), &[]);
    let user = ogr(record, &format!("{SITE}/api/v4/user"));
    replay(&world, &sites, "users/get-current", &user, &["/id", "/username"]);

    insta::assert_snapshot!(reviewed(&world), @r###"
    POST /projects/1/merge_requests/1/draft_notes 201
    {"note":"**logic goes wrong**\n\nHigh · `logic` · 90 % sure","position":{"position_type":"text","base_sha":"BASE","start_sha":"BASE","head_sha":"HEAD","old_path":"README.md","new_path":"README.md","new_line":5}}
    POST /projects/1/merge_requests/1/draft_notes/bulk_publish 204
    POST /projects/1/merge_requests/1/notes 201
    {"body":"## Review\n\n**1 finding**: 1 high. 1 comment on lines."}
    "###);
    assert_asked(&world, &["change\n\ndescription of mergerequest", CHANGE]);
    assert_eq!(world.said(), ["README.md:5 logic goes wrong"]);
}

#[test]
fn on_bitbucket() {
    let recorded = |name: &str| -> Value {
        let file = subject("pybitbucket-0.12.0").join("tests").join(name);
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    // What it changed is not in the record: this is in its stead.
    let files = [(
        "setup.py".to_owned(),
        Some("setup(entry_points={})\n".to_owned()),
        Some("setup(entry_points='[console_scripts]')\n".to_owned()),
    )];
    let world = world(ForgeKind::Bitbucket, "atlassian/snippet", 1, &files, &["console_scripts"]);
    let sites = [("https://api.bitbucket.org/", "/"), ("https://bitbucket.org/", "/")];
    let moved = [
        "/state",
        "/merge_commit",
        "/source/commit",
        "/source/branch",
        "/destination/commit",
        "/destination/branch",
    ];
    replay(&world, &sites, "pullrequests/get", &recorded("PullRequest.json"), &moved);
    replay(&world, &sites, "pullrequests/list-comments", &recorded("Comment_list.json"), &[]);
    replay(&world, &sites, "users/get-current", &recorded("User.json"), &["/uuid", "/username"]);

    insta::assert_snapshot!(reviewed(&world), @r###"
    POST /repositories/atlassian/snippet/pullrequests/1/comments 201
    {"content":{"raw":"**logic goes wrong**\n\nHigh · `logic` · 90 % sure"},"inline":{"path":"setup.py","to":1}}
    POST /repositories/atlassian/snippet/pullrequests/1/comments 201
    {"content":{"raw":"## Review\n\n**1 finding**: 1 high. 1 comment on lines."}}
    "###);
    assert_asked(
        &world,
        &[
            "Update entrypoint handling\n\nThis updates everything to work on my machine",
            "file setup.py (changed, +1 -1)",
        ],
    );
    assert_eq!(world.said(), ["setup.py:1 logic goes wrong"]);
}

/// GitLab's description is the one that is in our own words: real answers must be as it says.
#[test]
fn gitlab_answers_as_described() {
    fn records(folder: &std::path::Path, out: &mut Vec<Value>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                records(&path, out);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                // Written as YAML 1.1: a commit such as 684e8547 is no text for us. Such records are left out.
                out.extend(serde_saphyr::from_str::<Value>(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    records(&subject("ogr-0.61.1").join("tests/integration/gitlab/test_data"), &mut all);
    let described = Description::gitlab();
    let (mut checked, mut faults) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    for record in &all {
        let Some(sent) = record["requests.sessions"]["send"].as_object() else { continue };
        for (method, url, exchange) in sent.iter().flat_map(|(method, urls)| {
            let urls = urls.as_object().into_iter().flatten();
            urls.flat_map(move |(url, all)| {
                all.as_array().into_iter().flatten().map(move |one| (method, url, one))
            })
        }) {
            let Some(path) = url.strip_prefix("https://gitlab.com") else { continue };
            let path = path.split('?').next().unwrap();
            let Ok(judged) = described.find(method, path) else { continue };
            let operation = judged.operation.id();
            let output = &exchange["output"];
            let status = output["status_code"].as_u64().unwrap().try_into().unwrap();
            *checked.entry(operation.to_owned()).or_default() += 1;
            if let Err(found) = described.check_answer(operation, status, &output["_content"]) {
                faults.extend(found);
            }
        }
    }
    assert_eq!(faults, BTreeSet::new());
    assert_eq!((checked.len(), checked.values().sum::<usize>()), (29, 797), "{checked:?}");
}
