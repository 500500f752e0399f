"""Has an independent client, python-gitlab, talk to the stand-in for GitLab: is it faithful?

    pip install python-gitlab==8.6.0
    python3 python_gitlab.py PROGRAM     # target/debug/examples/forge_server
"""

import hashlib
import subprocess
import sys

import gitlab

PROJECT, TOKEN = "group/sub/app", "glpat-0123456789abcdefghij"


def refused(status, call):
    try:
        call()
    except gitlab.exceptions.GitlabError as error:
        assert error.response_code == status, error
        return str(error)
    raise AssertionError("not refused")


def talk(url):
    site = gitlab.Gitlab(url, private_token=TOKEN, per_page=1)
    site.auth()
    assert site.user.username == "patchwork-bot"
    assert site.personal_access_tokens.get("self").scopes == ["api"]
    project = site.projects.get(PROJECT)
    assert project.path_with_namespace == PROJECT
    assert {one.username: one.access_level for one in project.members_all.list(get_all=True)} == {"patchwork-bot": 30, "ada": 40}

    new = {"source_branch": "fix", "target_branch": "main", "title": "Draft: Fixes", "description": "one", "labels": ["a", "b"]}
    made = project.mergerequests.create(new)
    assert (made.iid, made.state, made.draft, made.labels) == (2, "opened", True, ["a", "b"])
    assert "already exists" in refused(409, lambda: project.mergerequests.create(new))
    made.title, made.state_event = "Fixes", "close"
    made.save()
    assert (made.state, made.draft) == ("closed", False)
    assert [one.iid for one in project.mergerequests.list(state="opened", iterator=True)] == [1]
    assert len(project.mergerequests.list(state="all", get_all=True)) == 2

    request = project.mergerequests.get(1)
    assert [one["new_path"] for one in request.changes()["changes"]] == ["src/a.rs"]
    assert [one.message for one in request.commits()] == ["Feature"]
    assert request.diffs.list(get_all=True)[0].head_commit_sha == request.diff_refs["head_sha"]

    note = request.notes.create({"body": "hello"})
    note.body = "hello there"
    note.save()
    place = {**request.diff_refs, "position_type": "text", "old_path": "src/a.rs", "new_path": "src/a.rs"}
    thread = request.discussions.create({"body": "here", "position": {**place, "new_line": 2}})
    answer = thread.notes.create({"body": "and there"})
    assert answer.body == "and there"
    thread.resolved = True
    thread.save()
    read = request.discussions.list(get_all=True)
    assert [[one["body"] for one in each.attributes["notes"]] for each in read] == [["hello there"], ["here", "and there"]]
    assert read[1].attributes["notes"][0]["resolved"] is True and read[1].attributes["notes"][0]["position"]["new_line"] == 2
    said = refused(400, lambda: request.discussions.create({"body": "no", "position": {**place, "new_line": 99}}))
    assert "line_code" in said, said

    code = hashlib.sha1(b"src/a.rs").hexdigest()
    ends = {"start": {"line_code": f"{code}_3_2", "type": "new", "new_line": 2}, "end": {"line_code": f"{code}_3_4", "old_line": 3, "new_line": 4}}
    lines = {**place, "old_line": 3, "new_line": 4, "line_range": ends}
    draft = request.draft_notes.create({"note": "several", "position": lines})
    assert draft.line_code == f"{code}_3_4", draft.line_code
    assert request.draft_notes.create({"note": "lost", "position": {**place, "new_line": 99}}).line_code is None
    # GitLab gives the drafts without pages, and the client asks for pages of one.
    site.per_page = None
    assert len(request.draft_notes.list(get_all=True)) == 2
    site.per_page = 1
    request.draft_notes.bulk_publish()
    bodies = [one["body"] for each in request.discussions.list(get_all=True) for one in each.attributes["notes"]]
    assert bodies[-1] == "several" and "lost" not in bodies, bodies
    note.delete()
    refused(404, note.delete)

    issue = project.issues.create({"title": "Broken", "description": "x", "labels": ["bug"]})
    issue.notes.create({"body": "me too"})
    issue.state_event = "close"
    issue.save()
    assert issue.state == "closed" and project.issues.list(state="opened", get_all=True) == []
    path = f"/projects/{project.id}/statuses/{request.sha}"
    site.http_post(path, post_data={"state": "success", "name": "review", "description": "fine"})
    statuses = site.http_list(f"/projects/{project.id}/repository/commits/{request.sha}/statuses", iterator=True)
    assert [one["status"] for one in statuses] == ["success"]

    wrong = gitlab.Gitlab(url, private_token="glpat-wrong")
    refused(401, wrong.auth)


def main():
    server = subprocess.Popen([sys.argv[1], "gitlab", PROJECT, TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        talk(server.stdout.readline().strip())
    finally:
        print("not as described:", server.communicate()[0])


if __name__ == "__main__":
    main()
