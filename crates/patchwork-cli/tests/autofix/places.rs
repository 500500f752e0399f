//! Where AutoFix is run: every state a repository can be in, and what of it must stay as it was.

use std::path::{Path, PathBuf};

use patchwork_testkit::model::ModelServer;
use patchwork_testkit::repo::TestRepo;

use crate::github::Hosted;
use crate::world::{World, fixing};

const WEAK: &str = "import hashlib\n\n\ndef digest(data):\n    return hashlib.md5(data)\n";

/// A repository in which line 5 of each of these files is a finding; nothing is committed yet.
fn weak(repo: TestRepo, paths: &[&str]) -> World {
    for path in paths {
        repo.write(path, WEAK);
    }
    let world = World { repo };
    world.report(&paths.iter().map(|path| (*path, 5)).collect::<Vec<_>>());
    world
}

/// The same with a first commit.
fn committed(repo: TestRepo, paths: &[&str]) -> World {
    let world = weak(repo, paths);
    world.repo.commit("first");
    world
}

/// The files that a branch changes.
fn changed_files(world: &World, branch: &str) -> Vec<String> {
    let names = world.repo.git(&["-c", "core.quotePath=false", "diff", "--name-only", "main", branch]);
    names.lines().map(str::to_owned).collect()
}

#[test]
fn a_folder_in_no_repository_is_named_before_anything_is_paid() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);
    let plain = world.repo.beside("plain");
    std::fs::create_dir_all(&plain).unwrap();
    std::fs::write(plain.join("a.py"), WEAK).unwrap();

    let ran = World::output(world.autofix_command(&server, &[]).current_dir(&plain));

    ran.assert_code(2);
    assert!(ran.stderr.contains("is not in a git repository"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git init"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(std::fs::read_dir(&plain).unwrap().count(), 1);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn a_bare_repository_and_a_git_folder_have_no_files_to_fix() {
    let world = World::with_five_findings();
    let remote = world.repo.with_remote();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    for (folder, said) in
        [(remote, "is a bare repository"), (world.repo.path(".git"), "is inside of a `.git` folder")]
    {
        let ran = World::output(world.autofix_command(&server, &[]).current_dir(&folder));
        ran.assert_code(2);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn a_repository_without_a_commit_is_told_to_make_one() {
    let world = weak(TestRepo::new(), &["a.py"]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &[]);

    ran.assert_code(2);
    assert!(ran.stderr.contains("has no commit yet") && ran.stderr.contains("git commit"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn without_git_it_says_what_to_install() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = World::output(world.autofix_command(&server, &[]).env("PATH", world.repo.beside("nothing")));

    ran.assert_code(4);
    assert!(ran.stderr.contains("git is not installed, or not on PATH"), "{}", ran.stderr);
    assert!(ran.stderr.contains("install git"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn a_detached_head_gets_a_branch_of_its_commit() {
    let world = World::with_five_findings();
    world.repo.git(&["checkout", "--quiet", "--detach"]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    world.autofix(&server, &[]).assert_code(0);

    let branch = format!("autofix-{}", world.repo.git(&["rev-parse", "--short=8", "HEAD"]));
    assert_eq!(world.repo.changed_since(&before), [format!("refs/heads/{branch}")]);
    assert_eq!(changed_files(&world, &branch), ["a.py", "lib/b.py", "lib/c.py"]);
}

#[test]
fn unfinished_work_of_every_kind_stays_and_does_not_get_into_the_fixes() {
    let world = World::with_five_findings();
    let repo = &world.repo;
    repo.write(".gitignore", "*.log\nbuild/\n");
    repo.write("moved.txt", "to be moved\n");
    repo.write("gone.txt", "to be deleted\n");
    repo.commit("more");
    let text = String::from_utf8(repo.read("a.py")).unwrap();
    repo.write("a.py", format!("{text}\nunfinished = True\n"));
    repo.write("lib/c.py", "staged = True\n");
    repo.git(&["add", "lib/c.py"]);
    repo.write("lib/c.py", "staged = True\nand_edited = True\n");
    repo.git(&["mv", "moved.txt", "elsewhere.txt"]);
    std::fs::remove_file(repo.path("gone.txt")).unwrap();
    repo.write("intended.txt", "later\n");
    repo.git(&["add", "--intent-to-add", "intended.txt"]);
    repo.write("untracked file.txt", "mine\n");
    repo.write("noise.log", "ignored\n");
    repo.write("build/out.bin", [0u8, 255, 1]);
    let (before, status) = (repo.belongings(), repo.git(&["--no-optional-locks", "status", "--porcelain"]));
    let server = ModelServer::start(fixing);

    world.autofix(&server, &[]).assert_code(0);

    assert_eq!(repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(repo.git(&["--no-optional-locks", "status", "--porcelain"]), status);
    assert_eq!(changed_files(&world, "autofix-main"), ["a.py", "lib/b.py", "lib/c.py"]);
    assert!(!world.changes("autofix-main").contains("True"), "the fixes start from the commit");
}

#[test]
fn a_shallow_clone_is_fixed_as_any_other() {
    let origin = TestRepo::with_files(&[("a.py", "print('first')\n")]);
    origin.write("a.py", WEAK);
    origin.commit("second");
    let repo = TestRepo::new();
    let url = format!("file://{}", origin.root().display());
    repo.git(&["fetch", "--quiet", "--depth=1", &url, "main"]);
    repo.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    assert_eq!(repo.git(&["rev-list", "--count", "HEAD"]), "1");
    let world = World { repo };
    world.report(&[("a.py", 5)]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    world.autofix(&server, &[]).assert_code(0);

    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(changed_files(&world, "autofix-main"), ["a.py"]);
}

#[test]
fn a_finding_inside_of_a_submodule_is_reported_and_not_fixed() {
    let library = TestRepo::with_files(&[("weak.py", WEAK)]);
    let world = weak(TestRepo::new(), &["a.py"]);
    let url = library.root().to_str().unwrap();
    world.repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "vendored"]);
    world.repo.commit("with a submodule");
    world.report(&[("a.py", 5), ("vendored/weak.py", 5)]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &[]);

    ran.assert_code(0);
    assert!(ran.stderr.contains("vendored/weak.py"), "{}", ran.stderr);
    assert!(ran.stderr.contains("is inside of a submodule"), "{}", ran.stderr);
    assert_eq!(server.count(), 1);
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(changed_files(&world, "autofix-main"), ["a.py"]);
}

#[test]
fn a_sparse_checkout_stays_sparse_and_loses_no_file() {
    let world = committed(TestRepo::new(), &["app/a.py", "other/b.py"]);
    world.repo.git(&["sparse-checkout", "set", "app"]);
    assert!(!world.repo.path("other").exists());
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &[]);

    ran.assert_code(0);
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(changed_files(&world, "autofix-main"), ["app/a.py"], "{}", ran.stderr);
    assert!(ran.stderr.contains("other/b.py"), "what is not here is said: {}", ran.stderr);
    let files = world.repo.git(&["ls-tree", "-r", "--name-only", "autofix-main"]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["app/a.py", "other/b.py"]);
}

#[test]
fn a_linked_worktree_is_a_place_like_any_other() {
    let world = World::with_five_findings();
    let linked = world.repo.beside("linked");
    world.repo.git(&["worktree", "add", "--quiet", "-b", "feature", linked.to_str().unwrap()]);
    std::fs::write(linked.join("a.py"), "unfinished\n").unwrap();
    let before = world.repo.belongings();
    let worktrees = world.repo.git(&["worktree", "list", "--porcelain"]);
    let status = world.repo.git_in(&linked, &["--no-optional-locks", "status", "--porcelain"]);
    let server = ModelServer::start(fixing);

    World::output(world.autofix_command(&server, &[]).current_dir(&linked)).assert_code(0);

    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-feature"]);
    assert_eq!(changed_files(&world, "autofix-feature"), ["a.py", "lib/b.py", "lib/c.py"]);
    assert_eq!(world.repo.git(&["worktree", "list", "--porcelain"]), worktrees);
    assert_eq!(world.repo.git_in(&linked, &["--no-optional-locks", "status", "--porcelain"]), status);
    assert_eq!(std::fs::read(linked.join("a.py")).unwrap(), b"unfinished\n");
}

#[test]
fn names_with_spaces_umlauts_and_signs_are_names() {
    let paths = ["Prüfung/ä b.py", "[x] 100%25 'q'.py", "-rf/--help.py"];
    let world = committed(TestRepo::named("Mein Ordner für ü$HOME"), &paths);
    // The first as a URI, the others as tools that know no better write them.
    world.report(&[("Pr%C3%BCfung/%C3%A4%20b.py", 5), (paths[1], 5), (paths[2], 5)]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    world.autofix(&server, &[]).assert_code(0);

    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    let mut expected = paths;
    expected.sort_unstable();
    assert_eq!(changed_files(&world, "autofix-main"), expected);
}

#[test]
fn from_a_subfolder_the_whole_repository_is_meant() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);
    let lib = world.repo.path("lib");
    let mut command =
        world.patchwork(&["AutoFix", "disable_pr=true", "model=gpt-4o", "openai_api_key=sk-some-key"]);
    command
        .arg("sarif_file_path=../../reports/findings.sarif")
        .arg(format!("client_base_url={}", server.openai_url()))
        .current_dir(&lib);

    World::output(&mut command).assert_code(0);

    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(changed_files(&world, "autofix-main"), ["a.py", "lib/b.py", "lib/c.py"]);
}

#[test]
fn a_branch_that_exists_is_kept_beside_the_new_one() {
    let world = World::with_five_findings();
    world.repo.git(&["checkout", "--quiet", "-b", "autofix-main"]);
    world.repo.write("mine.txt", "hours of work\n");
    let mine = world.repo.commit("mine");
    world.repo.git(&["checkout", "--quiet", "main"]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let refused = world.autofix(&server, &["force_branch_creation=false"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("branch `autofix-main` exists already"), "{}", refused.stderr);
    assert!(refused.stderr.contains("branch_suffix"), "{}", refused.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);

    let ran = world.autofix(&server, &[]);
    ran.assert_code(0);
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    let kept = format!("refs/patchwork/kept/autofix-main/{}", world.newest_run());
    assert_eq!(world.repo.git(&["rev-parse", &kept]), mine);
    assert!(ran.stderr.contains(&kept), "{}", ran.stderr);
    assert_eq!(changed_files(&world, "autofix-main"), ["a.py", "lib/b.py", "lib/c.py"]);
}

#[test]
fn a_branch_that_somebody_works_on_is_not_moved_under_their_feet() {
    let world = World::with_five_findings();
    let linked = world.repo.beside("linked");
    world.repo.git(&["worktree", "add", "--quiet", "-b", "autofix-main", linked.to_str().unwrap()]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &[]);

    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("branch `autofix-main` is in use in"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
    world.autofix(&server, &["branch_suffix=-2"]).assert_code(0);
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main-2"]);
}

#[test]
fn commits_are_made_where_signing_fails() {
    let world = World::with_five_findings();
    world.repo.git(&["config", "commit.gpgSign", "true"]);
    world.repo.git(&["config", "tag.gpgSign", "true"]);
    world.repo.git(&["config", "gpg.program", "/bin/false"]);
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    world.autofix(&server, &[]).assert_code(0);

    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert_eq!(changed_files(&world, "autofix-main").len(), 3);
}

#[test]
fn without_a_branch_it_tells_how_to_take_the_commits_and_that_works() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &["disable_branch=true"]);

    ran.assert_code(0);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
    let (_, told) = ran.stderr.split_once("take the commits with: git ").expect(&ran.stderr);
    let words: Vec<&str> = told.lines().next().unwrap().split_whitespace().collect();
    world.repo.git(&words);
    assert_eq!(world.repo.git(&["log", "--format=%s", "main"]).lines().count(), 4);
    assert!(!String::from_utf8(world.repo.read("a.py")).unwrap().contains("md5"));
}

/// Puts a program in the place of every hook git knows; answers the file that tells whether one of them ran.
fn hook_everything(repo: &TestRepo, folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let ran = repo.beside("a-hook-ran");
    let script = format!("#!/bin/sh\necho \"$0\" >> '{}'\necho litter > litter.txt\nexit 1\n", ran.display());
    std::fs::create_dir_all(folder).unwrap();
    for name in [
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "post-checkout",
        "post-index-change",
        "post-merge",
        "post-rewrite",
        "pre-auto-gc",
        "pre-push",
        "reference-transaction",
    ] {
        let hook = folder.join(name);
        std::fs::write(&hook, &script).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    ran
}

#[test]
fn no_hook_of_the_user_runs() {
    for configured in [false, true] {
        let hosted = Hosted::new(World::with_five_findings());
        let repo = &hosted.world.repo;
        let folder = if configured { repo.beside("my-hooks") } else { repo.path(".git/hooks") };
        if configured {
            repo.git(&["config", "core.hooksPath", folder.to_str().unwrap()]);
        }
        let ran_file = hook_everything(repo, &folder);
        let before = repo.belongings();
        let server = ModelServer::start(fixing);

        hosted.autofix(&server, &[]).assert_code(0);

        let ran = std::fs::read_to_string(&ran_file).unwrap_or_default();
        assert_eq!(ran, "", "hooks ran");
        assert_eq!(hosted.git.pushes().len(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
        let mut changed = repo.changed_since(&before);
        changed.retain(|name| !name.starts_with("git/hooks"));
        assert_eq!(changed, ["refs/heads/autofix-main"]);
    }
}
