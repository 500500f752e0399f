//! Holding a bundle to the pull request or issue that it is applied for.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Forge, Located, Thing};

use super::Bundle;
use crate::steps::forge::access::are_same;

impl Bundle {
    /// Lets the bundle be about this alone, whatever it says, and counts whoever opened it as heard. The forge is asked who that is;
    /// it is the one of `remote_url`.
    ///
    /// # Errors
    /// The page is another repository's, or the forge does not tell.
    pub async fn hold_to(
        &mut self,
        page: &Located,
        remote_url: &str,
        forge: &dyn Forge,
    ) -> Result<(), Failure> {
        let homes = forge.homes();
        let mut here = homes.iter().map(String::as_str).chain([remote_url]);
        if !here.any(|here| are_same(here, &page.remote_url)) {
            return Err(Failure::usage(format!(
                "bad pr_url: {} is a page of another repository than this one",
                page.thing
            ))
            .hint("give the page of the pull request or issue that the run was about"));
        }
        self.about.retain(|number| *number == page.thing.number());
        let author = match page.thing {
            Thing::PullRequest(number) => forge.pull_request(number).await?.author,
            Thing::Issue(number) => forge.issue(number).await?.author,
        };
        let heard = author.told_as_outsider(&page.thing.to_string());
        self.heard = self.heard.take().or(heard);
        Ok(())
    }
}
