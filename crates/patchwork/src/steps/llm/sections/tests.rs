use super::*;

fn markers(list: &[&str]) -> Vec<String> {
    list.iter().map(|m| (*m).to_owned()).collect()
}

#[test]
fn the_right_fence_closes_a_block() {
    let cases: [(&str, &str, Result<&str, FenceError>); 14] = [
        ("plain", "```python\na = 1\n```\n", Ok("a = 1\n")),
        ("text around it", "Here:\n```\na\n```\nThat is all.", Ok("a\n")),
        ("tildes", "~~~js\na\n```\nb\n~~~", Ok("a\n```\nb\n")),
        ("longer fence around backticks", "````\na\n```\nb\n```\nc\n````\n", Ok("a\n```\nb\n```\nc\n")),
        ("a pair of equal fences inside", "```\na\n```\nx\n```\nb\n```\n", Ok("a\n```\nx\n```\nb\n")),
        (
            "an inner block with a language",
            "```md\n# t\n```sh\nls\n```\nend\n```\n",
            Ok("# t\n```sh\nls\n```\nend\n"),
        ),
        (
            "indented fences are code",
            "```py\n\"\"\"\n    ```\n    x\n    ```\n\"\"\"\n```",
            Ok("\"\"\"\n    ```\n    x\n    ```\n\"\"\"\n"),
        ),
        ("a second block is not part of the first", "```py\na\n```\nor\n```py\nb\n```\n", Ok("a\n")),
        ("opened at the end of a line", "Code: ```py\na\n```\n", Ok("a\n")),
        ("backticks in a line are no fence", "```js\nx = '```' + y```\n```\n", Ok("x = '```' + y```\n")),
        ("empty", "```\n```", Ok("")),
        ("crlf", "```py\r\na\r\n```\r\n", Ok("a\r\n")),
        ("cut", "```py\na = [\n", Err(FenceError::Unclosed)),
        ("none", "a = 1\n", Err(FenceError::Missing)),
    ];
    for (name, text, expected) in cases {
        assert_eq!(fenced(text).map(|block| block.body), expected, "{name}");
    }
}

#[test]
fn an_inner_block_whose_outer_fence_is_missing_is_unclosed() {
    assert_eq!(fenced("```md\n```sh\nls\n```\n"), Err(FenceError::Unclosed));
}

#[test]
fn headings_are_found_in_any_decoration() {
    for line in [
        "A. Commit message: fix",
        "**A. Commit message:** fix",
        "**A. Commit message**: fix",
        "## a. commit  Message: fix",
        "> __A.__ Commit message: fix",
    ] {
        let text = format!("intro\n{line}\n");
        let (start, end) = find_heading(&text, "A. Commit message:").expect(line);
        assert_eq!(start, 6, "{line}");
        assert_eq!(text[end..].trim(), "fix", "{line}");
    }
    assert!(find_heading("### A. Commit message\nfix", "A. Commit message:").is_some());
    assert_eq!(find_heading("see A. Commit message: fix", "A. Commit message:"), None);
    assert_eq!(find_heading("A. Commit messages are good", "A. Commit message:"), None);
}

#[test]
fn partitions_follow_their_markers() {
    let text = "A. Commit message:\nMention D. Fixed Code: here\nB. Change summary:\nWhy\nD. Fixed Code:\n```py\na\n```\n";
    let cut = |list: &[&str]| partition(text, &markers(list));
    assert_eq!(cut(&["A. Commit message:", "B. Change summary:"]), Ok("Mention D. Fixed Code: here"));
    assert_eq!(cut(&["D. Fixed Code:", "```", "\n", "```"]), Ok("a\n"));
    assert_eq!(cut(&["D. Fixed Code:", "```", "```"]), Ok("a\n"));
    assert_eq!(cut(&["B. Change summary:", "\n", ""]).map(|s| s.starts_with("Why")), Ok(true));
    assert_eq!(cut(&[]), Ok(text.trim()));
    assert_eq!(cut(&["C. Compatibility Risk:", ""]), Err("`C. Compatibility Risk:` is missing".to_owned()));
    assert_eq!(cut(&["A. Commit message:", "Z."]), Err("`Z.` is missing".to_owned()));
}
