//! The name of a repository that has an owner: as the remote has it, and as it is after a renaming.

use std::fmt;

use patchwork_core::failure::Failure;
use tokio::sync::OnceCell;

use super::Remote;

/// An owner and a name.
type Names = (String, String);

/// A repository's owner and name.
#[derive(Debug)]
pub(super) struct Slug {
    given: Names,
    /// What the site calls it, once it was asked: a write to an old name is redirected or refused, and lists of an old name are
    /// empty.
    now: OnceCell<Names>,
}

impl Slug {
    /// The one that a remote names.
    pub(super) fn of(remote: &Remote, site: &str, form: &str) -> Result<Self, Failure> {
        let (owner, name) = remote.owner_and_name().ok_or_else(|| {
            Failure::configuration(format!("`{}` names no repository on {site}", remote.path.join("/")))
                .hint(format!("expected: {form}"))
        })?;
        Ok(Self { given: (owner.to_owned(), name.to_owned()), now: OnceCell::new() })
    }

    /// As the remote has it.
    pub(super) fn given(&self) -> &Names {
        &self.given
    }

    /// As it is now, as far as that is known.
    pub(super) fn known(&self) -> &Names {
        self.now.get().unwrap_or(&self.given)
    }

    /// As it is now; `ask` tells the whole name (`owner/name`), and is asked once.
    pub(super) async fn now<E>(&self, ask: impl AsyncFnOnce() -> Result<String, E>) -> Result<&Names, E> {
        let ask = async || Ok(names(&ask().await?).unwrap_or_else(|| self.given.clone()));
        self.now.get_or_try_init(ask).await
    }

    /// Takes the whole name that the site says.
    pub(super) fn is_named(&self, full_name: &str) {
        if let Some(names) = names(full_name) {
            // It may be known already; then it is the same.
            let _ = self.now.set(names);
        }
    }

    /// A path below the repository, which the API has below `root`.
    pub(super) fn path<'a>(&self, root: &str, rest: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let (owner, name) = self.known();
        let repository = [root, owner, name].map(str::to_owned);
        repository.into_iter().chain(rest.into_iter().map(str::to_owned)).collect()
    }

    /// The pages that the repository has, and had, on a site.
    pub(super) fn homes(&self, site: &str) -> Vec<String> {
        let names = std::iter::once(&self.given).chain(self.now.get());
        names.map(|(owner, name)| format!("{site}/{owner}/{name}")).collect()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (owner, name) = self.known();
        write!(f, "{owner}/{name}")
    }
}

fn names(full_name: &str) -> Option<Names> {
    let path = full_name.split('/').map(str::to_owned).collect();
    let named = Remote { host: None, site: None, path };
    named.owner_and_name().map(|(owner, name)| (owner.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_repository_goes_by_its_new_name_and_its_old_pages_are_known() {
        let slug =
            Slug::of(&Remote::parse("git@github.com:acme/shop").unwrap(), "GitHub", "OWNER/NAME").unwrap();
        assert_eq!(slug.homes("https://github.com"), ["https://github.com/acme/shop"]);
        for none in ["", "acme", "../x", "a/b/c", "a/b?c"] {
            slug.is_named(none);
            assert_eq!(slug.to_string(), "acme/shop", "{none}");
        }
        slug.is_named("acme/store");
        assert_eq!(slug.path("repos", ["pulls", "7"]), ["repos", "acme", "store", "pulls", "7"]);
        assert_eq!(slug.given().1, "shop");
        assert_eq!(
            slug.homes("https://github.com"),
            ["https://github.com/acme/shop", "https://github.com/acme/store"]
        );
    }

    #[test]
    fn what_names_no_repository_is_told_with_the_form_that_does() {
        let remote = Remote::parse("https://github.com/a/b/c").unwrap();
        let failure = Slug::of(&remote, "GitHub", "OWNER/NAME").unwrap_err();
        assert!(failure.message.contains("`a/b/c`") && failure.hints[0].contains("OWNER/NAME"), "{failure}");
    }
}
