//! Brings commits of remotes: objects and refs of the run, nothing else.

use std::collections::BTreeSet;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::history::FetchRequest;

use super::shallow::Depth;
use super::{GitHistory, reference, shown, whole_ids};
use crate::checkout::{raw_url, run_reference};
use crate::git::{GitError, without_credentials};

/// What a URL of a remote that is not configured may begin with: no path of this machine, no helper program.
const SCHEMES: [&str; 3] = ["https://", "http://", "ssh://"];

/// Where something is fetched from.
pub(super) struct Remote<'r> {
    /// Its name in the run's repository; none where that has no such remote.
    name: Option<String>,
    /// With credentials, if the user put some there.
    url: String,
    request: &'r FetchRequest,
}

/// What to ask a remote for.
pub(super) struct Want {
    /// The reference or the id.
    name: String,
    /// The ref that takes it; none when it is here and kept already.
    place: Option<String>,
}

impl GitHistory {
    pub(super) async fn fetch_commits(&self, request: &FetchRequest) -> Result<Vec<Option<String>>, Failure> {
        let meet: Vec<&str> = request.meet.iter().map(String::as_str).collect();
        whole_ids(&meet)?;
        for name in &request.references {
            if !reference::is_reference(name) && !reference::is_whole_id(name) {
                return Err(Failure::usage(format!(
                    "`{}` is neither the full name of a reference, such as `refs/heads/main`, nor the whole id of a commit",
                    shown(name)
                )));
            }
        }
        let mut here = BTreeSet::new();
        for name in request.references.iter().filter(|name| reference::is_whole_id(name)) {
            if self.has(name).await? {
                here.insert(name.as_str());
            }
        }
        if let Some(name) =
            request.references.iter().find(|name| self.offline && !here.contains(name.as_str()))
        {
            return Err(Failure::refused(format!(
                "a replay reaches no remote, and `{name}` of `{}` is not recorded",
                without_credentials(&request.remote)
            )));
        }
        if self.offline {
            return Ok(request.references.iter().cloned().map(Some).collect());
        }
        let remote = self.remote(request).await?;
        let _turn = self.turn.lock().await;
        let shallow = self.is_shallow().await?;
        let depth = if shallow { Depth::first(request.depth) } else { Depth::Whole };
        let mut wants: Vec<Want> = Vec::new();
        for (at, name) in request.references.iter().enumerate() {
            if !here.contains(name.as_str()) && wants.iter().all(|want| want.name != *name) {
                let place = Some(run_reference(&self.run, &format!("fetching/{at}")));
                wants.push(Want { name: name.clone(), place });
            }
        }
        self.bring_what_there_is(&remote, &mut wants, depth).await?;
        let found = self.keep(request, &here, &wants).await?;
        if shallow {
            let commits: BTreeSet<String> =
                found.iter().flatten().chain(&request.meet).map(|id| id.to_ascii_lowercase()).collect();
            let known = here.iter().map(|id| (*id).to_owned()).chain(request.meet.iter().cloned());
            wants.extend(known.map(|name| Want { name, place: None }));
            self.deepen(&remote, wants, depth, &commits).await?;
        }
        Ok(found)
    }

    /// Fetches what the remote has, and leaves in `wants` what that was.
    pub(super) async fn bring_what_there_is(
        &self,
        remote: &Remote<'_>,
        wants: &mut Vec<Want>,
        depth: Depth,
    ) -> Result<(), Failure> {
        while !wants.is_empty() {
            let cuts = match depth {
                Depth::To(_) => Some(self.cuts().await?),
                Depth::Whole | Depth::Unshallow => None,
            };
            let error = match self.bring(remote, wants, depth).await {
                Ok(()) => return cuts.map_or(Ok(()), |cuts| cuts.restore()),
                Err(error) => error,
            };
            match wants.iter().position(|want| is_missing(&error, &want.name)) {
                Some(at) => drop(wants.remove(at)),
                None => return Err(remote.cannot(error)),
            }
        }
        Ok(())
    }

    async fn bring(&self, remote: &Remote<'_>, wants: &[Want], depth: Depth) -> Result<(), GitError> {
        let refspecs = wants.iter().map(|Want { name, place }| match place {
            Some(place) => format!("+{name}:{place}"),
            None => name.clone(),
        });
        let mut command = self.git.command([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ]);
        let unnamed = format!("patchwork-{}", self.run);
        let name = remote.name.as_ref().unwrap_or(&unnamed);
        if remote.name.is_none() {
            command = command.hidden_setting(&format!("remote.{name}.url"), &remote.url);
        }
        if !name.contains(['=', '\n']) {
            // Newer versions of git would note the remote's main branch.
            command = command.setting(&format!("remote.{name}.followRemoteHEAD=never"));
        }
        command
            .args(depth.option())
            .args(["--", name])
            .args(refspecs)
            .authenticated(&remote.url, remote.request.credential.as_ref())
            .run()
            .await?;
        Ok(())
    }

    /// Keeps the commits that were asked for, and answers them in order.
    async fn keep(
        &self,
        request: &FetchRequest,
        here: &BTreeSet<&str>,
        wants: &[Want],
    ) -> Result<Vec<Option<String>>, Failure> {
        let mut orders = BTreeSet::new();
        let mut found = Vec::with_capacity(request.references.len());
        for name in &request.references {
            let place = wants.iter().find(|want| want.name == *name).and_then(|want| want.place.as_ref());
            let id = match place {
                _ if here.contains(name.as_str()) => Some(name.to_ascii_lowercase()),
                Some(place) => {
                    orders.insert(format!("delete {place}\n"));
                    // A tag may stand for anything.
                    super::resolved(&self.git, &format!("{place}^{{commit}}")).await?
                }
                None => None,
            };
            if let Some(id) = &id {
                orders
                    .insert(format!("update {} {id}\n", run_reference(&self.run, &format!("fetched/{id}"))));
            }
            found.push(id);
        }
        if !orders.is_empty() {
            let orders: String = orders.into_iter().collect();
            self.git.command(["update-ref", "--no-deref", "--stdin"]).stdin(orders).run().await?;
        }
        Ok(found)
    }

    async fn remote<'r>(&self, request: &'r FetchRequest) -> Result<Remote<'r>, Failure> {
        let asked = &request.remote;
        if let Some(url) = raw_url(self.names(), asked, false).await? {
            return Ok(match &self.names {
                // A path is one from the repository that has the remote.
                Some(names) if !url.contains(':') => {
                    Remote { name: None, url: names.dir().join(url).to_string_lossy().into_owned(), request }
                }
                Some(_) => Remote { name: None, url, request },
                None => Remote { name: Some(asked.clone()), url, request },
            });
        }
        let is_url =
            SCHEMES.iter().any(|scheme| asked.starts_with(scheme)) && !asked.chars().any(char::is_control);
        if is_url {
            return Ok(Remote { name: None, url: asked.clone(), request });
        }
        Err(Failure::configuration(format!(
            "there is no remote `{}`, and it is no URL that begins with https://, http:// or ssh://",
            shown(asked)
        ))
        .hint("add one: git remote add origin URL"))
    }
}

impl Remote<'_> {
    /// A failure of the remote, in words that name it.
    fn cannot(&self, error: GitError) -> Failure {
        let refused = matches!(error, GitError::Authentication { .. });
        let mut failure = Failure::from(error);
        if failure.kind == FailureKind::Unavailable {
            failure.causes.insert(0, failure.message);
            let shown = shown(&without_credentials(&self.request.remote));
            failure.message = format!("nothing can be fetched from `{shown}`");
        }
        if refused {
            failure.hints = vec![
                "check that the token or key may read this repository (GITHUB_TOKEN, github_api_key)".into(),
            ];
        }
        failure
    }
}

/// Whether a remote says that it does not have something, or does not give it out by its id.
fn is_missing(error: &GitError, name: &str) -> bool {
    const PHRASES: [&str; 4] = [
        "couldn't find remote ref ",
        "no such remote ref ",
        "not our ref ",
        "Server does not allow request for unadvertised object ",
    ];
    let says = |line: &str| {
        PHRASES.iter().any(|phrase| line.split_once(phrase).is_some_and(|(_, rest)| rest.trim_end() == name))
    };
    error.words().is_some_and(|words| words.lines().any(says))
}
