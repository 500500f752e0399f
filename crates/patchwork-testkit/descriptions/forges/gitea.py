"""Writes gitea.json from the description of Forgejo, which Gitea shares for these operations (README.md says which)."""

import json
import sys

import normal

HEAD = {
    "note": (
        "crate forgejo-api 0.12.0, swagger.v1.json (Forgejo 17.0.0-dev, compatible with Gitea 1.22). MIT, as the file"
        " itself says, for the purpose of interoperability."
    ),
    "refuses_with": 422,
    "absent_is_null": True,
}
KEPT = """
getVersion
issueAddLabel issueCreateComment issueCreateIssue issueCreateLabel issueDeleteComment issueEditComment issueEditIssue
issueGetComment issueGetCommentReactions issueGetComments issueGetIssue issueGetIssueReactions issueGetLabels
issueListIssues issueListLabels issueReplaceLabels
repoCreatePullRequest repoCreatePullReview repoCreateStatus repoDeletePullReview repoDownloadPullDiffOrPatch
repoEditPullRequest repoGet repoGetBranch repoGetCombinedStatusByRef repoGetContents repoGetPullRequest
repoGetPullRequestByBaseHead repoGetPullRequestCommits repoGetPullRequestFiles repoGetPullReview repoGetPullReviewComments
repoGetRawFile repoGetRepoPermissions repoGetSingleCommit repoCompareDiff repoListPullRequests repoListPullReviews repoListStatuses
repoListStatusesByRef repoSubmitPullReview
userGet userGetCurrent
""".split()
# What only Forgejo knows (compared with npm gitea-js 1.23.0, made from Gitea's own): a client of both sends none.
FORGEJO_ONLY = {
    "CreateIssueCommentOption": ["updated_at"],
    "EditIssueCommentOption": ["updated_at"],
    "EditIssueOption": ["updated_at"],
    "IssueLabelsOption": ["updated_at"],
    "CreatePullReviewComment": ["extra_lines_count"],
    "issueListIssues": ["sort"],
    "issueListLabels": ["sort"],
    "repoCompareDiff": ["files", "verification"],
    "repoGetPullRequestFiles": ["skip-to"],
    "repoListPullRequests": ["head", "base"],
}
# The names of the constants in Gitea's source; the description calls them texts.
VALUES = {
    "CommitStatusState": ["pending", "success", "error", "failure", "warning"],
    "ReviewStateType": ["APPROVED", "PENDING", "COMMENT", "REQUEST_CHANGES", "REQUEST_REVIEW", ""],
    "StateType": ["open", "closed"],
}
# These take a path with slashes.
WITH_SLASHES = {
    "repoGetContents": "filepath",
    "repoGetRawFile": "filepath",
    "repoGetBranch": "branch",
    "repoCompareDiff": "basehead",
}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    kept = lambda method, path, operation: operation["operationId"] if operation["operationId"] in KEPT else None
    operations, definitions = normal.Swagger2(document).reduced(kept)
    for name, values in VALUES.items():
        definitions[name] = {"type": "string", "enum": values}
    for name, fields in FORGEJO_ONLY.items():
        for field in fields:
            definitions.get(name, {}).get("properties", {}).pop(field, None)
    for operation in operations:
        for field in FORGEJO_ONLY.get(operation["id"], ()):
            del operation["query"][field]
        name = WITH_SLASHES.get(operation["id"])
        operation["path"] = operation["path"].replace(f"{{{name}}}", f"{{{name}*}}")
    normal.write("gitea", HEAD, operations, definitions)


if __name__ == "__main__":
    main()
