"""Writes github-graphql.json from GitHub's GraphQL schema (README.md says which): what threads of reviews need."""

import json
import sys

import normal

NOTE = "npm @octokit/graphql-schema 15.26.1, schema.json. MIT."
# Objects, interfaces and inputs; scalars and enumerations come along. Fields that lead to other types are left out.
KEPT = """
Query Mutation Repository PullRequest PullRequestReviewThreadConnection PullRequestReviewThread
PullRequestReviewCommentConnection PullRequestReviewComment PullRequestReview PageInfo Actor User Bot Mannequin
EnterpriseUserAccount Organization Node RateLimit IssueComment IssueCommentConnection Minimizable Issue
ResolveReviewThreadInput ResolveReviewThreadPayload UnresolveReviewThreadInput UnresolveReviewThreadPayload
AddPullRequestReviewThreadReplyInput AddPullRequestReviewThreadReplyPayload
MinimizeCommentInput MinimizeCommentPayload UnminimizeCommentInput UnminimizeCommentPayload
""".split()
# Of the two roots.
ROOT_FIELDS = {
    "Query": {"viewer", "repository", "node", "rateLimit"},
    "Mutation": {
        "resolveReviewThread",
        "unresolveReviewThread",
        "addPullRequestReviewThreadReply",
        "minimizeComment",
        "unminimizeComment",
    },
}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    schema = document.get("data", document)["__schema"]
    known = {one["name"]: one for one in schema["types"]}
    kept = lambda name: name in KEPT or known[name]["kind"] in ("SCALAR", "ENUM")
    used, types = set(), {}
    for name in KEPT:
        one = known[name]
        if one["kind"] == "INPUT_OBJECT":
            types[name] = {"kind": "input", "fields": {f["name"]: text(f["type"], used) for f in one["inputFields"]}}
            continue
        fields = {}
        for field in one["fields"]:
            if not kept(base(field["type"])) or field["name"] not in ROOT_FIELDS.get(name, {field["name"]}):
                continue
            arguments = {a["name"]: text(a["type"], used) for a in field["args"] if kept(base(a["type"]))}
            fields[field["name"]] = {"type": text(field["type"], used)} | ({"args": arguments} if arguments else {})
        types[name] = {"kind": "object", "fields": fields}
        if one["kind"] == "INTERFACE":
            types[name]["possible"] = [p["name"] for p in one["possibleTypes"] if p["name"] in KEPT]
    for name in sorted(used):
        if known[name]["kind"] == "SCALAR":
            types[name] = {"kind": "scalar"}
        elif known[name]["kind"] == "ENUM":
            types[name] = {"kind": "enum", "values": [value["name"] for value in known[name]["enumValues"]]}
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}" for name, one in sorted(types.items())
    )
    content = f'{{\n"note": {json.dumps(NOTE)},\n"types": {{\n{lines}\n}}\n}}\n'
    (normal.HERE / "github-graphql.json").write_text(content, encoding="utf-8")
    print(f"github-graphql.json: {len(types)} types, {len(content) // 1024} KiB")


def base(kind):
    return kind["name"] or base(kind["ofType"])


def text(kind, used):
    """A type as GraphQL writes it: `[ID!]!`."""
    if kind["kind"] == "NON_NULL":
        return text(kind["ofType"], used) + "!"
    if kind["kind"] == "LIST":
        return "[" + text(kind["ofType"], used) + "]"
    used.add(kind["name"])
    return kind["name"]


if __name__ == "__main__":
    main()
