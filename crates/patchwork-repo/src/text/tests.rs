use super::*;

fn decoded(bytes: &[u8]) -> SourceText {
    SourceText::decode(bytes).unwrap()
}

fn utf16(text: &str, write: fn(u16) -> [u8; 2], bom: [u8; 2]) -> Vec<u8> {
    bom.into_iter().chain(text.encode_utf16().flat_map(write)).collect()
}

#[test]
fn encodings_are_told_apart() {
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode("# 日本語のコメントです\nprint('こんにちは')\n");
    let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("# Это комментарий на русском языке\n");
    let cases: [(&[u8], &str, &str); 13] = [
        (b"", "UTF-8", ""),
        (b"x = 1\n", "UTF-8", "x = 1\n"),
        ("café 5 € 😀\n".as_bytes(), "UTF-8", "café 5 € 😀\n"),
        (b"\xEF\xBB\xBFx\n", "UTF-8", "x\n"),
        // Valid UTF-8 is never anything else, whatever a comment claims.
        ("# -*- coding: latin-1 -*-\nx = 'é'\n".as_bytes(), "UTF-8", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (
            b"# -*- coding: latin-1 -*-\nx = '\xE9\x80'\n",
            "ISO-8859-1",
            "# -*- coding: latin-1 -*-\nx = 'é\u{80}'\n",
        ),
        (
            b"#!/bin/x\n# vim: set fileencoding=cp1252 :\n\x80\n",
            "windows-1252",
            "#!/bin/x\n# vim: set fileencoding=cp1252 :\n€\n",
        ),
        (
            b"a\nb\n# coding: koi8-r\nd\xE9j\xE0 vu, tr\xE8s bien\n",
            "windows-1252",
            "a\nb\n# coding: koi8-r\ndéjà vu, très bien\n",
        ),
        (b"x = 'caf\xE9 \x96 5 \x80'\n", "windows-1252", "x = 'café – 5 €'\n"),
        (&shift_jis, "Shift_JIS", "# 日本語のコメントです\nprint('こんにちは')\n"),
        (&cyrillic, "windows-1251", "# Это комментарий на русском языке\n"),
        (&utf16("a\r\né😀", u16::to_le_bytes, [0xFF, 0xFE]), "UTF-16LE", "a\né😀"),
        (&utf16("a\né😀\n", u16::to_be_bytes, [0xFE, 0xFF]), "UTF-16BE", "a\né😀\n"),
    ];
    for (bytes, name, text) in cases {
        let source = decoded(bytes);
        assert_eq!((source.encoding_name(), source.text()), (name, text));
        assert_eq!(source.bytes(), bytes);
    }
    assert!(decoded(b"\xEF\xBB\xBFx\n").has_bom());
    assert!(!decoded(b"x\n").has_bom());
}

#[test]
fn a_declaration_that_does_not_fit_is_not_believed() {
    let source = decoded(b"# coding: shift_jis\nx = '\xE9'\n");
    assert_eq!((source.encoding_name(), source.line(1)), ("windows-1252", Some("x = 'é'")));
    assert_eq!(decoded(b"# coding: utf-16\n\xE9t\xE9\n").encoding_name(), "windows-1252");
}

#[test]
fn utf8_with_a_damaged_place_stays_utf8() {
    let mut bytes = "größe = 'übermäßig' # caf".as_bytes().to_vec();
    bytes.extend(b"\xE9\nx\n");
    let source = decoded(&bytes);
    assert!(source.is_damaged());
    assert_eq!(source.text(), "größe = 'übermäßig' # caf\u{FFFD}\nx\n");
}

#[test]
fn binary_files_are_refused() {
    assert_eq!(SourceText::decode(*b"\x7fELF\x01\0").unwrap_err(), TextError::Binary { offset: 5 });
    let failure = TextError::Binary { offset: 5 }.failure("a.out");
    assert_eq!(failure.message, "a.out: is a binary file (byte 5 is NUL)");
}

#[test]
fn only_line_feeds_end_lines() {
    let source = decoded("a\x0cb\nc\u{2028}d\u{85}\x0be\r\nf\rg\n\nlast".as_bytes());
    assert_eq!(source.line_count(), 5);
    assert_eq!(source.line(0), Some("a\x0cb"));
    assert_eq!(source.line(1), Some("c\u{2028}d\u{85}\x0be"));
    assert_eq!(source.line(2), Some("f\rg"));
    assert_eq!(source.line(3), Some(""));
    assert_eq!(source.line(4), Some("last"));
    assert_eq!(source.line(5), None);
    assert_eq!(source.line_range(1, 3), "c\u{2028}d\u{85}\x0be\nf\rg\n");
    assert_eq!(source.line_range(4, 99), "last");
    assert_eq!(source.line_range(3, 1), "");
}

#[test]
fn the_prevailing_line_end_is_known() {
    for (bytes, newline, lines) in [
        (&b""[..], Newline::Lf, 0),
        (b"a", Newline::Lf, 1),
        (b"a\n", Newline::Lf, 1),
        (b"\n\n", Newline::Lf, 2),
        (b"a\r\nb\r\nc\n", Newline::CrLf, 3),
        (b"a\nb\nc\r\n", Newline::Lf, 3),
        (b"a\r\nb\n", Newline::CrLf, 2),
        (b"a\rb\r", Newline::Cr, 2),
        (b"a\r\r\n", Newline::CrLf, 1),
    ] {
        let source = decoded(bytes);
        assert_eq!((source.newline(), source.line_count()), (newline, lines), "{bytes:?}");
    }
    assert_eq!(decoded(b"a\rb").text(), "a\nb");
}

#[test]
fn odd_and_lone_parts_of_utf16_are_damage_and_no_crash() {
    let source = decoded(b"\xFF\xFEa\0\n\0\x00\xD8b\0\x0A");
    assert!(source.is_damaged());
    assert_eq!(source.text(), "a\n\u{FFFD}b\u{FFFD}");
}
