//! Other files, and limits of size.

use insta::assert_snapshot;

use super::{lines, report_of};
use crate::patchflow::decode;

#[test]
fn sub_patchflows() {
    let text = "name: A\nsteps:\n  - { uses: ./b.yml, id: b }\n  - { id: c, uses: ./b.yml, with: { paths: [a], limit: x } }\n";
    let b = "name: B\ninputs: { limit: { type: integer } }\nsteps: [{ uses: Scan, with: { pahts: [] } }]\n";
    assert_snapshot!(lines(text, &[("./b.yml", b)]), @r"
    unknown-field 4:37: ./b.yml has no input `paths`
        ./b.yml takes limit
    type 4:56: `limit` must be an integer, but `x` is a string
    unknown-field ./b.yml:3:31: Scan has no input `pahts`
        did you mean `paths`?
    ");
    let cycle = "name: B\nsteps: [{ uses: ./b.yml }]\n";
    assert_snapshot!(lines("name: A\nsteps: [{ uses: ./b.yml }]\n", &[("./b.yml", cycle)]), @"cycle ./b.yml:2:17: this patchflow uses itself: flow.yml → b.yml → b.yml");
    let own = "name: Own\nsteps: [{ uses: Nope }]\n";
    assert_snapshot!(lines("name: A\nsteps: [{ uses: Own }]\n", &[("Own", own)]), @r"
    unknown-step Own:2:17: there is no step or patchflow `Nope`
        `patchwork list` shows what there is; a file is written `./other.yml`
    ");
}

#[test]
fn prompt_files() {
    let text = "name: A\nsteps: [{ uses: Ask, with: { prompt_id: fix } }]\n";
    let prompts = "- id: fix\n  prompts: [{ role: user, content: \"{{#a}}x{{/a}}\" }]\n";
    assert_snapshot!(lines(text, &[("flow.yml.prompts", prompts)]), @r"
    prompt flow.yml.prompts: prompt `fix` in flow.yml.prompts: `{{#a}}` is a Mustache section
        write {% for item in a %} … {{ item.field }} … {% endfor %} for a list, or {% if a %} … {% endif %}
    ");
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_said() {
    let error = decode("a.yml", b"name: A\nx: \xff\n").unwrap_err();
    assert_snapshot!(report_of(&[*error]), @r"
    error[not-utf8]: the file is not UTF-8 text: line 2 holds other bytes
    --> a.yml
     = help: save it in UTF-8

    1 error
    ");
    let error = decode("a.yml", &vec![b'#'; 5 << 20]).unwrap_err();
    assert_snapshot!(report_of(&[*error]), @r"
    error[too-large]: the file is too large: 5242880 bytes, 4194304 at most
    --> a.yml

    1 error
    ");
    let deep = format!("name: A\nsteps: {}", "[".repeat(5_000));
    assert!(lines(&deep, &[]).contains("yaml "), "{}", lines(&deep, &[]));
    let bomb = format!(
        "name: &a [x, x, x, x, x, x, x, x]\n{}steps: *i\n",
        "bcdefghi"
            .chars()
            .zip("abcdefgh".chars())
            .map(|(c, p)| format!("{c}: &{c} [{}]\n", vec![format!("*{p}"); 8].join(", ")))
            .collect::<String>()
    );
    assert_snapshot!(lines(&bomb, &[]), @"yaml 1:10: the document is too large or nested too deeply");
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| {
        let open: String = (0..levels).map(|depth| format!("[{{ id: n{depth}, steps: ")).collect();
        format!("name: A\nsteps: {open}[{{ uses: Scan }}]{}\n", "}]".repeat(levels))
    };
    assert_eq!(lines(&nested(16), &[]), "good\n");
    assert!(lines(&nested(17), &[]).starts_with("too-deep "), "{}", lines(&nested(17), &[]));
    assert!(lines(&nested(2_000), &[]).starts_with("yaml "), "{}", lines(&nested(2_000), &[]));
}

#[test]
fn no_text_makes_it_panic() {
    let text = super::happy::FULL;
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for at in places.into_iter().step_by(5) {
        let (before, after) = text.split_at(at);
        let rest: String = after.chars().skip(1).collect();
        for changed in [
            before.to_owned(),
            format!("{before}{rest}"),
            format!("{before}: ä{{{rest}"),
            format!("{before}${{{{{rest}"),
        ] {
            assert!(!super::report(&changed).is_empty());
        }
    }
}
