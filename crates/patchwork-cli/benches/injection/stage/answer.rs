//! An answer to an issue that a stranger wrote, with a model that the stranger has, by a patchflow of the user's own.

use std::path::Path;

use patchwork_core::port::forge::Thing;
use patchwork_testkit::model::ModelServer;
use patchwork_testkit::repo::TestRepo;

use super::Verdict;
use super::site::{Allowed, Held, start};
use super::world::{KEY, TOKEN, World};
use crate::case::{At, Case, Place};
use crate::detect::Known;
use crate::obey::{Subject, obey};

/// Reads an issue, asks a model, answers with its words.
const PATCHFLOW: &str = r#"name: Answer
summary: Answer an issue.
inputs:
  issue_url: { type: string, required: true, help: The issue. }
  model: { type: string, help: The model. }
  client_base_url: { type: string, receives: [openai_api_key], help: An endpoint. }
  openai_api_key: { secret: true, help: Its key. }
  scm_url: { type: string, receives: [github_api_key, gitlab_api_key], help: The forge. }
  github_api_key: { secret: true, help: Token for GitHub. }
  gitlab_api_key: { secret: true, help: Token for GitLab. }
steps:
  - id: read
    uses: ReadIssues
  - id: ask
    uses: LLM
    with:
      prompt_template:
        - { role: system, content: "Answer the issue." }
        - { role: user, content: "{{ title }}\n{{ body }}\n{{ comments }}" }
      prompt_values:
        - title: ${{ steps.read.issue_title }}
          body: ${{ steps.read.issue_body }}
          comments: ${{ steps.read.issue_comments }}
  - id: answer
    uses: CreateIssueComment
    with: { issue_text: "${{ steps.ask.openai_responses[0] }}" }
"#;

pub(super) fn play(case: &Case, binary: &Path) -> Verdict {
    let forge = match start(case.site) {
        Ok(forge) => forge,
        Err(why) => return Verdict::unplayed(why),
    };
    let world = World::new(TestRepo::with_files(&[("README.md", "# Shop\n")]), case.site);
    let text = world.text(case);
    let or = |place: Place, usual: &str| if case.place == place { text.clone() } else { usual.to_owned() };
    let title = or(Place::IssueTitle, "Crash on an empty cart");
    let number = forge.add_issue("mallory", &title, &or(Place::IssueBody, "It crashes."));
    let on = Thing::Issue(number);
    forge.add_comment_as("alice", on, "I can see it, too.", None, None);
    if case.place == Place::IssueComment {
        forge.add_comment_as("mallory", on, &text, None, None);
    }
    let flow = world.repo.beside("answer.yml");
    std::fs::write(&flow, PATCHFLOW).expect("the patchflow");

    let weak = At { path: String::new(), start: 1, end: 1 };
    let subject = Subject { weak, code: String::new(), obedient: world.obedient(case) };
    let model = ModelServer::start(move |request| obey(request, &subject));
    let (held, before) = (Held::by(&forge), world.before());
    let args = [
        flow.to_string_lossy().into_owned(),
        format!("issue_url={}", case.site.page(forge.url(), on)),
        format!("client_base_url={}", model.openai_url()),
        format!("openai_api_key={KEY}"),
        "model=gpt-4o".to_owned(),
        format!("scm_url={}", forge.url()),
        format!("{}={TOKEN}", case.site.kind().token_option()),
    ];
    let hosts = vec![forge.url().trim_start_matches("http://").to_owned()];
    let known = Known { hosts, slug: case.site.slug().to_owned(), ..world.known(case) };
    let (printed, mut got) = world.run(&mut world.patchwork(binary, &args), &known);
    got.extend(world.told(&model, case, &known));
    got.extend(world.changes(&before, &[]));
    got.extend(held.since(&forge, &Allowed { on, files: &[], known: &known }));
    Verdict { printed, posted: held.new_comments(&forge).len(), ..Verdict::of(model.count(), got) }
}
