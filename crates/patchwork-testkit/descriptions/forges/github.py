"""Writes github.json from GitHub's own description (README.md says which)."""

import json
import sys

import normal

KEPT = """
apps/create-installation-access-token apps/get-repo-installation apps/list-repos-accessible-to-installation
checks/create checks/get checks/list-annotations checks/list-for-ref checks/update
code-scanning/get-sarif code-scanning/upload-sarif
git/get-ref
issues/add-labels issues/create issues/create-comment issues/create-label issues/delete-comment issues/get
issues/get-comment issues/get-label issues/list-comments issues/list-for-repo issues/list-labels-on-issue
issues/remove-label issues/set-labels issues/update issues/update-comment
pulls/create pulls/create-reply-for-review-comment pulls/create-review pulls/create-review-comment
pulls/delete-pending-review pulls/delete-review-comment pulls/dismiss-review pulls/get pulls/get-review
pulls/get-review-comment pulls/list pulls/list-comments-for-review pulls/list-commits pulls/list-files
pulls/list-review-comments pulls/list-reviews pulls/request-reviewers pulls/submit-review pulls/update
pulls/update-review pulls/update-review-comment
rate-limit/get
reactions/create-for-issue reactions/create-for-issue-comment reactions/create-for-pull-request-review-comment
reactions/list-for-issue reactions/list-for-issue-comment reactions/list-for-pull-request-review-comment
repos/compare-commits repos/get repos/get-branch repos/get-collaborator-permission-level repos/get-commit
repos/get-content
users/get-authenticated users/get-by-username
""".split()


HEAD = {
    "note": (
        "npm @octokit/openapi 23.0.2, generated/api.github.com.json (github/rest-api-description). MIT. Limits of texts"
        " and lists: GitHub's answers."
    ),
    "bases": ["/api/v3"],
    "refuses_with": 422,
}
# The description is silent about them; GitHub refuses what is longer.
LONGEST = {"title": 256, "body": 65536, "summary": 65535, "text": 65535}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    kept = lambda method, path, operation: operation["operationId"] if operation["operationId"] in KEPT else None
    operations, definitions = normal.OpenApi3(document).reduced(kept)
    for operation in operations:
        if "body" in operation:
            bound(operation["body"]["schema"])
        for answer in operation["answers"].values():
            slim(answer.get("example"))
    correct(definitions)
    normal.write("github", HEAD, operations, definitions)


def correct(definitions):
    """Lets be null what GitHub answers as null: the repository of a head that was deleted, the line of a comment that is outdated."""
    null = {"type": "null"}
    for name in ("pull-request", "pull-request-simple"):
        head = definitions[name]["properties"]["head"]["properties"]
        head["repo"] = {"anyOf": [head["repo"], null]}
    for name in ("pull-request-review-comment", "review-comment"):
        fields = definitions[name]["properties"]
        fields["line"] = {"type": ["integer", "null"]}


def bound(schema):
    """Adds the limits of texts, and the one of annotations in a request."""
    for name, one in schema.get("properties", {}).items():
        if name in LONGEST and "string" in one.get("type", ()):
            one.setdefault("maxLength", LONGEST[name])
        if name == "annotations":
            one.setdefault("maxItems", 50)
        bound(one)
    if "items" in schema:
        bound(schema["items"])


def slim(example):
    """Takes repositories that a repository is made from out of an example: optional, and the same again."""
    if isinstance(example, dict):
        for key in ("parent", "source", "template_repository"):
            if "full_name" in example:
                example.pop(key, None)
        for one in example.values():
            slim(one)
    elif isinstance(example, list):
        for one in example:
            slim(one)


if __name__ == "__main__":
    main()
