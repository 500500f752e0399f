use serde_json::json;

use super::*;

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        nodes { id isResolved comments(first: 1) { nodes { fullDatabaseId author { login ... on Bot { databaseId } } } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}";

fn faults(query: &str, variables: Value) -> Vec<String> {
    GraphqlSchema::github().judge(&json!({"query": query, "variables": variables})).err().unwrap_or_default()
}

#[test]
fn described_queries_are_taken() {
    assert_eq!(faults(THREADS, json!({"owner": "a", "name": "b", "number": 7, "after": null})), [""; 0]);
    assert_eq!(faults("{ viewer { login __typename } }", Value::Null), [""; 0]);
    let resolve = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { ...t } } } fragment t on PullRequestReviewThread { id }";
    assert_eq!(faults(resolve, json!({"id": "PRRT_1"})), [""; 0]);
    let minimize =
        "mutation($input: MinimizeCommentInput!) { minimizeComment(input: $input) { clientMutationId } }";
    assert_eq!(faults(minimize, json!({"input": {"subjectId": "IC_1", "classifier": "OUTDATED"}})), [""; 0]);
}

#[test]
fn every_fault_of_a_query_is_named() {
    let rows: [(&str, Value, Vec<&str>); 5] = [
        (
            "{ viewer { login }",
            Value::Null,
            vec!["query parse error: Parse error at 1:19; Unexpected end of input; Expected }"],
        ),
        (
            "query($a: Int) { viewer { name } repository(owner: \"a\") { id { x } pullRequest(number: 3000000000) } }",
            json!({"b": 1}),
            vec![
                "variables.b: is not declared",
                "Query.repository(name): is missing",
                "Query.repository.id: ID! has no fields",
                "Query.repository.pullRequest(number): 3000000000 is no Int",
                "Query.repository.pullRequest: no fields of it are asked for",
                "$a: is not used",
            ],
        ),
        (
            THREADS,
            json!({"owner": "a", "number": "7"}),
            vec!["variables.name: is missing", r#"variables.number: "7" is no Int"#],
        ),
        (
            "query($id: ID) { node(id: $id) { ... on PullRequestReviewThread { comments { nodes { id } } colour } ... on PageInfo { endCursor } } }",
            json!({"id": 1}),
            vec![
                "Query.node(id): $id is ID, not ID!",
                "Query.node on PullRequestReviewThread.comments: needs one of first and last",
                "Query.node on PullRequestReviewThread: colour is no field of PullRequestReviewThread",
                "Query.node: a Node is never a PageInfo",
            ],
        ),
        (
            "mutation { minimizeComment(input: {subjectId: 1, classifier: RUDE, why: \"\"}) { clientMutationId } }",
            Value::Null,
            vec![
                "Mutation.minimizeComment(input).classifier: RUDE is no ReportedContentClassifiers",
                "Mutation.minimizeComment(input): why is no field of MinimizeCommentInput",
            ],
        ),
    ];
    for (query, variables, expected) in rows {
        assert_eq!(faults(query, variables), expected, "{query}");
    }
}

#[test]
fn an_answer_holds_what_was_asked_for() {
    let github = GraphqlSchema::github();
    let with = |thread: Value| {
        let threads = json!({"nodes": [thread], "pageInfo": {"hasNextPage": false, "endCursor": null}});
        let data = json!({"repository": {"pullRequest": {"reviewThreads": threads}}});
        github.check_answer(THREADS, &data).err().unwrap_or_default()
    };
    let author = json!({"login": "a", "databaseId": 1});
    let comments = json!({"nodes": [{"fullDatabaseId": "1", "author": author}]});
    assert_eq!(with(json!({"id": "t", "isResolved": true, "comments": comments})), [""; 0]);
    let place = "data.repository.pullRequest.reviewThreads.nodes";
    assert_eq!(
        with(json!({"id": null, "isResolved": "no", "colour": 1})),
        [
            format!("{place}: colour was not asked for"),
            format!("{place}.id: is null, not ID!"),
            format!("{place}.isResolved: \"no\" is no Boolean"),
            format!("{place}.comments: is missing"),
        ]
    );
}
