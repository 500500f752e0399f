"""Writes bitbucket.json from npm `bitbucket`, which is made from Bitbucket's own description (README.md)."""

import json
import re
import sys
from pathlib import Path

import normal
import typescript

HEAD = {
    "note": (
        "npm bitbucket 2.12.0 (lib/index.js, lib/bitbucket.d.ts), generated from Bitbucket's swagger.json. MIT. That"
        " one leaves every object open; here bodies are closed. What it lacks (MORE in bitbucket.py) is from"
        " developer.atlassian.com/cloud/bitbucket/rest."
    ),
    "bases": ["/2.0"],
    "refuses_with": 400,
    "absent_is_null": True,
}
REPOSITORY = "/repositories/{workspace}/{repo_slug}"
PULL = REPOSITORY + "/pullrequests/{pull_request_id}"
COMMIT = REPOSITORY + "/commit/{commit}"
LIST = {
    name: {"schema": {"type": kind}}
    for name, kind in (("page", "string"), ("pagelen", "integer"), ("q", "string"), ("sort", "string"))
}
# Id, method, path, the status of success and what it answers (the package says it, but not for all), a list or not.
KEPT = [
    ("repositories/get", "GET", REPOSITORY, 200, "Repository"),
    ("repositories/get-branch", "GET", REPOSITORY + "/refs/branches/{name*}", 200, "Branch"),
    ("repositories/get-source", "GET", REPOSITORY + "/src/{commit}/{path*}", 200, None),
    ("repositories/diff", "GET", REPOSITORY + "/diff/{spec*}", 200, None),
    ("repositories/diffstat", "GET", REPOSITORY + "/diffstat/{spec*}", 200, "PaginatedDiffstats"),
    ("pullrequests/list", "GET", REPOSITORY + "/pullrequests", 200, "PaginatedPullrequests"),
    ("pullrequests/create", "POST", REPOSITORY + "/pullrequests", 201, "Pullrequest"),
    ("pullrequests/get", "GET", PULL, 200, "Pullrequest"),
    ("pullrequests/update", "PUT", PULL, 200, "Pullrequest"),
    ("pullrequests/decline", "POST", PULL + "/decline", 200, "Pullrequest"),
    ("pullrequests/approve", "POST", PULL + "/approve", 200, "Participant"),
    ("pullrequests/unapprove", "DELETE", PULL + "/approve", 204, None),
    ("pullrequests/request-changes", "POST", PULL + "/request-changes", 200, "Participant"),
    ("pullrequests/diff", "GET", PULL + "/diff", 200, None),
    ("pullrequests/diffstat", "GET", PULL + "/diffstat", 200, "PaginatedDiffstats"),
    ("pullrequests/list-commits", "GET", PULL + "/commits", 200, "PaginatedChangeset"),
    ("pullrequests/list-statuses", "GET", PULL + "/statuses", 200, "PaginatedCommitstatuses"),
    ("pullrequests/list-comments", "GET", PULL + "/comments", 200, "PaginatedPullrequestComments"),
    ("pullrequests/create-comment", "POST", PULL + "/comments", 201, "PullrequestComment"),
    ("pullrequests/get-comment", "GET", PULL + "/comments/{comment_id}", 200, "PullrequestComment"),
    ("pullrequests/update-comment", "PUT", PULL + "/comments/{comment_id}", 200, "PullrequestComment"),
    ("pullrequests/delete-comment", "DELETE", PULL + "/comments/{comment_id}", 204, None),
    ("pullrequests/resolve-comment", "POST", PULL + "/comments/{comment_id}/resolve", 200, "CommentResolution"),
    ("pullrequests/reopen-comment", "DELETE", PULL + "/comments/{comment_id}/resolve", 204, None),
    ("issues/list", "GET", REPOSITORY + "/issues", 200, "PaginatedIssues"),
    ("issues/create", "POST", REPOSITORY + "/issues", 201, "Issue"),
    ("issues/get", "GET", REPOSITORY + "/issues/{issue_id}", 200, "Issue"),
    ("issues/update", "PUT", REPOSITORY + "/issues/{issue_id}", 200, "Issue"),
    ("issues/list-comments", "GET", REPOSITORY + "/issues/{issue_id}/comments", 200, "PaginatedIssueComments"),
    ("issues/create-comment", "POST", REPOSITORY + "/issues/{issue_id}/comments", 201, "IssueComment"),
    ("issues/get-comment", "GET", REPOSITORY + "/issues/{issue_id}/comments/{comment_id}", 200, "IssueComment"),
    ("issues/update-comment", "PUT", REPOSITORY + "/issues/{issue_id}/comments/{comment_id}", 200, "IssueComment"),
    ("issues/delete-comment", "DELETE", REPOSITORY + "/issues/{issue_id}/comments/{comment_id}", 204, None),
    ("commits/get", "GET", COMMIT, 200, "Commit"),
    ("commits/list-statuses", "GET", COMMIT + "/statuses", 200, "PaginatedCommitstatuses"),
    ("commits/create-status", "POST", COMMIT + "/statuses/build", 201, "Commitstatus"),
    ("commits/get-status", "GET", COMMIT + "/statuses/build/{key}", 200, "Commitstatus"),
    ("commits/update-status", "PUT", COMMIT + "/statuses/build/{key}", 200, "Commitstatus"),
    ("reports/list", "GET", COMMIT + "/reports", 200, "PaginatedReports"),
    ("reports/put", "PUT", COMMIT + "/reports/{reportId}", 200, "Report"),
    ("reports/get", "GET", COMMIT + "/reports/{reportId}", 200, "Report"),
    ("reports/delete", "DELETE", COMMIT + "/reports/{reportId}", 204, None),
    ("reports/list-annotations", "GET", COMMIT + "/reports/{reportId}/annotations", 200, "PaginatedAnnotations"),
    ("reports/add-annotations", "POST", COMMIT + "/reports/{reportId}/annotations", 200, None),
    ("users/get-current", "GET", "/user", 200, "Account"),
    ("users/get", "GET", "/users/{selected_user}", 200, "Account"),
    (
        "users/list-repository-permissions",
        "GET",
        "/user/permissions/repositories",
        200,
        "PaginatedRepositoryPermissions",
    ),
]
TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
# Fields of the documentation that the package does not know yet.
MORE = {
    "Pullrequest": {"description": TEXT, "draft": FLAG},
    "PullrequestComment": {
        "pending": FLAG,
        "resolution": {"anyOf": [{"$ref": "#/definitions/CommentResolution"}, {"type": "null"}]},
    },
    "ReportData": {"value": {}},
    "Account": {"nickname": TEXT, "account_id": TEXT, "username": TEXT, "account_status": TEXT},
}
LINE = {"type": ["integer", "null"], "minimum": 1}
INLINE = {name: LINE for name in ("from", "to", "start_from", "start_to")}
# What a body must hold, of what the package calls optional.
REQUIRED = {
    "pullrequests/create": ["title", "source"],
    "pullrequests/create-comment": ["content"],
    "pullrequests/update-comment": ["content"],
    "issues/create": ["title"],
    "issues/create-comment": ["content"],
    "commits/create-status": ["key", "state", "url"],
    "reports/put": ["title", "details"],
}
# Texts that Bitbucket refuses when they are longer.
LONGEST = {
    "Report": {"title": 450, "details": 2000},
    "ReportAnnotation": {"summary": 450, "details": 2000, "path": 2000},
}


def main():
    lib = Path(sys.argv[1]) / "lib"
    routes = routes_of((lib / "index.js").read_text(encoding="utf-8"))
    types = (lib / "bitbucket.d.ts").read_text(encoding="utf-8")
    types = types[types.index("export namespace Schema") : types.index("export namespace Params")]
    declared = typescript.Declarations(types).types

    def definition(name):
        schema = typescript.flat(declared[name], lambda other: declared[other])
        without_index(schema)
        if name in MORE:
            schema["properties"] |= MORE[name]
        if "inline" in schema.get("properties", {}):
            schema["properties"]["inline"]["properties"] |= INLINE
        for field, longest in LONGEST.get(name, {}).items():
            schema["properties"][field]["maxLength"] = longest
        return schema

    operations = [operation(routes, *row) for row in KEPT]
    for one in operations:
        # Where the package says "anything".
        if one["id"] == "reports/add-annotations":
            annotations = {"type": "array", "items": {"$ref": "#/definitions/ReportAnnotation"}}
            one["body"]["schema"] = {**annotations, "minItems": 1, "maxItems": 100}
            one["answers"]["200"]["schema"] = annotations
    normal.write("bitbucket", HEAD, operations, normal.needed(operations, definition))


def operation(routes, name, method, path, status, answer):
    known = routes[method, path.replace("*", "")]
    path_params, query = {}, {}
    for parameter, schema in known.items():
        plain = {key: schema[key] for key in ("type", "enum") if key in schema and schema[key] != "any"}
        if re.search(r"\{%s\*?\}" % parameter, path):
            path_params[parameter] = plain
        elif parameter != "_body":
            query[parameter] = {"schema": plain}
    if name == "pullrequests/list":
        query["state"]["schema"] = {"type": "array", "items": query["state"]["schema"]}
    if method == "GET":
        query["fields"] = {"schema": TEXT}
    if (answer or "").startswith("Paginated"):
        query |= LIST
    result = {"id": name, "method": method, "path": path, "path_params": path_params, "query": query}
    if "_body" in known:
        kind = known["_body"].get("schema")
        schema = {"$ref": f"#/definitions/{kind}"} if kind else {}
        if name in REQUIRED:
            schema["required"] = REQUIRED[name]
        result["body"] = {"content_type": "application/json", "required": True, "schema": schema}
    result["answers"] = {str(status): {"schema": {"$ref": f"#/definitions/{answer}"}} if answer else {}}
    return result


def routes_of(text):
    """Parameters by method and path. The object literals of the minified file read as JSON once names are quoted."""
    result = {}
    for match in re.finditer(r'\{(?:headers:\{[^}]*\},)?method:"[A-Z]+",(?=params|url|returns)', text):
        literal = balanced(text, match.start())
        if 'url:"/' in literal:
            quoted = re.sub(r"([{,])(\w+):", r'\1"\2":', literal)
            route = json.loads(quoted.replace("!0", "true").replace("!1", "false"))
            result[route["method"], re.sub(r"\{\?.*", "", route["url"])] = route.get("params", {})
    return result


def balanced(text, start):
    depth = 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start : end + 1]
    raise ValueError("an object literal without an end")


def without_index(schema):
    """Takes index signatures and the `type` that answers carry out of what is required: clients send neither."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.pop("additionalProperties", None)
            required = [name for name in schema.pop("required", []) if name != "type"]
            if required:
                schema["required"] = required
        for one in schema.values():
            without_index(one)
    elif isinstance(schema, list):
        for one in schema:
            without_index(one)


if __name__ == "__main__":
    main()
