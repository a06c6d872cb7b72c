use super::slow::SlowReader;
use super::*;
use crate::platform::{text_of_parts, with_each_vectors};
use crate::wire::json_text::{NESTING, visit_members};

/// The verdict of serde_json, which the tape must share.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn agrees(text: &str) {
    let ours = Tape::read(text, 3);
    assert_eq!(ours.is_ok(), is_json(text), "{text:?}: {ours:?}");
}

const SAMPLE: &str = r#" {"a" : [1, -0.5e+3, {"b":"é\n\u00e9\"x"}, [], {}], "c":null ,
    "long text of more than eight bytes":"\\\\ and / \/ \b\f\r\t", "d":{"e":{"f":[true,false]}}} "#;

#[test]
fn accepts_exactly_the_texts_that_serde_json_accepts() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "{}",
        "[]",
        "[ ]",
        "{ }",
        "1",
        "-",
        "-1",
        "01",
        "1.",
        ".1",
        "1.0",
        "1e",
        "1e5",
        "1E+5",
        "1e-",
        "-0",
        "-00",
        "+1",
        "nul",
        "null",
        "nulls",
        "true",
        "tru",
        "false",
        "\"",
        "\"\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u1234\"",
        "\"\u{1}\"",
        "\"a\nb\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\" 1}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "[] []",
        "\u{feff}1",
        "\"é\u{7f}\"",
        "[\"a\",{\"b\":[null]}]",
        "NaN",
        "'a'",
        "1_0",
        "0x1",
    ] {
        agrees(text);
    }
    for end in (0..=SAMPLE.len()).filter(|end| SAMPLE.is_char_boundary(*end)) {
        agrees(&SAMPLE[..end]);
    }
}

#[test]
fn accepts_what_serde_json_accepts_with_any_byte_changed() {
    let mut seed = 7u64;
    for _ in 0..20_000 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (at, to) = ((seed >> 33) as usize % SAMPLE.len(), (seed >> 20) as u8 & 0x7f);
        let mut bytes = SAMPLE.as_bytes().to_vec();
        bytes[at] = to;
        if let Ok(text) = String::from_utf8(bytes) {
            agrees(&text);
        }
    }
}

#[test]
fn records_the_positions_of_the_outer_values() {
    let tape = Tape::read(SAMPLE, 2).unwrap();
    let text = |place| tape.text(SAMPLE, place);
    let member = |place, name| tape.member(SAMPLE, place, name);
    let array = member(0, "a").unwrap();
    let all: Vec<&str> = tape.elements(SAMPLE, array).map(text).collect();
    assert_eq!(all, ["1", "-0.5e+3", r#"{"b":"é\n\u00e9\"x"}"#, "[]", "{}"]);
    assert_eq!(member(0, "c").map(text), Some("null"));
    let d = member(0, "d").unwrap();
    let e = member(d, "e").unwrap();
    assert_eq!(text(e), r#"{"f":[true,false]}"#);
    assert!(member(e, "f").is_none(), "too deep to be recorded");
    assert!(tape.is_noted(SAMPLE, d) && !tape.is_noted(SAMPLE, e));
    assert!(member(0, "x").is_none() && member(array, "a").is_none());
    assert_eq!(tape.elements(SAMPLE, d).count(), 0);

    let twice = r#"{"a":1,"\u0061":2}"#;
    let tape = Tape::read(twice, 1).unwrap();
    assert_eq!(tape.member(twice, 0, "a").map(|place| tape.text(twice, place)), Some("2"));
}

#[test]
fn limits_the_nesting() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Tape::read(&nested(NESTING), 3).is_ok());
    assert_eq!(Tape::read(&nested(NESTING + 1), 3).unwrap_err(), TextFault::TooDeep);
    assert!(Tape::read(&format!("\"{}\"", "[".repeat(NESTING * 2)), 3).is_ok());
}

/// Checks that the slow reader finds the same values, or the same fault.
#[track_caller]
fn compare(text: &str, levels: usize) {
    let mut slow = SlowReader::new(text.as_bytes(), Vec::new(), levels);
    let expected = slow.read().map(|()| (slow.nodes, slow.has_escapes, slow.has_escaped_values));
    let found = Tape::read(text, levels)
        .map(|tape| (tape.nodes, tape.has_escapes, tape.has_escaped_values));
    assert_eq!(found, expected, "{levels} levels of {text:?}");
}

#[test]
fn knows_where_a_plain_string_ends() {
    for (others, has_escaped_values) in [("\"\\n\"", true), ("{\"\\n\":[\"a\"]}", false)] {
        for (value, plain) in
            [("\"abc\"", true), ("\"a\\bc\"", false), ("[\"abc\"]", false), ("12345", false)]
        {
            let text = format!("[{others}, {value} ]");
            let tape = Tape::read(&text, 1).unwrap();
            assert_eq!(tape.has_escaped_values, has_escaped_values || value.contains('\\'));
            let place = tape.elements(&text, 0).nth(1).unwrap();
            let end = text.len() - 2;
            assert_eq!(tape.plain_end(&text, place, 5), plain.then_some(end), "{text}");
            assert_eq!(tape.plain_end(&text, place, value.len() + 1), None);
        }
    }
    assert_eq!(Tape::default().plain_end("", 0, 0), None);
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }

    fn blank(&mut self, out: &mut String) {
        if self.below(6) == 0 {
            out.push_str([" ", "\n", "\r\n\t ", "                 "][self.below(4)]);
        }
    }

    /// A string of up to some length, so that its end falls on each byte of a
    /// block.
    fn string(&mut self, out: &mut String) {
        out.push('"');
        for _ in 0..[0, 3, 16, 40, 300][self.below(5)] {
            match self.below(60) {
                0 => out.push_str(["\\n", "\\\"", "\\u00e9", "\\\\"][self.below(4)]),
                1 => out.push(['é', '世', '😀', '\u{7f}'][self.below(4)]),
                _ => out.push('x'),
            }
        }
        out.push('"');
    }

    fn value(&mut self, depth: usize, out: &mut String) {
        self.blank(out);
        match self.below(if depth < 8 { 12 } else { 6 }) {
            0 => out.push_str(["true", "false", "null"][self.below(3)]),
            1 => out.push_str(["0", "-1.5e+7", "12", "1E9"][self.below(4)]),
            2..6 => self.string(out),
            6..9 => {
                out.push('{');
                for at in 0..self.below(6) {
                    if at > 0 {
                        out.push(',');
                    }
                    self.blank(out);
                    self.string(out);
                    self.blank(out);
                    out.push(':');
                    self.value(depth + 1, out);
                }
                self.blank(out);
                out.push('}');
            }
            _ => {
                out.push('[');
                for at in 0..self.below(6) {
                    if at > 0 {
                        out.push(',');
                    }
                    self.value(depth + 1, out);
                }
                self.blank(out);
                out.push(']');
            }
        }
        self.blank(out);
    }
}

#[test]
fn finds_what_the_slow_reader_finds_in_random_values() {
    with_each_vectors(|| {
        let mut random = Random(1);
        for round in 0..1_000 {
            let mut text = String::new();
            random.value(0, &mut text);
            compare(&text, round % 9);
            assert!(is_json(&text));
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&text) {
                let mut found = std::collections::HashMap::<String, serde_json::Value>::new();
                visit_members(&text, |name, value| {
                    found.insert(name.to_owned(), serde_json::from_str(value).unwrap());
                });
                assert!(
                    found.len() == members.len() && members.iter().all(|(n, v)| found[n] == *v)
                );
            }
            // With a byte changed, removed, added, or with the end cut off.
            for _ in 0..4 {
                let mut bytes = text.clone().into_bytes();
                let at = random.below(bytes.len());
                let byte = b"\"\\{}[]:,\x00\x01\x1f\x20 \n\tx0-.eE+u"[random.below(23)];
                match random.below(4) {
                    0 => bytes[at] = byte,
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, byte),
                    _ => bytes.truncate(at),
                }
                if let Ok(text) = String::from_utf8(bytes) {
                    compare(&text, round % 9);
                    agrees(&text);
                }
            }
        }
    });
}

#[test]
fn finds_what_the_slow_reader_finds_wherever_the_text_is_cut() {
    with_each_vectors(|| {
        let mut random = Random(2);
        for _ in 0..6 {
            let mut text = String::new();
            random.value(0, &mut text);
            for end in (0..=text.len().min(1_000)).filter(|end| text.is_char_boundary(*end)) {
                compare(&text[..end], 3);
            }
        }
    });
}

/// A list of items, each with some of a few values, so that many items have the
/// same value as the item before, or one that begins the same.
fn repetitive_list(random: &mut Random) -> String {
    let values: Vec<String> = (0..3)
        .map(|_| {
            let mut value = String::new();
            random.value(6, &mut value);
            value
        })
        .chain(["{}", "[]", "{\"a\":1}", "{\"a\":1 }", "{\"a\":12}", "[[1],{}]"].map(Into::into))
        .collect();
    let items = (0..random.below(12)).map(|_| {
        let members = (0..random.below(4)).map(|at| {
            let value = &values[random.below(values.len())];
            format!("\"m{at}\":{value}")
        });
        let members: Vec<String> = members.collect();
        format!("{{{}}}", members.join(","))
    });
    let items: Vec<String> = items.collect();
    format!("{{\"list\":[{}],\"last\":{}}}", items.join(","), values[0])
}

#[test]
fn finds_what_the_slow_reader_finds_in_items_with_the_same_values() {
    with_each_vectors(|| {
        let mut random = Random(4);
        for round in 0..400 {
            let text = repetitive_list(&mut random);
            assert!(is_json(&text));
            compare(&text, round % 6);
            for _ in 0..6 {
                let mut bytes = text.clone().into_bytes();
                let at = random.below(bytes.len());
                bytes[at] = b"\"\\{}[]:,1 x"[random.below(11)];
                if let Ok(text) = String::from_utf8(bytes) {
                    compare(&text, round % 6);
                    agrees(&text);
                }
            }
        }
        let text = repetitive_list(&mut random);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            compare(&text[..end], 3);
        }
    });
}

#[test]
fn finds_a_special_byte_at_every_position_of_a_string() {
    with_each_vectors(|| {
        for length in 0..70 {
            for special in
                ["\"", "\\\"", "\\", "\\n", "\\u12", "\\u0041", "\u{1}", "\u{1f}", "é", "\u{7f}"]
            {
                for rest in [
                    "",
                    "\"",
                    "\":1}",
                    "\",\"a\":[1]}",
                    "\"   :  \"x\"}",
                    "xxxxxxxxxxxxxxxxxxxxxxxx\":1}",
                ] {
                    let text = format!("{{\"{}{special}{rest}", "x".repeat(length));
                    compare(&text, 2);
                    compare(&format!("[[{text}]]"), 1);
                    compare(&format!("[[{text}]]                                "), 0);
                }
            }
        }
    });
}

#[test]
fn counts_the_levels_of_any_mixture_of_objects_and_arrays() {
    let mut random = Random(3);
    for depth in [1, 3, 62, 63, 64, 65, 66, 127, 128, 129, 191, 300, 511, 512, 513, 514] {
        for levels in [0, 1, 4, 63, 64, 65, 130, 512] {
            let kinds: Vec<bool> = (0..depth).map(|_| random.below(2) == 0).collect();
            let (mut text, mut closed) = (String::new(), String::new());
            for kind in &kinds {
                text.push_str(if *kind { "{\"a\":" } else { "[" });
                closed.insert(0, if *kind { '}' } else { ']' });
            }
            compare(&format!("{text}1{closed}"), levels);
            // One bracket of the other kind.
            let at = random.below(depth);
            let other = if &closed[at..=at] == "}" { "]" } else { "}" };
            closed.replace_range(at..=at, other);
            compare(&format!("{text}1{closed}"), levels);
        }
    }
}

#[test]
fn visits_the_members_below_its_levels() {
    let text = r#"{"a":{"b" : {"c":[{"d":1}], "\u0064" :"x\"" ,"e": {} , "c":-1.5e1}, "f":[1]}}"#;
    for levels in 0..5 {
        let tape = Tape::read(text, levels).unwrap();
        let mut found = Vec::new();
        let mut take = |name: &str, value: &str| found.push(format!("{name}={value}"));
        let a = tape.member(text, 0, "a");
        match a.and_then(|a| tape.member(text, a, "b")) {
            Some(b) => visit_members(tape.text(text, b), &mut take),
            None => visit_members(tape.text(text, a.unwrap_or(0)), |name, value| {
                // Another tape begins here.
                let value = value.to_owned();
                assert!(["a", "b", "f"].contains(&name), "{name}");
                assert!(text.contains(&value));
            }),
        }
        if levels >= 2 {
            assert_eq!(found, [r#"c=[{"d":1}]"#, r#"d="x\"""#, "e={}", "c=-1.5e1"]);
        }
    }
    for text in ["", "1", "[1]", "{}", " { } ", "{\"a\":1"] {
        let mut count = 0;
        visit_members(text, |_, _| count += 1);
        assert!(count <= 1, "{text}");
    }
}

#[test]
fn finds_several_members_as_it_finds_each() {
    let names = ["a", "content", "\u{e9}", "", "x"];
    for text in [
        "{}",
        "[]",
        "1",
        r#"{"a":1,"content":[{"a":2}],"b":{"x":3},"é":4,"":5}"#,
        r#"{"a":1,"a":2,"content":null,"content":{}}"#,
        r#"{"\u0061":1,"content":[],"\u00e9":2,"a\n":3}"#,
    ] {
        let tape = Tape::read(text, 2).unwrap();
        let each = names.map(|name| tape.member(text, 0, name));
        assert_eq!(tape.places(text, 0, names), each, "{text}");
    }
}

/// Bytes that were not checked before are read as they are after a check.
#[track_caller]
fn compare_unchecked(bytes: &[u8], levels: usize) {
    let expected = String::from_utf8(bytes.to_vec()).ok().and_then(|text| {
        let tape = Tape::read(&text, levels).ok()?;
        Some((text, (tape.nodes, tape.has_escapes, tape.has_escaped_values)))
    });
    let found = text_of_parts(bytes.to_vec(), |bytes| Tape::read_unchecked(bytes, levels));
    let found = found
        .map(|(text, tape)| (text, (tape.nodes, tape.has_escapes, tape.has_escaped_values)))
        .map_err(|returned| assert_eq!(returned, bytes))
        .ok();
    assert_eq!(found, expected, "{levels} levels of {:?}", String::from_utf8_lossy(bytes));
}

/// A message with a string of several pieces, and one with characters in other places.
fn large_message() -> String {
    format!(
        r#" {{"é":["{}世{}\n","{}\"é{}"],"b":{{"c":"{}"}}}} "#,
        "x".repeat(200),
        "y".repeat(70),
        "é😀".repeat(30),
        "z".repeat(140),
        "世".repeat(90)
    )
}

#[test]
fn reads_unchecked_bytes_cut_at_every_byte() {
    let message = large_message();
    with_each_vectors(|| {
        for end in 0..=message.len() {
            compare_unchecked(&message.as_bytes()[..end], 2);
        }
        compare_unchecked(message.as_bytes(), 0);
        compare_unchecked(message.as_bytes(), 1);
    });
}

#[test]
fn reads_unchecked_bytes_with_a_fault_at_every_byte() {
    // Faults of UTF-8, and characters that are whole or cut at the end of a piece.
    let faults: [&[u8]; 14] = [
        b"\x80",
        b"\xbf\xbf",
        b"\xc3",
        b"\xc3\xa9",
        b"\xc0\x80",
        b"\xe4\xb8",
        b"\xe4\xb8\x96",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xf0\x9f\x98\x80",
        b"\xf4\x90\x80\x80",
        b"\xff",
        b"\\",
        b"\"",
    ];
    let message = large_message().into_bytes();
    with_each_vectors(|| {
        for fault in faults {
            for at in 0..=message.len() - fault.len() {
                let mut bytes = message.clone();
                bytes[at..at + fault.len()].copy_from_slice(fault);
                compare_unchecked(&bytes, 2);
            }
        }
    });
}

#[test]
fn reads_random_unchecked_bytes() {
    let message = large_message().into_bytes();
    let mut seed = 11u64;
    let mut below = |end: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % end
    };
    for _ in 0..3_000 {
        let mut bytes = message.clone();
        for _ in 0..=below(3) {
            let (at, length, to) = (below(bytes.len()), below(20), below(bytes.len()));
            let moved = bytes[at..(at + length).min(bytes.len())].to_vec();
            match below(3) {
                0 => bytes[at] = below(256) as u8,
                1 => drop(bytes.drain(at..at + moved.len())),
                _ => drop(bytes.splice(to..to, moved)),
            }
        }
        with_each_vectors(|| compare_unchecked(&bytes, 3));
    }
}

#[test]
fn checks_the_large_strings_of_a_tape_while_it_reads_them() {
    let message = large_message();
    let (_, parts) = Tape::read_unchecked(message.as_bytes(), 3).unwrap();
    let checked: usize = parts.iter().map(|part| part.len()).sum();
    assert_eq!(parts.len(), 3, "{parts:?}");
    assert!(checked > 500, "{checked} of {} bytes", message.len());
}

#[test]
fn makes_room_for_a_list_in_few_steps() {
    let item = r#"{"name":"a","b":{"c":[1,2,3]},"d":null},"#;
    for count in [1, 10, 20_000, 60_000] {
        let list = format!("[{}7]", item.repeat(count));
        let tape = Tape::read(&list, 2).unwrap();
        assert_eq!(tape.nodes.len(), count * 7 + 2);
        assert!(tape.nodes.capacity() < 2 * tape.nodes.len() + (1 << 14), "{count}");
        compare(&list, 2);
    }
    // A list that is not as its beginning.
    let uneven = format!("[{}\"{}\"]", item.repeat(5_000), "x".repeat(2_000_000));
    compare(&uneven, 2);
}
