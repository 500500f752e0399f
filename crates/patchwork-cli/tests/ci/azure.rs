//! The templates for Azure Pipelines: expanded as the service does, checked against its schema, their scripts run.

use std::collections::BTreeMap;
use std::process::Command;

use patchwork_testkit::repo::TestRepo;
use serde_json::{Map, Value, json};

use crate::checkers::{assert_fits, assert_good_script};
use crate::world::{document, noted, noting, program, weak_repository, with_patchwork};

/// A template with these parameters and the defaults of the others, templates in it included.
fn expanded(template: &str, given: &Value) -> Value {
    let document = document(template);
    let mut parameters = Map::new();
    for parameter in document["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let value = given.get(name).or_else(|| parameter.get("default"));
        parameters
            .insert(name.to_owned(), value.unwrap_or_else(|| panic!("{template} wants {name}")).clone());
    }
    for name in given.as_object().unwrap().keys() {
        assert!(parameters.contains_key(name), "{template} has no parameter {name}");
    }
    let mut out = document;
    out.as_object_mut().unwrap().remove("parameters");
    expand(&out, &Value::Object(parameters))
}

fn expand(value: &Value, parameters: &Value) -> Value {
    match value {
        Value::String(text) => {
            match text.strip_prefix("${{ parameters.").and_then(|rest| rest.strip_suffix(" }}")) {
                Some(name) => parameters[name].clone(),
                None => {
                    assert!(!text.contains("${{"), "an expression that is part of a text: {text}");
                    value.clone()
                }
            }
        }
        Value::Array(items) => items.iter().flat_map(|item| steps(item, parameters)).collect(),
        Value::Object(fields) => {
            let mut out = Map::new();
            for (name, value) in fields {
                match name
                    .strip_prefix("${{ each key in parameters.")
                    .and_then(|rest| rest.strip_suffix(" }}"))
                {
                    Some(name) => {
                        assert_eq!(*value, json!({"${{ key.key }}": "${{ key.value }}"}));
                        out.extend(parameters[name].as_object().unwrap().clone());
                    }
                    None => {
                        out.insert(name.clone(), expand(value, parameters));
                    }
                }
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// An item of a list, or those of the template that it names.
fn steps(item: &Value, parameters: &Value) -> Vec<Value> {
    match item["template"].as_str() {
        Some(name) => {
            let template = expanded(&format!("ci/azure/{name}"), &expand(&item["parameters"], parameters));
            template["steps"].as_array().unwrap().clone()
        }
        None => vec![expand(item, parameters)],
    }
}

/// The schema knows what the service makes of numbers and switches in YAML only as text.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(as_text).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), as_text(value))).collect::<Map<_, _>>().into()
        }
        Value::Number(_) | Value::Bool(_) => value.to_string().into(),
        other => other.clone(),
    }
}

#[test]
fn the_jobs_and_the_example_fit_azure_s_schema() {
    let keys = json!({ "OPENAI_API_KEY": "$(OPENAI_API_KEY)" });
    let jobs = expanded("ci/azure/patchwork.yml", &json!({ "model_keys": keys }));
    assert_eq!(jobs["jobs"][0]["steps"][2]["env"]["OPENAI_API_KEY"], "$(OPENAI_API_KEY)");
    assert_fits("vendor.azure-pipelines", &as_text(&jobs));
    for step in jobs["jobs"].as_array().unwrap().iter().flat_map(|job| job["steps"].as_array().unwrap()) {
        step["bash"].as_str().into_iter().for_each(|script| assert_good_script("bash", script));
    }
    // The conditions of the example are for the service; what they let in is ours.
    let mut example = document("examples/ci/azure/azure-pipelines.yml");
    let jobs = example["jobs"].take();
    let jobs: Vec<Value> = jobs
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|job| job.as_object().unwrap().values().flat_map(|jobs| jobs.as_array().unwrap().clone()))
        .collect();
    for job in &jobs {
        assert_eq!(job["template"], "ci/azure/patchwork.yml@patchwork");
        expanded("ci/azure/patchwork.yml", &job["parameters"]);
    }
    example["jobs"] = jobs.into();
    assert_fits("vendor.azure-pipelines", &as_text(&example));
}

/// A job of the template.
struct Job<'a> {
    repo: &'a TestRepo,
    steps: Vec<Value>,
    variables: BTreeMap<String, String>,
}

impl<'a> Job<'a> {
    fn new(repo: &'a TestRepo, number: usize, parameters: &Value) -> Self {
        let jobs = expanded("ci/azure/patchwork.yml", parameters);
        let steps = jobs["jobs"][number]["steps"].as_array().unwrap().clone();
        Self { repo, steps, variables: BTreeMap::new() }
    }

    fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.variables
            .extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Runs the scripts until one fails; answers its exit code and what they printed.
    fn run(&self) -> (i32, String) {
        let agent = self.repo.beside("agent");
        std::fs::create_dir_all(agent.join("temp")).unwrap();
        let usual = std::env::var("PATH").unwrap();
        let mut log = String::new();
        for step in &self.steps {
            let Some(script) = step["bash"].as_str() else { continue };
            let mut command = Command::new("bash");
            command
                .args(["--noprofile", "--norc", "-c", script])
                .current_dir(self.repo.root())
                .env_clear()
                .envs(self.repo.environment())
                .env("PATH", format!("{}:{usual}", self.repo.beside("programs").display()))
                .env("AGENT_TEMPDIRECTORY", agent.join("temp"))
                .env("PIPELINE_WORKSPACE", agent.join("workspace"))
                .env("BUILD_REPOSITORY_URI", "https://acme@dev.azure.com/acme/My%20Shop/_git/shop")
                .env("TF_BUILD", "True")
                .envs(&self.variables);
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, value.as_str().unwrap());
            }
            let output = command.output().unwrap();
            log.push_str(&String::from_utf8(output.stdout).unwrap());
            log.push_str(&String::from_utf8(output.stderr).unwrap());
            let code = output.status.code().unwrap();
            if code != 0 {
                return (code, log);
            }
        }
        (0, log)
    }
}

/// The commands that the agent would obey, which it finds anywhere in a line.
fn obeyed(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.find("##vso[").map(|at| &line[at..])).collect()
}

#[test]
fn the_pull_request_of_the_build_is_reviewed_with_the_options_as_they_were_written() {
    let repo = weak_repository();
    repo.with_remote();
    repo.git(&["fetch", "--quiet", "origin"]);
    noting(&repo, "printf '%s\\n' '##vso[task.setvariable variable=PATH]/tmp' 'x ##[error]y'");
    let parameters = json!({
        "options": "severity=high\n  # a remark\npr_title=$(touch pwned) `x` \"a\"\n",
        "model_keys": { "OPENAI_API_KEY": "sk-0000000001" },
        "read_token": "reads-only",
    });
    let pull_request =
        [("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"), ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")];
    let (code, log) = Job::new(&repo, 0, &parameters).env(&pull_request).run();
    assert_eq!(code, 0, "{log}");
    let bundle = repo.beside("agent/temp/patchwork/bundle.json");
    let expected = format!(
        "[PRReview]\n[max_cost=1.00]\n[pr_url=https://dev.azure.com/acme/My%20Shop/_git/shop/pullrequest/7]\n[severity=high]\n[pr_title=$(touch pwned) `x` \"a\"]\n[--propose={}]\n",
        bundle.display()
    );
    assert_eq!(noted(&repo), expected);
    assert_eq!(obeyed(&log), [] as [&str; 0], "{log}");
    assert!(log.contains("# #vso[task.setvariable") && log.contains("# #[error]y"), "{log}");
    let seen = std::fs::read_to_string(repo.beside("variables")).unwrap();
    assert!(
        seen.contains("AZURE_DEVOPS_EXT_PAT=reads-only\n") && seen.contains("OPENAI_API_KEY=sk-0000000001\n"),
        "{seen}"
    );
    let (code, log) = Job::new(&repo, 0, &json!({ "options": "--output=x" })).run();
    assert_eq!((code, obeyed(&log).len()), (2, 1), "{log}");
}

#[test]
fn the_bundle_is_carried_out_and_without_one_there_is_nothing_to_do() {
    let repo = weak_repository();
    noting(&repo, "exit 6");
    let (code, log) = Job::new(&repo, 1, &json!({ "write_token": "writes" })).run();
    assert_eq!((code, log.as_str()), (0, "nothing was proposed\n"));
    let bundle = repo.beside("agent/workspace/patchwork/bundle.json");
    std::fs::create_dir_all(bundle.parent().unwrap()).unwrap();
    std::fs::write(&bundle, "{}").unwrap();
    let (code, log) = Job::new(&repo, 1, &json!({ "write_token": "writes" }))
        .env(&[("SYSTEM_PULLREQUEST_PULLREQUESTID", "7")])
        .run();
    assert_eq!(code, 6, "{log}");
    let page = "https://dev.azure.com/acme/My%20Shop/_git/shop/pullrequest/7";
    assert_eq!(noted(&repo), format!("[apply]\n[{}]\n[pr_url={page}]\n", bundle.display()));
    let seen = std::fs::read_to_string(repo.beside("variables")).unwrap();
    assert!(seen.contains("AZURE_DEVOPS_EXT_PAT=writes\n"), "{seen}");
}

#[test]
fn a_release_that_is_not_the_one_of_the_checksum_is_not_run() {
    let repo = weak_repository();
    program(&repo, "curl", "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\necho x >\"$2\"\n");
    let (code, log) = Job::new(&repo, 0, &json!({ "checksum": "0".repeat(64) })).run();
    assert_eq!(code, 6, "{log}");
    assert!(obeyed(&log)[0].contains("is not the file of the parameter checksum"), "{log}");
}

#[test]
fn autofix_leaves_remarks_and_a_report() {
    let repo = weak_repository();
    repo.with_remote();
    with_patchwork(&repo);
    let parameters = json!({ "patchflow": "AutoFix", "options": "dry_run=true" });
    let (code, log) = Job::new(&repo, 0, &parameters).run();
    assert_eq!(code, 0, "{log}");
    let told = obeyed(&log);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("##vso[task.logissue type=warning;sourcepath=app.py;linenumber=6;code="),
        "{told:#?}"
    );
    assert!(told[1].starts_with("##vso[task.uploadsummary]"), "{told:#?}");
    assert!(repo.beside("agent/temp/patchwork/kept/report.html").is_file());
}
