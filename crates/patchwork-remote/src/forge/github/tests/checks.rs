//! Checks and code scanning.

use patchwork_core::port::forge::{Annotation, AnnotationLevel, CheckSpec, Conclusion, SarifSpec};

use super::*;

fn check_spec(annotations: usize) -> CheckSpec {
    let annotation = |n| Annotation {
        path: "a.py".into(),
        start_line: n,
        end_line: n,
        level: AnnotationLevel::Warning,
        title: "t".into(),
        message: format!("remark {n}"),
    };
    CheckSpec {
        commit: "1".repeat(40),
        name: "Patchwork review".into(),
        conclusion: Conclusion::Failure,
        title: "Two findings".into(),
        summary: "See below.".into(),
        details_url: Some("https://example.com/run".into()),
        annotations: (1..=annotations).map(|n| annotation(u32::try_from(n).unwrap())).collect(),
    }
}

#[tokio::test]
async fn annotations_come_in_batches_and_never_twice() {
    let server = server();
    server.installation_token();
    let forge = connect(&server);
    let ensure = async |spec: &CheckSpec| ensure::check(&*forge, spec).await.unwrap();
    let (url, how) = ensure(&check_spec(120)).await;
    assert_eq!(how, Ensured::Created);
    assert!(url.contains("/octo/app/runs/"), "{url}");
    let [check] = server.checks().try_into().unwrap();
    assert_eq!((check.batches, check.annotations.len()), (vec![50, 50, 20], 120));
    assert_eq!((check.conclusion.as_str(), check.annotations[119].start_line), ("failure", 120));

    assert_eq!(ensure(&check_spec(120)).await.1, Ensured::Unchanged);
    let (_, how) = ensure(&check_spec(3)).await;
    assert_eq!((how, server.checks().len()), (Ensured::Updated, 2), "annotations can't be taken away");
    assert_eq!(server.checks()[1].annotations.len(), 3);

    let none = CheckSpec { name: "other".into(), ..check_spec(0) };
    ensure(&none).await;
    let (_, how) =
        ensure(&CheckSpec { conclusion: Conclusion::Success, summary: String::new(), ..none }).await;
    assert_eq!(
        (how, server.checks().len()),
        (Ensured::Updated, 3),
        "without annotations it is changed in place"
    );
}

#[tokio::test]
async fn a_token_that_is_no_apps_is_told_what_checks_need() {
    let server = server();
    let failure = Failure::from(ensure::check(&*connect(&server), &check_spec(0)).await.unwrap_err());
    assert!(words(&failure).contains("must authenticate via a GitHub App"), "{}", words(&failure));
    assert!(words(&failure).contains("checks: write") && words(&failure).contains("github_app_id"));
}

#[tokio::test]
async fn a_sarif_report_arrives_whole() {
    let server = server();
    let report = format!(r#"{{"version": "2.1.0", "runs": [], "x": "{}"}}"#, "é".repeat(100_000));
    let spec =
        SarifSpec { commit: "1".repeat(40), reference: "refs/pull/7/head".into(), sarif: report.clone() };
    let forge = connect(&server);
    let page = forge.upload_sarif(&spec).await.unwrap();
    assert_eq!(page, format!("{}/octo/app/security/code-scanning", server.url()));
    let [sarif] = server.sarif().try_into().unwrap();
    assert_eq!((sarif.text, sarif.reference.as_str()), (report, "refs/pull/7/head"));
    assert!(server.writes()[0].body["sarif"].as_str().unwrap().len() < 10_000);

    server.read_only();
    let failure = Failure::from(connect(&server).upload_sarif(&spec).await.unwrap_err());
    assert!(words(&failure).contains("security_events=write"), "{}", words(&failure));
}
