//! Texts of work items: Markdown where the server knows it, else HTML.

/// A text as HTML that shows it as it is.
pub(super) fn to_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let lines = escaped.lines().map(|line| line.replace("  ", "&nbsp; ")).collect::<Vec<_>>();
    format!("<div>{}</div>", lines.join("<br>"))
}

/// The text of HTML that people or [`to_html`] wrote, its blocks on lines of their own. Whatever is no HTML stays what it is.
pub(super) fn to_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        rest = match found.starts_with('<') {
            true => tag(found, &mut out),
            false => entity(found, &mut out),
        };
    }
    out.push_str(rest);
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// Reads a tag or a comment at the beginning of a text; what follows it.
fn tag<'a>(text: &'a str, out: &mut String) -> &'a str {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let inside = text.get(1..).unwrap_or_default();
    let is_tag = inside.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic());
    let Some((tag, rest)) = inside.split_once('>').filter(|_| is_tag) else {
        out.push('<');
        return inside;
    };
    let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
    match name.to_ascii_lowercase().trim_end_matches('/') {
        "br" | "/p" | "/div" | "/li" | "/tr" | "/pre" | "/h1" | "/h2" | "/h3" | "/h4" | "/h5" | "/h6" => {
            out.push('\n')
        }
        "li" => out.push_str("- "),
        _ => {}
    }
    rest
}

/// Reads an entity at the beginning of a text; what follows it.
fn entity<'a>(text: &'a str, out: &mut String) -> &'a str {
    let inside = text.get(1..).unwrap_or_default();
    let read = inside.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest)));
    match read {
        Some((c, rest)) => {
            out.push(c);
            rest
        }
        None => {
            out.push('&');
            inside
        }
    }
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).map(|c| if c == '\u{a0}' { ' ' } else { c })
        }
    }
}

#[cfg(test)]
mod tests {
    use patchwork_core::port::forge::Hidden;
    use patchwork_core::port::forge::mark::Mark;

    use super::*;

    #[test]
    fn a_text_comes_back_with_its_mark() {
        let body = "## Title\n\n```rs\nif a < b && c {\n    \"x\"\n}\n```\n<details> &amp; done";
        let text = Mark::named("CreateIssue").write(body, Hidden::Html);
        let html = to_html(&text);
        assert!(!html.contains("<details") && !html.contains('\n'), "{html}");
        assert_eq!(to_text(&html), text);
        assert!(Mark::read(&to_text(&html)).unwrap().as_written);
    }

    #[test]
    fn html_of_people_is_read() {
        for (html, text) in [
            ("<div>It <b>fails</b>.<br></div><div>Always</div>", "It fails.\n\nAlways"),
            ("<ul><li>one</li><li>two &lt;3</li></ul>", "- one\n- two <3"),
            ("<p>a&nbsp;b&#39;s &#x2014; c</p>", "a b's — c"),
            ("plain & simple: 1 < 2; &what; &#xffffffff;", "plain & simple: 1 < 2; &what; &#xffffffff;"),
            ("<!-- hidden -->shown<!-- open", "shown"),
            ("<a href=\"https://x.test\">link</a> <img", "link <img"),
            ("", ""),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }
}
