//! What is read, and what is said of what is not.

use super::*;

fn tree(text: &str) -> (Option<Yaml>, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let file = SourceText::new("a.yml", text);
    (read(&file, &mut faults), faults)
}

fn spans(yaml: &Yaml, text: &str, out: &mut Vec<String>) {
    match &yaml.kind {
        Kind::List(items) => items.iter().for_each(|item| spans(item, text, out)),
        Kind::Map(entries) => entries.iter().for_each(|entry| {
            out.push(text[entry.key.span.clone()].to_owned());
            spans(&entry.value, text, out);
        }),
        _ => out.push(text[yaml.span.clone()].to_owned()),
    }
}

#[test]
fn every_key_and_value_has_its_place() {
    let text = "a: 1\r\nbö:\r\n  - x: \"q\\n\"\r\n    y: {z: [on, 2.5, ~]}\r\nc: |\r\n  block\r\n  two\r\nd: >-\r\n  e\r\n";
    let (yaml, faults) = tree(text);
    assert!(faults.is_empty(), "{faults:?}");
    let mut out = Vec::new();
    spans(&yaml.unwrap(), text, &mut out);
    insta::assert_debug_snapshot!(out, @r#"
    [
        "a",
        "1",
        "bö",
        "x",
        "\"q\\n\"",
        "y",
        "z",
        "on",
        "2.5",
        "~",
        "c",
        "block\r\n  two\r\n",
        "d",
        "e\r\n",
    ]
    "#);
}

#[test]
fn oddities() {
    let mut out = String::new();
    for text in [
        "",
        "# only a comment\n",
        "a: 1\na: 2\nb: {c: 1, c: 2}\n",
        "a: &x {b: 1}\nc: *x\n",
        "a: *nope\n",
        "a: &x {b: 1}\nc: {<<: *x}\n",
        "a: !!str 1\n",
        "a: !custom 1\n",
        "a: [1, 2\nb: 3\n",
        "a:\n\t- b\n",
        "a: \"open\n",
        "a: 1\n---\nb: 2\n",
        "[1]: 2\n",
        "404: x\ntrue: y\n",
        "a: yes\nb: no\nc: 0o17\nd: 1_000\n",
        "a: .inf\n",
        "a: 99999999999999999999\n",
        "a: b: c\n",
        "- a\nb: c\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: 'x\n",
        "\u{0}",
        "a: 2020-01-01\nb: 1e3\nc: 0x1f\nd: -7\n",
    ] {
        let (yaml, faults) = tree(text);
        let json = yaml.map(|y| y.to_json().to_string());
        out.push_str(&format!("{text:?}\n  {}\n", json.unwrap_or("no tree".into())));
        for fault in &faults {
            out.push_str(&format!("  {fault} {:?}\n", fault.help));
        }
    }
    insta::assert_snapshot!(out, @r##"
    ""
      null
    "# only a comment\n"
      null
    "a: 1\na: 2\nb: {c: 1, c: 2}\n"
      {"a":1,"b":{"c":1}}
      a.yml:2:1: the key `a` stands twice []
      a.yml:3:11: the key `c` stands twice []
    "a: &x {b: 1}\nc: *x\n"
      {"a":{"b":1},"c":{"b":1}}
    "a: *nope\n"
      no tree
      a.yml:1:4: this alias names no anchor ["a text that starts with `*` must be in quotes"]
    "a: &x {b: 1}\nc: {<<: *x}\n"
      no tree
      a.yml:2:5: merge keys (`<<`) are not supported ["write the keys out in each place"]
    "a: !!str 1\n"
      {"a":"1"}
    "a: !custom 1\n"
      no tree
      a.yml:1:12: the tag `!custom` is not supported ["write the value without a tag"]
    "a: [1, 2\nb: 3\n"
      no tree
      a.yml:2:2: not valid YAML: illegal placement of ':' indicator []
    "a:\n\t- b\n"
      no tree
      a.yml:2:2: not valid YAML: tabs disallowed within this context (block indentation) []
    "a: \"open\n"
      no tree
      a.yml:2:1: not valid YAML: invalid indentation in multiline quoted scalar []
    "a: 1\n---\nb: 2\n"
      no tree
      a.yml:3:1: the file holds more than one document ["remove the `---` line and what follows"]
    "[1]: 2\n"
      {}
      a.yml:1:1: a key must be a word []
    "404: x\ntrue: y\n"
      {"404":"x","true":"y"}
    "a: yes\nb: no\nc: 0o17\nd: 1_000\n"
      {"a":"yes","b":"no","c":15,"d":1000}
    "a: .inf\n"
      no tree
      a.yml:1:4: not valid YAML: non-finite float `.inf` rejected by the configured policy []
    "a: 99999999999999999999\n"
      {"a":1e+20}
    "a: b: c\n"
      no tree
      a.yml:1:5: not valid YAML: mapping values are not allowed in this context []
    "- a\nb: c\n"
      no tree
      a.yml:2:1: not valid YAML: while parsing a block collection, did not find expected '-' indicator []
    "%YAML 1.1\n---\na: 1\n"
      {"a":1}
    "a: 'x\n"
      no tree
      a.yml:2:1: not valid YAML: invalid indentation in multiline quoted scalar []
    "\0"
      no tree
      a.yml:1:1: not valid YAML: unexpected character: `\u{0}' []
    "a: 2020-01-01\nb: 1e3\nc: 0x1f\nd: -7\n"
      {"a":"2020-01-01","b":1000.0,"c":31,"d":-7}
    "##);
}
