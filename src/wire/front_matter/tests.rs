use serde_json::json;

use super::*;
use crate::platform::testing::assert_linear;

fn read(text: &str) -> Value {
    parse(text, 2).unwrap_or_else(|why| json!({ "refused": why, "text": text }))
}

#[test]
fn reads_unicode_spaces_as_text() {
    for space in ['\u{a0}', '\u{2003}', '\u{2028}', '\u{2029}', '\u{3000}'] {
        let text = format!("a: {{b,\n  {space}\n  }}\nc: {space}d{space}\n");
        let value = parse(&text, 1).unwrap();
        assert_eq!(value["c"], format!("{space}d{space}"));
        assert_eq!(value["a"].as_object().unwrap().len(), 2);
    }
}

#[test]
fn reads_usual_front_matter() {
    let text = r#"# A skill.
name: pdf-processing
description: "Extracts text: and \"tables\" \u00e9\n" # which is long
license: 'It''s free'
version: 1.0
count: 12
negative: -3
hex: 0x1F
enabled: true
nothing:
tilde: ~
url: https://example.com/a#b?c=d:e
time: 1999-01-01
yes: no

metadata:
  author: someone
  deep:
    deeper: [a, "b, c", 'd', 1, null, {x: y, "z":2}, [], {}]
  list:
  - one
  - two: 2
    three: 3
  - - nested
    - again
  -
    below: here
allowed-tools:
    - Bash(git:*)
    - "Read"
folded: >
  one
  two

  three
    deeper
  end
literal: |-
  # no comment
    indented

  last
kept: |+
  x

wide: this goes on
  in the next line

  and after a blank one
quoted: "a
  b\
  c

  d"
flow: [a,
  b c
  d, # a comment
  e]
"#;
    assert_eq!(
        read(text),
        json!({
            "name": "pdf-processing",
            "description": "Extracts text: and \"tables\" é\n",
            "license": "It's free",
            "version": 1.0, "count": 12, "negative": -3, "hex": 31,
            "enabled": true, "nothing": null, "tilde": null,
            "url": "https://example.com/a#b?c=d:e", "time": "1999-01-01", "yes": "no",
            "metadata": {
                "author": "someone",
                "deep": {"deeper": ["a", "b, c", "d", 1, null, {"x": "y", "z": 2}, [], {}]},
                "list": ["one", {"two": 2, "three": 3}, ["nested", "again"], {"below": "here"}],
            },
            "allowed-tools": ["Bash(git:*)", "Read"],
            "folded": "one two\nthree\n  deeper\nend\n",
            "literal": "# no comment\n  indented\n\nlast",
            "kept": "x\n\n",
            "wide": "this goes on in the next line\nand after a blank one",
            "quoted": "a bc\nd",
            "flow": ["a", "b c d", "e"],
        })
    );
    let windows = text.replace('\n', "\r\n");
    assert_eq!(read(&windows), read(text));
    assert_eq!(read(""), Value::Null);
    assert_eq!(read("# nothing\n\n"), Value::Null);
    assert_eq!(read("- a\n- b"), json!(["a", "b"]));
    assert_eq!(read("{\"a\": [1, 2],\n \"b\": {}}"), json!({"a": [1, 2], "b": {}}));
}

#[test]
fn resolves_plain_values_to_their_types() {
    for (text, value) in [
        ("a", json!("a")),
        ("1", json!(1)),
        ("+1", json!(1)),
        ("-1", json!(-1)),
        ("1.5", json!(1.5)),
        (".5", json!(0.5)),
        ("1e3", json!(1000.0)),
        ("1.2.3", json!("1.2.3")),
        ("007", json!("007")),
        ("0", json!(0)),
        ("0o17", json!(15)),
        ("1_000", json!("1_000")),
        ("18446744073709551615", json!(u64::MAX)),
        ("True", json!(true)),
        ("NULL", json!(null)),
        ("on", json!("on")),
        ("a: b".get(..1).unwrap(), json!("a")),
        ("-a", json!("-a")),
        ("a 'b' \"c\"", json!("a 'b' \"c\"")),
        ("a, [b]", json!("a, [b]")),
        ("?a", json!("?a")),
        ("a&b *c !d", json!("a&b *c !d")),
        ("1e", json!("1e")),
        (".", json!(".")),
        ("'1'", json!("1")),
        ("\"true\"", json!("true")),
        ("é", json!("é")),
        ("\"\\ud83d\\ude00 \\x41 \\U0001F600\"", json!("😀 A 😀")),
    ] {
        assert_eq!(read(&format!("k: {text}\n")), json!({ "k": value }), "{text}");
        if !text.contains([',', '[']) {
            assert_eq!(read(&format!("k: [{text}]")), json!({ "k": [value] }), "[{text}]");
        }
    }
}

#[test]
fn rejects_other_features_and_names_the_line() {
    for (text, line, words) in [
        ("a: 1\nb: &x 1\n", 3, "anchors"),
        ("a: *x\n", 2, "aliases"),
        ("a: [1, *x]\n", 2, "aliases"),
        ("a: !!str 1\n", 2, "tags"),
        ("&x a: 1\n", 2, "anchors"),
        ("a:\n  - &x\n    b: 1\n", 3, "anchors"),
        ("a:\n  <<: {b: 1}\n", 3, "merge"),
        ("? a\n: b\n", 2, "cannot begin"),
        ("a: 1\na: 2\n", 3, "twice"),
        ("a: {b: 1, b: 2}\n", 2, "twice"),
        ("a: 1\n  b: 2\n", 3, "colon and a blank"),
        ("a: b: c\n", 2, "colon and a blank"),
        ("a:\n    b: 1\n  c: 2\n", 4, "not indented"),
        ("a: 1\n b: 2\n", 3, "colon and a blank"),
        ("  a: 1\nb: 2\n", 3, "not indented"),
        ("a:\n\t- b\n", 3, "tab"),
        ("a: 1\njust text\n", 3, "no key"),
        ("a: 'b\n", 2, "no end"),
        ("a: 'b\nc'\n", 3, "without indentation"),
        ("a: [b\n", 2, "no end"),
        ("a: [b\n]\n", 3, "without indentation"),
        ("a: [b: c]\n", 2, "neither a comma"),
        ("a: 'b' c\n", 2, "text after"),
        ("a: \"\\q\"\n", 2, "valid escape"),
        ("a: \"\\ud83d\"\n", 2, "not a valid character"),
        ("a: |x\n  b\n", 2, "block scalar"),
        ("a: @b\n", 2, "in quotes"),
        ("%YAML 1.2\n", 2, "in quotes"),
        ("a: - b\n", 2, "cannot begin"),
        ("a: .inf\n", 2, "JSON"),
        ("a: \u{1}\n", 2, "control"),
        ("a: b\rc: d\n", 2, "control"),
    ] {
        let why = parse(text, 2).unwrap_err();
        assert!(
            why.starts_with(&format!("line {line}:")) && why.contains(words),
            "{text:?}: {why}"
        );
    }
}

#[test]
fn limits_the_values_and_the_time() {
    let half = 64 * 1024 / 2;
    let many = format!("a: [{}]", "1,".repeat(half));
    assert!(parse(&many, 2).unwrap_err().contains("10000 values"));
    for deep in ["a: ".to_owned() + &"[".repeat(half), "- ".repeat(half)] {
        assert!(parse(&deep, 2).unwrap_err().contains("64 nested values"));
    }
    for (start, piece, end) in [
        ("a: \"", "x\n ", ""),
        ("a: \"", "x\n ", "\""),
        ("a: ", "x\n  ", ""),
        ("a: |\n", "  x\n", ""),
        ("a: >\n", "\n  x\n", ""),
        ("a: [", "b\n ", ""),
        ("a: [", "''\n ,", ""),
        ("", "#\n", ""),
        ("", "\n", ""),
        ("", "a #", ""),
        ("a: ", "#", ""),
        ("a: ", ":", ""),
        ("a: '", "'", ""),
    ] {
        let text = |size: usize| format!("{start}{}{end}", piece.repeat(size / piece.len()));
        assert_linear(&format!("{start}{piece}"), 60 * 1024, text, |text| drop(parse(text, 2)));
    }
}

#[test]
fn accepts_every_beginning_of_a_text() {
    let text =
        "a: \"é\\n\"\nb: [c, {d: 'e'}, \"f\\u00e9\"]\ng:\n - h: >-\n    i\n\n   j: |2+\n      k\n";
    assert!(parse(text, 2).is_ok(), "{:?}", parse(text, 2));
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        for wrapped in [text[..end].to_owned(), text[end..].to_owned()] {
            let _ = parse(&wrapped, 2);
        }
    }
}
