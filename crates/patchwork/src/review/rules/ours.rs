//! The rules that are shipped.

use patchwork_core::finding::Severity;

use super::ReviewRule;

/// Id, title, text, and the severity where breaking the rule always has the same.
const OURS: [(&str, &str, &str, Option<Severity>); 18] = [
    (
        "logic",
        "Code does what it says",
        "The changed code gives a wrong result for an input that can occur: an inverted or incomplete condition, a wrong \
         operator or variable, a branch that is never or always taken, an early return that skips work. Name the input and \
         the result. Not: code that could be written in another way.",
        None,
    ),
    (
        "boundary",
        "Ends, empties and limits",
        "An index, a slice, a loop or a conversion goes wrong at an end: empty input, first or last element, one too many, \
         zero, a negative number, overflow, a division by zero. Name the value. Not where the caller visibly rules it out.",
        None,
    ),
    (
        "absent-value",
        "Absent values",
        "A value that can be null, none, undefined or missing is used as if it were there, and the code shown tells that it \
         can be absent. Not: values of which the type or an earlier check says that they are there.",
        None,
    ),
    (
        "error-handling",
        "Errors reach somebody",
        "An error is swallowed, replaced by a success, or handled so that state is left half changed; or a call whose failure \
         matters is not checked. Not: failures that are deliberately ignored with a reason beside them.",
        None,
    ),
    (
        "resource",
        "What is opened is closed",
        "A file, connection, lock, handle, thread, subscription or timer that the changed code takes is not released on every \
         way out, errors included; or memory grows without bound.",
        None,
    ),
    (
        "concurrency",
        "Shared state",
        "State that several threads, tasks, processes or requests use is read and written without what makes that safe: a \
         check that is stale when it is used, a lock not held or taken in another order, a missing await, work that blocks \
         an event loop. Say which two run at once.",
        None,
    ),
    (
        "data-loss",
        "Data stays whole",
        "The change can delete, overwrite, truncate or corrupt stored data, or a migration can't run on data that is there, \
         leaves rows behind, or can't be undone where that is expected.",
        Some(Severity::High),
    ),
    (
        "injection",
        "Data is never code",
        "Data from outside reaches SQL, a shell, a template, HTML, a path, a regular expression, a query language or a \
         deserializer that runs code, without binding, escaping or a check. Name where the data comes from. Not: constants, \
         or data that the code shown has checked.",
        Some(Severity::High),
    ),
    (
        "access",
        "Who may do it",
        "An endpoint, command or method that reads or changes what belongs to somebody lacks the check that its neighbours \
         have, checks the wrong subject, or trusts an identifier from the request.",
        Some(Severity::High),
    ),
    (
        "secret",
        "Secrets stay secret",
        "A key, password, token or personal data is written into code, a log, an error, a URL or an answer; or it is compared \
         or made in a way that gives it away.",
        Some(Severity::High),
    ),
    (
        "crypto",
        "Ciphers, randomness, certificates",
        "A weak or home-made cipher or hash is used to protect something, randomness that can be guessed makes a secret, or \
         the check of a certificate or signature is switched off. Not: hashes that protect nothing.",
        Some(Severity::High),
    ),
    (
        "outside-world",
        "Requests and files from outside",
        "An address, a path, an archive or a size that others choose is used without limits: a request into the own network, a \
         path that leaves its folder, an archive that unpacks without end, input read without a bound.",
        None,
    ),
    (
        "api-break",
        "Callers keep working",
        "A name, signature, default, type, error, wire format, option or exit code that others use is changed or removed, and \
         callers that are not part of this change break or silently behave differently. Name such a caller. Not: what is \
         private to the files shown.",
        None,
    ),
    (
        "incomplete-change",
        "All places are changed",
        "The change is made in one place and not in another that must agree with it: a second caller, a parallel branch, \
         another language's text, a schema and its reader, a switch over the same values. Name the other place; it must be \
         visible in what is shown.",
        None,
    ),
    (
        "test-missing",
        "Behaviour has a test",
        "The change adds or changes behaviour that can go wrong, the tests of this code are part of the change or shown, and \
         none of them would fail if that behaviour were broken. Say which case is missing. At most once for each function.",
        Some(Severity::Low),
    ),
    (
        "test-wrong",
        "Tests can fail",
        "A test that was added or changed passes whatever the code does: it asserts nothing or itself, swallows the failure, \
         never runs, or was loosened so that it no longer checks what its name says.",
        None,
    ),
    (
        "performance",
        "Work grows as it should",
        "The changed code does work that grows much faster than its input or repeats what is expensive: a query or request \
         for each element, a nested search through large lists, blocking calls on a hot way. Say what grows. Not: small \
         constant savings.",
        Some(Severity::Low),
    ),
    (
        "words",
        "Words fit the code",
        "A comment, a documentation, a message or a name that was written or left standing says the opposite of what the \
         changed code does, so that a reader would do the wrong thing. Not: style, spelling, or missing comments.",
        Some(Severity::Low),
    ),
];

/// The rules that are shipped.
pub fn ours() -> Vec<ReviewRule> {
    let rule = |(id, title, text, severity): &(&str, &str, &str, Option<Severity>)| ReviewRule {
        id: (*id).to_owned(),
        title: (*title).to_owned(),
        text: (*text).to_owned(),
        severity: *severity,
        languages: Vec::new(),
        paths: Vec::new(),
        origin: None,
    };
    OURS.iter().map(rule).collect()
}
