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
        ("{ viewer { login }", Value::Null, vec![]),
        (
            "query($a: Int) { viewer { name } repository(owner: \"a\") { id { x } pullRequest(number: 3000000000) } }",
            json!({"b": 1}),
            vec![],
        ),
        (THREADS, json!({"owner": "a", "number": "7"}), vec![]),
        (
            "query($id: ID) { node(id: $id) { ... on PullRequestReviewThread { comments { nodes { id } } colour } ... on PageInfo { endCursor } } }",
            json!({"id": 1}),
            vec![],
        ),
        (
            "mutation { minimizeComment(input: {subjectId: 1, classifier: RUDE, why: \"\"}) { clientMutationId } }",
            Value::Null,
            vec![],
        ),
    ];
    for (query, variables, expected) in rows {
        if faults(query, variables.clone()) != expected {
            println!("@@ {query} {:#?}", faults(query, variables));
        }
    }
    panic!()
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
