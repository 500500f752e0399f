//! Ruby with Bundler, Rake, RSpec and Minitest.

use super::{Folder, Line, Lines, Network};

/// What Minitest has no command for: every test below `test/`.
const MINITEST: &str =
    r#"ruby -Ilib -Itest -e 'Dir["./test/**/{*_test,test_*}.rb"].sort.each { |file| require file }'"#;

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let bundle = if folder.has("Gemfile") { "bundle exec " } else { "" };
    let setup = Line::new("bundle install", "Gemfile").filter(|_| folder.has("Gemfile"));
    let rails = folder.sub("bin").is_some_and(|bin| bin.has("rails"));
    let test_files =
        |name: &str| name.ends_with("_test.rb") || (name.starts_with("test_") && name.ends_with(".rb"));
    let tests = if folder.has(".rspec") || folder.sub("spec").is_some_and(|spec| spec.has("spec_helper.rb")) {
        Line::new(format!("{bundle}rspec"), "spec")
    } else if rails && folder.sub("test").is_some() {
        Line::new("ruby bin/rails test", "bin/rails")
    } else if folder.read("Rakefile").is_some_and(|text| has_test_task(&text)) {
        Line::new(format!("{bundle}rake test"), "Rakefile")
    } else if folder.sub("test").is_some_and(|test| test.files(test_files).next().is_some()) {
        Line::new(format!("{bundle}{MINITEST}"), "test")
    } else {
        None
    };
    Some(Lines { setup, build: None, tests })
}

/// Whether a Rakefile has a task that is called `test`.
fn has_test_task(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        line.starts_with("Rake::TestTask.new")
            || line.starts_with("Minitest::TestTask.create")
            || ["task :test", "task test:", "task 'test'", "task \"test\""]
                .iter()
                .any(|start| line.strip_prefix(start).is_some_and(|rest| !rest.starts_with(is_word)))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
