"""Writes gitlab.json from the tables below: what GitLab's documentation of its REST API says of each operation.

GitLab publishes a description (doc/api/openapi of its repository), but under CC BY-SA 4.0, so it is not taken over.
The tables hold names and types only, in the words of `kind`; each operation names its page on docs.gitlab.com/api.
They were compared with that description; README.md says where the two differ.
"""

import normal

HEAD = {
    "note": (
        "Written down from GitLab's documentation of the REST API v4 (GitLab 19, docs.gitlab.com/api); checked against"
        " the types of npm @gitbeaker/core 43.8.0, and compared with the description that GitLab 19.5 publishes."
    ),
    # A GitLab of one's own may stand below a path; in the tests it is this one.
    "bases": ["/gitlab"],
    "refuses_with": 400,
    "absent_is_null": True,
}
API = "/api/v4"
PROJECT = API + "/projects/{id}"
MERGE = PROJECT + "/merge_requests/{merge_request_iid}"
ISSUE = PROJECT + "/issues/{issue_iid}"
DISCUSSION = MERGE + "/discussions/{discussion_id}"
PAGES = "page:int per_page:int:1..100"
SORT = "sort:asc|desc"
TIMES = "created_after:time created_before:time updated_after:time updated_before:time"
LABELS = "labels:texts"
POSITION = "position:@position"

MERGE_FIELDS = (
    "title:text:..255 description:text:..1048576 assignee_id:int assignee_ids:[int] reviewer_ids:[int] milestone_id:int"
    " remove_source_branch:bool squash:bool allow_collaboration:bool allow_maintainer_to_push:bool merge_after:text "
    + LABELS
)
ISSUE_FIELDS = (
    "title:text:..255 description:text:..1048576 assignee_id:int assignee_ids:[int] confidential:bool due_date:date"
    " epic_id:int issue_type:issue|incident|test_case|task milestone_id:int weight:int "
    + LABELS
)
LIST_FIELDS = (
    "search:text in:text author_id:int author_username:text assignee_id:text labels:text milestone:text"
    " my_reaction_emoji:text"
    f" with_labels_details:bool iids[]:[int] {SORT} {TIMES} {PAGES}"
)
NOTE = "body!:text:1..1000000 created_at:time internal:bool"

# Id, method, path, page, query, body (`?` before one that may be left out), status, answer.
OPERATIONS = [
    (
        "projects/get",
        "GET",
        PROJECT,
        "projects",
        "license:bool statistics:bool with_custom_attributes:bool",
        None,
        200,
        "@project",
    ),
    (
        "projects/list-members-all",
        "GET",
        PROJECT + "/members/all",
        "project_members",
        f"query:text user_ids[]:[int] state:awaiting|active show_seat_info:bool {PAGES}",
        None,
        200,
        "[@member]",
    ),
    ("projects/get-member-all", "GET", PROJECT + "/members/all/{user_id}", "project_members", "", None, 200, "@member"),
    (
        "labels/list",
        "GET",
        PROJECT + "/labels",
        "labels",
        f"with_counts:bool include_ancestor_groups:bool search:text archived:bool {PAGES}",
        None,
        200,
        "[@label]",
    ),
    (
        "labels/create",
        "POST",
        PROJECT + "/labels",
        "labels",
        "",
        "name!:text color!:text description:text priority:int archived:bool",
        201,
        "@label",
    ),
    ("branches/get", "GET", PROJECT + "/repository/branches/{branch}", "branches", "", None, 200, "@branch"),
    (
        "files/get",
        "GET",
        PROJECT + "/repository/files/{file_path}",
        "repository_files",
        "ref!:text",
        None,
        200,
        "@file",
    ),
    (
        "files/raw",
        "GET",
        PROJECT + "/repository/files/{file_path}/raw",
        "repository_files",
        "ref:text lfs:bool",
        None,
        200,
        None,
    ),
    (
        "repository/compare",
        "GET",
        PROJECT + "/repository/compare",
        "repositories",
        "from!:text to!:text from_project_id:int straight:bool unidiff:bool",
        None,
        200,
        "@comparison",
    ),
    (
        "repository/merge-base",
        "GET",
        PROJECT + "/repository/merge_base",
        "repositories",
        "refs[]!:[text]",
        None,
        200,
        "@commit",
    ),
    ("commits/get", "GET", PROJECT + "/repository/commits/{sha}", "commits", "stats:bool", None, 200, "@commit"),
    (
        "commits/list-merge-requests",
        "GET",
        PROJECT + "/repository/commits/{sha}/merge_requests",
        "commits",
        "state:opened|closed|locked|merged " + PAGES,
        None,
        200,
        "[@merge_request]",
    ),
    (
        "commits/list-statuses",
        "GET",
        PROJECT + "/repository/commits/{sha}/statuses",
        "commits",
        f"ref:text stage:text name:text pipeline_id:int order_by:id|pipeline_id all:bool {SORT} {PAGES}",
        None,
        200,
        "[@status]",
    ),
    (
        "commits/create-status",
        "POST",
        PROJECT + "/statuses/{sha}",
        "commits",
        "",
        (
            "state!:pending|running|success|failed|canceled|skipped ref:text name:text:..255 context:text:..255"
            " target_url:text:..255 description:text:..255 coverage:number pipeline_id:int"
        ),
        201,
        "@status",
    ),
    (
        "merge-requests/list",
        "GET",
        PROJECT + "/merge_requests",
        "merge_requests",
        "state:opened|closed|locked|merged|all scope:created_by_me|assigned_to_me|reviews_for_me|all"
        " order_by:created_at|updated_at|merged_at|title|priority|label_priority|milestone_due|popularity"
        " source_branch:text target_branch:text draft:bool wip:yes|no reviewer_id:text reviewer_username:text"
        " view:simple source_project_id:int with_merge_status_recheck:bool "
        + LIST_FIELDS,
        None,
        200,
        "[@merge_request]",
    ),
    (
        "merge-requests/get",
        "GET",
        MERGE,
        "merge_requests",
        "render_html:bool include_diverged_commits_count:bool include_rebase_in_progress:bool",
        None,
        200,
        "@merge_request",
    ),
    (
        "merge-requests/create",
        "POST",
        PROJECT + "/merge_requests",
        "merge_requests",
        "",
        MERGE_FIELDS.replace("title:", "title!:")
        + " source_branch!:text target_branch!:text target_project_id:int approvals_before_merge:int",
        201,
        "@merge_request",
    ),
    (
        "merge-requests/update",
        "PUT",
        MERGE,
        "merge_requests",
        "",
        MERGE_FIELDS
        + " target_branch:text add_labels:texts remove_labels:texts state_event:close|reopen discussion_locked:bool",
        200,
        "@merge_request",
    ),
    (
        "merge-requests/changes",
        "GET",
        MERGE + "/changes",
        "merge_requests",
        "unidiff:bool",
        None,
        200,
        "@changes",
    ),
    ("merge-requests/diffs", "GET", MERGE + "/diffs", "merge_requests", "unidiff:bool " + PAGES, None, 200, "[@diff]"),
    ("merge-requests/raw-diffs", "GET", MERGE + "/raw_diffs", "merge_requests", "", None, 200, None),
    ("merge-requests/list-versions", "GET", MERGE + "/versions", "merge_requests", PAGES, None, 200, "[@version]"),
    (
        "merge-requests/get-version",
        "GET",
        MERGE + "/versions/{version_id}",
        "merge_requests",
        "unidiff:bool",
        None,
        200,
        "@version",
    ),
    ("merge-requests/list-commits", "GET", MERGE + "/commits", "merge_requests", PAGES, None, 200, "[@commit]"),
    (
        "merge-requests/list-pipelines",
        "GET",
        MERGE + "/pipelines",
        "merge_requests",
        "",
        None,
        200,
        "[{id!:int sha:text ref:text status:text web_url:text}]",
    ),
    (
        "merge-requests/list-closed-issues",
        "GET",
        MERGE + "/closes_issues",
        "merge_requests",
        PAGES,
        None,
        200,
        "[@issue]",
    ),
    (
        "merge-requests/list-notes",
        "GET",
        MERGE + "/notes",
        "notes",
        f"order_by:created_at|updated_at activity_filter:all_notes|only_comments|only_activity {SORT} {PAGES}",
        None,
        200,
        "[@note]",
    ),
    ("merge-requests/get-note", "GET", MERGE + "/notes/{note_id}", "notes", "", None, 200, "@note"),
    (
        "merge-requests/create-note",
        "POST",
        MERGE + "/notes",
        "notes",
        "",
        NOTE + " merge_request_diff_head_sha:text",
        201,
        "@note",
    ),
    (
        "merge-requests/update-note",
        "PUT",
        MERGE + "/notes/{note_id}",
        "notes",
        "",
        "body!:text:1..1000000",
        200,
        "@note",
    ),
    ("merge-requests/delete-note", "DELETE", MERGE + "/notes/{note_id}", "notes", "", None, 204, None),
    (
        "merge-requests/list-discussions",
        "GET",
        MERGE + "/discussions",
        "discussions",
        PAGES,
        None,
        200,
        "[@discussion]",
    ),
    ("merge-requests/get-discussion", "GET", DISCUSSION, "discussions", "", None, 200, "@discussion"),
    (
        "merge-requests/create-discussion",
        "POST",
        MERGE + "/discussions",
        "discussions",
        "",
        "body!:text:1..1000000 created_at:time " + POSITION,
        201,
        "@discussion",
    ),
    ("merge-requests/resolve-discussion", "PUT", DISCUSSION, "discussions", "", "resolved!:bool", 200, "@discussion"),
    (
        "merge-requests/add-discussion-note",
        "POST",
        DISCUSSION + "/notes",
        "discussions",
        "",
        "body!:text:1..1000000 created_at:time",
        201,
        "@note",
    ),
    (
        "merge-requests/update-discussion-note",
        "PUT",
        DISCUSSION + "/notes/{note_id}",
        "discussions",
        "",
        "body:text:1..1000000 resolved:bool",
        200,
        "@note",
    ),
    (
        "merge-requests/delete-discussion-note",
        "DELETE",
        DISCUSSION + "/notes/{note_id}",
        "discussions",
        "",
        None,
        204,
        None,
    ),
    ("draft-notes/list", "GET", MERGE + "/draft_notes", "draft_notes", "", None, 200, "[@draft_note]"),
    (
        "draft-notes/create",
        "POST",
        MERGE + "/draft_notes",
        "draft_notes",
        "",
        "note!:text:1..1000000 commit_id:text in_reply_to_discussion_id:text resolve_discussion:bool " + POSITION,
        201,
        "@draft_note",
    ),
    (
        "draft-notes/update",
        "PUT",
        MERGE + "/draft_notes/{draft_note_id}",
        "draft_notes",
        "",
        "note:text:1..1000000 " + POSITION,
        200,
        "@draft_note",
    ),
    ("draft-notes/delete", "DELETE", MERGE + "/draft_notes/{draft_note_id}", "draft_notes", "", None, 204, None),
    ("draft-notes/publish", "PUT", MERGE + "/draft_notes/{draft_note_id}/publish", "draft_notes", "", None, 204, None),
    (
        "draft-notes/bulk-publish",
        "POST",
        MERGE + "/draft_notes/bulk_publish",
        "draft_notes",
        "",
        "? reviewer_state:requested_changes|reviewed note:text internal:bool",
        204,
        None,
    ),
    ("emoji/list-merge-request", "GET", MERGE + "/award_emoji", "emoji_reactions", PAGES, None, 200, "[@emoji]"),
    (
        "emoji/list-merge-request-note",
        "GET",
        MERGE + "/notes/{note_id}/award_emoji",
        "emoji_reactions",
        PAGES,
        None,
        200,
        "[@emoji]",
    ),
    (
        "emoji/create-merge-request-note",
        "POST",
        MERGE + "/notes/{note_id}/award_emoji",
        "emoji_reactions",
        "",
        "name!:text",
        201,
        "@emoji",
    ),
    ("emoji/list-issue", "GET", ISSUE + "/award_emoji", "emoji_reactions", PAGES, None, 200, "[@emoji]"),
    (
        "emoji/list-issue-note",
        "GET",
        ISSUE + "/notes/{note_id}/award_emoji",
        "emoji_reactions",
        PAGES,
        None,
        200,
        "[@emoji]",
    ),
    (
        "issues/list",
        "GET",
        PROJECT + "/issues",
        "issues",
        "state:opened|closed|all scope:created_by_me|assigned_to_me|all"
        " order_by:created_at|updated_at|due_date|title|weight|priority|label_priority|milestone_due|popularity"
        "|relative_position confidential:bool issue_type:issue|incident|test_case|task"
        " due_date:0|any|today|tomorrow|overdue|week|month|next_month_and_previous_two_weeks "
        + LIST_FIELDS,
        None,
        200,
        "[@issue]",
    ),
    ("issues/get", "GET", ISSUE, "issues", "", None, 200, "@issue"),
    (
        "issues/create",
        "POST",
        PROJECT + "/issues",
        "issues",
        "",
        ISSUE_FIELDS.replace("title:", "title!:")
        + " created_at:time iid:int discussion_to_resolve:text merge_request_to_resolve_discussions_of:int",
        201,
        "@issue",
    ),
    (
        "issues/update",
        "PUT",
        ISSUE,
        "issues",
        "",
        ISSUE_FIELDS
        + " add_labels:texts remove_labels:texts state_event:close|reopen discussion_locked:bool updated_at:time",
        200,
        "@issue",
    ),
    ("issues/list-discussions", "GET", ISSUE + "/discussions", "discussions", PAGES, None, 200, "[@discussion]"),
    (
        "issues/get-discussion",
        "GET",
        ISSUE + "/discussions/{discussion_id}",
        "discussions",
        "",
        None,
        200,
        "@discussion",
    ),
    (
        "issues/add-discussion-note",
        "POST",
        ISSUE + "/discussions/{discussion_id}/notes",
        "discussions",
        "",
        "body!:text:1..1000000 created_at:time",
        201,
        "@note",
    ),
    (
        "issues/list-notes",
        "GET",
        ISSUE + "/notes",
        "notes",
        f"order_by:created_at|updated_at activity_filter:all_notes|only_comments|only_activity {SORT} {PAGES}",
        None,
        200,
        "[@note]",
    ),
    ("issues/get-note", "GET", ISSUE + "/notes/{note_id}", "notes", "", None, 200, "@note"),
    ("issues/create-note", "POST", ISSUE + "/notes", "notes", "", NOTE, 201, "@note"),
    ("issues/update-note", "PUT", ISSUE + "/notes/{note_id}", "notes", "", "body!:text:1..1000000", 200, "@note"),
    ("issues/delete-note", "DELETE", ISSUE + "/notes/{note_id}", "notes", "", None, 204, None),
    ("users/get-current", "GET", API + "/user", "users", "", None, 200, "@user"),
    (
        "users/list",
        "GET",
        API + "/users",
        "users",
        "username:text search:text active:bool blocked:bool " + PAGES,
        None,
        200,
        "[@user]",
    ),
    (
        "tokens/get-self",
        "GET",
        API + "/personal_access_tokens/self",
        "personal_access_tokens",
        "",
        None,
        200,
        (
            "{id!:int name!:text scopes!:[text] active:bool revoked:bool user_id:int created_at:time expires_at:date"
            " last_used_at:time}"
        ),
    ),
    ("jobs/get-current", "GET", API + "/job", "jobs", "", None, 200, "{id!:int user:@user}"),
    (
        "metadata/get",
        "GET",
        API + "/metadata",
        "metadata",
        "",
        None,
        200,
        "{version!:text revision!:text enterprise:bool}",
    ),
]
# Of answers the fields that clients need; GitLab sends more.
DEFINITIONS = {
    "user": "id!:int username!:text name!:text state:text avatar_url:text web_url:text bot:bool locked:bool email:text",
    "member": "id!:int username!:text name!:text access_level!:int state:text web_url:text membership_state:text",
    "project": (
        "id!:int path_with_namespace!:text web_url!:text name:text path:text description:text default_branch:text"
        " visibility:text archived:bool http_url_to_repo:text ssh_url_to_repo:text issues_enabled:bool"
        " merge_requests_enabled:bool forked_from_project:@project permissions:{project_access:@access"
        " group_access:@access} squash_option:text remove_source_branch_after_merge:bool"
    ),
    "access": "access_level!:int notification_level:int",
    "label": "id!:int name!:text color!:text description:text text_color:text",
    "branch": "name!:text commit!:@commit protected!:bool default:bool merged:bool web_url:text",
    "file": (
        "file_name!:text file_path!:text size!:int encoding!:text content!:text content_sha256:text ref!:text"
        " blob_id!:text commit_id!:text last_commit_id!:text execute_filemode:bool"
    ),
    "commit": (
        "id!:text short_id!:text title!:text message:text author_name:text author_email:text authored_date:time"
        " committer_name:text committer_email:text committed_date:time created_at:time parent_ids:[text] web_url:text"
    ),
    "comparison": "commit:@commit commits!:[@commit] diffs!:[@diff] compare_timeout:bool compare_same_ref:bool",
    "status": (
        "id!:int sha!:text status!:text name!:text ref:text target_url:text description:text created_at:time"
        " started_at:time finished_at:time allow_failure:bool coverage:number author:@user pipeline_id:int"
    ),
    # Before the diff of a new merge request is made, only where it starts is known.
    "diff_refs": "base_sha:text head_sha:text start_sha!:text",
    "diff": (
        "old_path!:text new_path!:text a_mode:text b_mode:text diff!:text new_file!:bool renamed_file!:bool"
        " deleted_file!:bool generated_file:bool collapsed:bool too_large:bool"
    ),
    "version": (
        "id!:int head_commit_sha!:text base_commit_sha!:text start_commit_sha!:text created_at!:time"
        " merge_request_id!:int state!:text real_size!:text patch_id_sha:text commits:[@commit] diffs:[@diff]"
    ),
    "merge_request": (
        "id!:int iid!:int project_id!:int title!:text state!:opened|closed|locked|merged description:text"
        " created_at!:time updated_at!:time merged_at:time closed_at:time source_branch!:text target_branch!:text"
        " source_project_id:int target_project_id!:int author!:@user assignee:@user assignees:[@user] reviewers:[@user]"
        " labels:[any] draft:bool work_in_progress:bool sha:text merge_commit_sha:text squash_commit_sha:text"
        " web_url!:text diff_refs:@diff_refs changes_count:text has_conflicts:bool detailed_merge_status:text"
        " merge_status:text user_notes_count:int upvotes:int downvotes:int discussion_locked:bool"
        " allow_collaboration:bool blocking_discussions_resolved:bool"
    ),
    "changes": "id!:int iid!:int title!:text state!:text changes!:[@diff] overflow:bool diff_refs:@diff_refs",
    "line_end": "line_code!:text type:new|old|expanded old_line:int new_line:int",
    "position": (
        "base_sha!:text head_sha!:text start_sha!:text position_type!:text|image|file new_path:text old_path:text"
        " new_line:int old_line:int line_range:{start:@line_end end:@line_end} width:int height:int x:number y:number"
    ),
    "note": (
        "id!:int body!:text author!:@user created_at!:time updated_at:time system!:bool noteable_id:int"
        " noteable_type!:text noteable_iid:int project_id:int type:text resolvable!:bool resolved:bool"
        " resolved_by:@user resolved_at:time internal:bool confidential:bool position:@position commit_id:text"
    ),
    "discussion": "id!:text individual_note!:bool notes!:[@note]",
    "draft_note": (
        "id!:int author_id!:int merge_request_id!:int resolve_discussion!:bool discussion_id:text note!:text"
        " commit_id:text line_code:text position:any"
    ),
    "emoji": "id!:int name!:text user!:@user created_at!:time updated_at:time awardable_id!:int awardable_type!:text",
    "issue": (
        "id!:int iid!:int project_id!:int title!:text state!:opened|closed description:text created_at!:time"
        " updated_at!:time closed_at:time author!:@user assignee:@user assignees:[@user] labels:[any] web_url!:text"
        " type:text issue_type:text confidential:bool user_notes_count:int discussion_locked:bool due_date:date"
    ),
}
PLAIN = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "any": {},
    # A list, or its items with commas.
    "texts": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}
NUMBERS = ("merge_request_iid", "issue_iid", "note_id", "draft_note_id", "version_id", "user_id")


def kind(words):
    """The schema of a type: a plain one with its bounds (`text:1..255`), `a|b`, `[type]`, `{fields}`, `@definition`."""
    if words.startswith("["):
        return {"type": "array", "items": kind(words[1:-1])}
    if words.startswith("{"):
        return fields(words[1:-1])
    if words.startswith("@"):
        return {"$ref": "#/definitions/" + words[1:]}
    name, _, bounds = words.partition(":")
    if name not in PLAIN:
        return {"type": "string", "enum": name.split("|")}
    schema = dict(PLAIN[name])
    least, _, most = bounds.partition("..")
    for bound, keywords in ((least, ("minLength", "minimum")), (most, ("maxLength", "maximum"))):
        if bound:
            schema[keywords[schema["type"] != "string"]] = int(bound)
    return schema


def pairs(text):
    """`name:type` pairs; a `!` behind the name says that it must be there. Blanks inside of braces divide nothing."""
    depth, word = 0, ""
    for letter in text + " ":
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter != " " or depth:
            word += letter
        elif word:
            name, _, words = word.partition(":")
            yield name.removesuffix("!"), kind(words), name.endswith("!")
            word = ""


def fields(text):
    result = {"type": "object", "properties": {name: schema for name, schema, _ in pairs(text)}}
    required = [name for name, _, must in pairs(text) if must]
    return {**result, "required": required} if required else result


def operation(name, method, path, page, query, body, status, answer):
    names = [part.split("}")[0] for part in path.split("{")[1:]]
    result = {
        "id": name,
        "from": f"documentation: {page}",
        "method": method,
        "path": path,
        "path_params": {one: {"type": "integer" if one in NUMBERS else "string"} for one in names},
        "query": {
            one: {"schema": schema, **({"required": True} if must else {})} for one, schema, must in pairs(query)
        },
    }
    if body is not None:
        schema = fields(body.removeprefix("?"))
        result["body"] = {"content_type": "application/json", "required": not body.startswith("?"), "schema": schema}
    result["answers"] = {str(status): {"schema": kind(answer)} if answer else {}}
    return result


def definition(name):
    # A position in a text needs the file before and after the change.
    text = {"properties": {"position_type": {"const": "text"}}, "required": ["position_type"]}
    then = {"if": text, "then": {"required": ["new_path", "old_path"]}}
    return {**fields(DEFINITIONS[name]), **(then if name == "position" else {})}


def main():
    operations = [operation(*row) for row in OPERATIONS]
    for one in operations:
        if one["id"] == "merge-requests/update-discussion-note":
            one["body"]["schema"]["oneOf"] = [{"required": ["body"]}, {"required": ["resolved"]}]
        if one["id"] in ("merge-requests/update", "issues/update"):
            one["body"]["schema"]["minProperties"] = 1
    normal.write("gitlab", HEAD, operations, normal.needed(operations, definition))


if __name__ == "__main__":
    main()
