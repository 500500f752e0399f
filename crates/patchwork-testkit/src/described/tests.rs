use serde_json::{Value, json};

use super::*;

/// Judges a request with a JSON body; the faults, or the operation with its parameters.
fn judged(site: &str, line: &str, body: Value) -> Vec<String> {
    let site = Description::all().into_iter().find(|(name, _)| *name == site).unwrap().1;
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<_> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let headers = [("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
    let body = (!body.is_null()).then_some(&body);
    match site.judge(&Request { method, path, query: &query, headers: &headers, body }) {
        Ok(judged) => {
            let params: Vec<_> =
                judged.path_params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            vec![format!("{}{}", judged.operation.id(), params.concat())]
        }
        // The place is the same in all of them.
        Err(faults) => faults
            .iter()
            .map(|fault| fault.split_once("): ").map_or(&**fault, |(_, rest)| rest).to_owned())
            .collect(),
    }
}

#[test]
fn described_requests_are_taken() {
    let api = "GET /acme/shop/_apis/git/repositories/shop";
    let pull = "/acme/shop/_apis/git/repositories/shop/pullRequests/7";
    let position = json!({"base_sha": "a", "head_sha": "b", "start_sha": "a", "position_type": "text", "old_path": "a.rs", "new_path": "a.rs", "new_line": 3});
    let rows = [
        (
            "github",
            "GET /api/v3/repos/acme/shop/pulls?state=open&head=acme:fix&per_page=100",
            Value::Null,
            "pulls/list owner=acme repo=shop",
        ),
        (
            "github",
            "POST /repos/acme/shop/pulls",
            json!({"title": "Fix", "head": "fix", "base": "main", "body": "Text", "draft": false}),
            "pulls/create owner=acme repo=shop",
        ),
        (
            "github",
            "POST /repos/acme/shop/pulls/7/reviews",
            json!({"event": "COMMENT", "body": "b", "comments": [{"path": "a.rs", "line": 3, "side": "RIGHT", "body": "x"}]}),
            "pulls/create-review owner=acme pull_number=7 repo=shop",
        ),
        (
            "github",
            "GET /repos/acme/shop/contents/src/lib.rs?ref=main",
            Value::Null,
            "repos/get-content owner=acme path=src/lib.rs repo=shop",
        ),
        (
            "github",
            "GET /repos/acme/shop/commits/a/b/check-runs",
            Value::Null,
            "checks/list-for-ref owner=acme ref=a/b repo=shop",
        ),
        (
            "github",
            "POST /repos/acme/shop/issues/1/labels",
            json!({"labels": ["a"]}),
            "issues/add-labels issue_number=1 owner=acme repo=shop",
        ),
        (
            "gitlab",
            "GET /api/v4/projects/acme%2Ftools%2Fshop/merge_requests?state=opened&source_branch=fix&iids[]=1&iids[]=2",
            Value::Null,
            "merge-requests/list id=acme/tools/shop",
        ),
        (
            "gitlab",
            "POST /api/v4/projects/7/merge_requests/1/discussions",
            json!({"body": "x", "position": position}),
            "merge-requests/create-discussion id=7 merge_request_iid=1",
        ),
        (
            "gitlab",
            "PUT /api/v4/projects/7/merge_requests/1/discussions/ab/notes/2",
            json!({"resolved": true}),
            "merge-requests/update-discussion-note discussion_id=ab id=7 merge_request_iid=1 note_id=2",
        ),
        (
            "gitlab",
            "GET /api/v4/projects/7/repository/files/src%2Fa.rs/raw?ref=main",
            Value::Null,
            "files/raw file_path=src/a.rs id=7",
        ),
        (
            "azure",
            &format!("{api}/pullRequests?api-version=7.1&searchCriteria.status=active"),
            Value::Null,
            "pullrequests/list organization=acme project=shop repositoryId=shop",
        ),
        (
            "azure",
            &format!("POST {pull}/threads?api-version=7.1"),
            json!({"status": "active", "comments": [{"content": "x", "commentType": "text"}], "threadContext": {"filePath": "/a.rs", "rightFileStart": {"line": 3, "offset": 1}}}),
            "threads/create organization=acme project=shop pullRequestId=7 repositoryId=shop",
        ),
        (
            "gitea",
            "POST /api/v1/repos/acme/shop/pulls/7/reviews",
            json!({"event": "COMMENT", "comments": [{"path": "a.rs", "new_position": 3, "body": "x"}]}),
            "repoCreatePullReview index=7 owner=acme repo=shop",
        ),
        (
            "gitea",
            "GET /api/v1/repos/acme/shop/issues?state=open&type=issues&page=1",
            Value::Null,
            "issueListIssues owner=acme repo=shop",
        ),
        (
            "bitbucket",
            "POST /2.0/repositories/acme/shop/pullrequests/7/comments",
            json!({"content": {"raw": "x"}, "inline": {"path": "a.rs", "to": 3}}),
            "pullrequests/create-comment pull_request_id=7 repo_slug=shop workspace=acme",
        ),
        (
            "bitbucket",
            "GET /2.0/repositories/acme/shop/pullrequests?state=OPEN&state=MERGED&pagelen=50",
            Value::Null,
            "pullrequests/list repo_slug=shop workspace=acme",
        ),
        (
            "bitbucket",
            "POST /repositories/acme/shop/commit/ab/reports/x/annotations",
            json!([{"external_id": "1", "annotation_type": "BUG", "summary": "x", "path": "a.rs", "line": 3}]),
            "reports/add-annotations commit=ab repo_slug=shop reportId=x workspace=acme",
        ),
    ];
    for (site, line, body, expected) in rows {
        assert_eq!(judged(site, line, body), [expected], "{site} {line}");
    }
}

#[test]
fn every_fault_of_a_request_is_named() {
    let rows = [
        (
            "github",
            "GET /repos/a/b/pulls?stat=open&page=two&sort=age&page=3",
            Value::Null,
            vec![
                "query: page: is given 2 times",
                r#"query: sort: is "age", which is none of ["created","updated","popularity","long-running"]"#,
                "query: stat: is not described",
            ],
        ),
        (
            "github",
            "POST /repos/a/b/pulls",
            json!({"head": 7, "title": "x".repeat(257), "labels": []}),
            vec![
                "body: base: is missing",
                r#"body: head: 7 is not of type "string""#,
                "body: title: has 257 characters, which is more than 256",
                "body: labels is not described",
            ],
        ),
        ("github", "POST /repos/a/b/pulls", Value::Null, vec!["body: is missing"]),
        (
            "github",
            "GET /repos/a/b/pulls/x",
            Value::Null,
            vec![r#"path: pull_number: "x" is not of type "integer""#],
        ),
        ("github", "GET /repos/a/b/pulls/1", json!({}), vec!["body: none is described"]),
        (
            "github",
            "GET /repos/a/b/pull/1",
            Value::Null,
            vec!["GET /repos/a/b/pull/1: no such path is described"],
        ),
        (
            "github",
            "PUT /repos/a/b/pulls/1",
            Value::Null,
            vec!["PUT /repos/a/b/pulls/1: only GET, PATCH is described"],
        ),
        (
            "github",
            "POST /repos/a/b/pulls/7/reviews",
            json!({"event": "SHOUT", "comments": [{"path": "a.rs", "line": "3", "body": "x", "colour": 1}]}),
            vec![
                r#"body: event: is "SHOUT", which is none of ["APPROVE","REQUEST_CHANGES","COMMENT"]"#,
                r#"body: comments.0.line: "3" is not of type "integer""#,
                "body: comments.0: colour is not described",
            ],
        ),
        (
            "github",
            "POST /repos/a/b/issues/1/labels",
            json!({"labels": [1]}),
            vec!["body: labels.0: is none of what may stand here"],
        ),
        (
            "gitlab",
            "POST /api/v4/projects/7/merge_requests/1/discussions",
            json!({"body": "x", "position": {"position_type": "text"}}),
            vec![
                "body: position.base_sha: is missing",
                "body: position.head_sha: is missing",
                "body: position.start_sha: is missing",
                "body: position.new_path: is missing",
                "body: position.old_path: is missing",
            ],
        ),
        (
            "gitlab",
            "PUT /api/v4/projects/7/merge_requests/1/discussions/ab/notes/2",
            json!({"resolved": true, "body": "x"}),
            vec!["body: has fields that exclude each other"],
        ),
        ("gitlab", "PUT /api/v4/projects/7/issues/1", json!({}), vec!["body: {} has less than 1 property"]),
        (
            "gitlab",
            "GET /api/v4/projects/7/issues?state=merged",
            Value::Null,
            vec![r#"query: state: is "merged", which is none of ["opened","closed","all"]"#],
        ),
        (
            "gitlab",
            "GET /api/v4/projects/7/merge_requests/1/draft_notes?per_page=100",
            Value::Null,
            vec!["query: per_page: is not described"],
        ),
        ("gitlab", "GET /projects/7", Value::Null, vec!["GET /projects/7: no such path is described"]),
        (
            "azure",
            "POST /a/b/_apis/git/repositories/c/pullrequests",
            json!({"title": "x", "sourceRefName": "refs/heads/x", "colour": 1}),
            vec![
                "query: api-version: is missing",
                "body: targetRefName: is missing",
                "body: colour is not described",
            ],
        ),
        (
            "azure",
            "POST /a/b/_apis/wit/workitems/%24Task?api-version=7.1",
            json!([{"op": "add", "path": "/fields/System.Title", "value": "x"}]),
            vec![
                r#"header content-type: is "application/json; charset=utf-8", not "application/json-patch+json""#,
            ],
        ),
        (
            "gitea",
            "POST /api/v1/repos/a/b/pulls/7/reviews",
            json!({"event": "COMMENTED", "comments": [{"line": 3}]}),
            vec![
                r#"body: event: is "COMMENTED", which is none of ["APPROVED","PENDING","COMMENT","REQUEST_CHANGES","REQUEST_REVIEW",""]"#,
                "body: comments.0: line is not described",
            ],
        ),
        (
            "bitbucket",
            "POST /repositories/a/b/pullrequests/7/comments",
            json!({"inline": {"to": 0, "line": 3}}),
            vec![
                "body: content: is missing",
                "body: inline.to: 0 is less than the minimum of 1",
                "body: inline: line is not described",
                "body: inline.path: is missing",
            ],
        ),
    ];
    for (site, line, body, expected) in rows {
        assert_eq!(judged(site, line, body), expected, "{site} {line}");
    }
}

#[test]
fn every_schema_of_a_description_is_one() {
    for (_, site) in Description::all() {
        for operation in site.operations() {
            let query = operation.query.values().map(QueryParameter::schema);
            let sent = operation
                .path_params
                .values()
                .chain(query)
                .chain(operation.body.iter().map(|body| &body.schema));
            let got = operation.answers.values().filter_map(|answer| answer.schema.as_ref());
            let faults = sent.flat_map(|schema| schema.closed_faults(&site.definitions, &Value::Null));
            let faults: Vec<_> = faults
                .chain(got.flat_map(|schema| schema.open_faults(&site.definitions, &Value::Null)))
                .collect();
            assert!(
                !faults.iter().any(|fault| fault.contains("no JSON Schema")),
                "{}: {faults:?}",
                operation.id
            );
        }
    }
}

/// Examples that the forges publish and that are not of their own schemas.
const CONTRADICTIONS: &[&str] = &[
    // Newer fields that the examples were not given.
    r#"github: answer 201 of pulls/create: requested_teams.0.type: is missing"#,
    r#"github: answer 200 of pulls/get: requested_teams.0.type: is missing"#,
    r#"github: answer 200 of pulls/list: 0.requested_teams.0.type: is missing"#,
    r#"github: answer 201 of pulls/request-reviewers: requested_teams.0.type: is missing"#,
    r#"github: answer 200 of pulls/update: requested_teams.0.type: is missing"#,
    r#"github: answer 200 of repos/get: language: is missing"#,
    r#"github: answer 200 of repos/get-collaborator-permission-level: user.role_name: is missing"#,
    // Files of a commit are cut short in its example.
    r#"github: answer 200 of repos/get-commit: files.0.contents_url: is missing"#,
    r#"github: answer 200 of repos/get-commit: files.0.sha: is missing"#,
];

#[test]
fn published_examples_are_answers_of_their_own_schemas() {
    let mut found = Vec::new();
    for (name, site) in Description::all() {
        for operation in site.operations() {
            for status in operation.answers.keys().filter_map(|status| status.parse().ok()) {
                if let Some(example) = site.example(operation.id(), status)
                    && let Err(faults) = site.check_answer(operation.id(), status, example)
                {
                    found.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
                }
            }
        }
    }
    assert_eq!(found, CONTRADICTIONS);
}
