//! What CI systems are shown: a run with one of everything, and texts that would be orders.

use serde_json::Value;

use super::fixture::rich;
use crate::report::{azure, github, gitlab, variables};

const NO_FIX: &str = "A customer chooses which address is fetched%0ANot fixed: The list of partners that may be fetched is not in this repository.";

#[test]
fn annotations_tell_what_is_open_behind_the_failure() {
    let told = github(&rich());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert_eq!(lines[0], "::error title=AutoFix::2 findings of severity high or above remain");
    assert!(
        lines[1].starts_with("::error file=web/<b>&\u{202e}.js,line=7,endLine=7,title=js.xss`::</summary>"),
        "{told}"
    );
    assert!(
        lines[1].contains("fixes #1 gnihton[2J | a`b%0ANot fixed: </summary>"),
        "what hides text is left out: {told}"
    );
    assert_eq!(lines[2], format!("::error file=shop/fetch.py,line=41,endLine=41,title=py.ssrf::{NO_FIX}"));

    let told = azure(&rich());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert_eq!(
        lines[0],
        "##vso[task.logissue type=error;]AutoFix: 2 findings of severity high or above remain"
    );
    let place = "##vso[task.logissue type=error;sourcepath=shop/fetch.py;linenumber=41;code=py.ssrf;]";
    assert_eq!(lines[2], format!("{place}{NO_FIX}"));
}

#[test]
fn what_a_dry_run_fixed_is_open() {
    let mut report = rich();
    report.failure = None;
    for case in &mut report.cases {
        case.fix.iter_mut().for_each(|fix| fix.committed = false);
    }
    let told = github(&report);
    assert_eq!(told.lines().count(), 4, "{told}");
    let last = "::warning file=shop/tokens.py,line=3,endLine=3,title=weak-hash::MD5 is broken%0AA fix is proven (finding gone, no new one) and not committed: Use SHA-256";
    assert_eq!(told.lines().last(), Some(last));
}

#[test]
fn gitlab_tells_equal_findings_apart() {
    let mut report = rich();
    let again = report.cases.iter().find(|case| case.path == "shop/fetch.py").unwrap().clone();
    report.cases.push(again);
    let issues: Value = serde_json::from_str(&gitlab(&report)).unwrap();
    let issues = issues.as_array().unwrap();
    let mut prints: Vec<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!((issues.len(), prints.len()), (3, 3));
    assert_eq!(
        (&issues[0]["severity"], &issues[0]["location"]["lines"]["begin"]),
        (&"critical".into(), &7.into())
    );
}

#[test]
fn variables_are_lines_whatever_they_hold() {
    let mut report = rich();
    report.published.branch = Some("a\nPATCHWORK_RUN_ID=b\r".into());
    let told = variables(&report);
    let value = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    assert_eq!(value("PATCHWORK_RUN_ID=").as_deref(), Some("20261121-054211-7f3a9c"));
    assert_eq!(value("PATCHWORK_BRANCH=").as_deref(), Some("aPATCHWORK_RUN_ID=b"));
    assert_eq!(value("PATCHWORK_COST_USD=").as_deref(), Some(""), "one call is of unknown price");
    assert_eq!(
        (value("PATCHWORK_EXIT_CODE=").as_deref(), value("PATCHWORK_REMAINING=").as_deref()),
        (Some("10"), Some("2"))
    );
    report.totals.unpriced_calls = 0;
    let cost = report.totals.cost.0;
    assert!(variables(&report).contains(&format!("PATCHWORK_COST_USD=0.{cost:06}\n")));
    assert_eq!(told.lines().count(), 9);
}
