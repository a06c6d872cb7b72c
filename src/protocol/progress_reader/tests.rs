use super::*;
use crate::protocol::notification::PROGRESS;
use crate::wire::jsonrpc::{self, Message};

/// The progress that the parser of all messages finds.
fn general(text: &[u8]) -> Option<ProgressParams<'_>> {
    let text = std::str::from_utf8(text).ok()?;
    match jsonrpc::parse(text).ok()? {
        (Message::Notification { method, .. }, tape) if method == PROGRESS => {
            let params = tape.member(text, 0, "params")?;
            ProgressParams::read(text, &tape, params)
        }
        _ => None,
    }
}

/// Whether a reader takes a text. What it takes, it reads as `general` does,
/// whether or not it has read one like it before.
fn is_taken_by(reader: &mut ProgressReader, text: &[u8]) -> bool {
    let used = reader.read(text).map(|progress| format!("{progress:?}"));
    let own = ProgressReader::default().read(text).map(|progress| format!("{progress:?}"));
    assert_eq!(used, own, "{}", String::from_utf8_lossy(text));
    let other = general(text).map(|progress| format!("{progress:?}"));
    assert!(own.is_none() || own == other, "{own:?} {other:?}");
    own.is_some()
}

fn is_taken(text: &[u8]) -> bool {
    is_taken_by(&mut ProgressReader::default(), text)
}

fn next(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 33) as usize % below
}

fn one<'a>(seed: &mut u64, all: &[&'a str]) -> &'a str {
    all[next(seed, all.len())]
}

fn shuffled(seed: &mut u64, mut members: Vec<String>) -> String {
    let mut text = String::from("{");
    while !members.is_empty() {
        let member = members.swap_remove(next(seed, members.len()));
        let blank = one(seed, &["", " ", "\t", "\r\n  "]);
        text = format!("{text}{blank}{member}{blank}{}", if members.is_empty() { "" } else { "," });
    }
    text + "}"
}

/// A notification as servers send it, with its members in any order.
fn usual(seed: &mut u64) -> String {
    const NUMBERS: [&str; 16] = [
        "0",
        "1",
        "7",
        "42",
        "100000",
        "4294967296",
        "1.0",
        "0.5",
        "0.1",
        "12.25",
        "99.999999",
        "9007199254740993",
        "1e3",
        "2.5E-3",
        "123456789.1234567",
        "33.333333333333336",
    ];
    let mut params = vec![
        format!("\"progressToken\":{}", one(seed, &["7", "0", "1234567", "7.0", "-1"])),
        format!("\"progress\": {}", one(seed, &NUMBERS)),
    ];
    if next(seed, 2) > 0 {
        params.push(format!("\"total\" :{}", one(seed, &NUMBERS)));
    }
    if next(seed, 2) > 0 {
        let text = one(seed, &["\"\"", "\"half\"", "\"50 % – 半分\"", "null", "\"😀 x\""]);
        params.push(format!("\"message\":{text}"));
    }
    let params = format!("\"params\":{}", shuffled(seed, params));
    let method = "\"method\" :\"notifications/progress\"".to_owned();
    shuffled(seed, vec!["\"jsonrpc\": \"2.0\"".to_owned(), method, params])
}

#[test]
fn takes_every_usual_notification() {
    let mut seed = 1;
    for _ in 0..2000 {
        let text = usual(&mut seed);
        assert!(is_taken(text.as_bytes()), "{text}");
    }
}

/// The numbers and the message change from one notification to the next.
#[test]
fn reads_a_notification_like_the_last_one() {
    let text = |progress, total, message| {
        format!(
            "{{\"method\":\"notifications/progress\",\"params\":{{\"message\": {message} ,\
             \"progress\":{progress},\"total\":{total},\"progressToken\":5}},\"jsonrpc\":\"2.0\"}}"
        )
    };
    let mut reader = ProgressReader::default();
    for (progress, total, message, is_usual) in [
        ("1", "10", "\"one\"", true),
        ("2", "10", "\"two é\"", true),
        ("2.5", "10", "\"\"", true),
        ("-0", "11", "\"two\"", true),
        ("1e999", "11", "null", true),
        ("3", "null", "null", true),
        ("3 ", "null", "null", true),
        ("4", "null", "\"x\"", true),
        ("04", "null", "\"x\"", false),
        ("4.", "null", "\"x\"", false),
        ("null", "null", "\"x\"", false),
        ("5", "null", "\"\\n\"", false),
        ("6", "null", "\"x", false),
        ("6", "null", "7", false),
        ("7", "null", "\"x\"", true),
    ] {
        let text = text(progress, total, message);
        assert_eq!(is_taken_by(&mut reader, text.as_bytes()), is_usual, "{text}");
    }
}

#[test]
fn keeps_no_long_notification() {
    let mut reader = ProgressReader::default();
    let of = |length: usize| {
        let message = "x".repeat(length);
        format!(
            r#"{{"jsonrpc":"2.0","method":"{PROGRESS}","params":{{"progressToken":1,"progress":2,"message":"{message}"}}}}"#
        )
    };
    for length in [10, 2 * MOST_KEPT, 20, MOST_KEPT, 3 * MOST_KEPT] {
        assert!(is_taken_by(&mut reader, of(length).as_bytes()), "{length}");
        assert!(reader.last.len() <= MOST_KEPT);
    }
}

#[test]
fn takes_no_part_of_a_notification() {
    let mut seed = 2;
    for _ in 0..20 {
        let text = usual(&mut seed);
        for cut in 0..text.len() {
            let mut reader = ProgressReader::default();
            assert!(is_taken_by(&mut reader, text.as_bytes()));
            assert!(!is_taken_by(&mut reader, &text.as_bytes()[..cut]), "{cut} of {text}");
            is_taken_by(&mut reader, &text.as_bytes()[cut..]);
        }
    }
}

#[test]
fn agrees_with_the_general_parser_on_damaged_notifications() {
    const PIECES: [&str; 30] = [
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "-",
        "+",
        ".",
        "e",
        "0",
        "9",
        "null",
        "true",
        " ",
        "\n",
        "\u{1}",
        "é",
        "\\n",
        "\"id\":1,",
        "\"result\":null,",
        "\"progress\":5,",
        "\"_meta\":{},",
        "\"jsonrpc\":\"2.0\",",
        "\u{feff}",
        "\\u0070",
        "1e999",
        "\"7\"",
    ];
    let (mut seed, mut taken) = (3, 0);
    for _ in 0..20_000 {
        let mut bytes = usual(&mut seed).into_bytes();
        let mut reader = ProgressReader::default();
        assert!(is_taken_by(&mut reader, &bytes));
        for _ in 0..=next(&mut seed, 2) {
            let at = next(&mut seed, bytes.len());
            let until = (at + next(&mut seed, 4)).min(bytes.len());
            let piece = one(&mut seed, &PIECES);
            let piece = if next(&mut seed, 4) == 0 { &[] } else { piece.as_bytes() };
            bytes.splice(at..until, piece.iter().copied());
        }
        if next(&mut seed, 8) == 0 {
            let at = next(&mut seed, bytes.len());
            bytes[at] = next(&mut seed, 256) as u8;
        }
        taken += usize::from(is_taken_by(&mut reader, &bytes));
    }
    assert!(taken > 1000, "{taken}");
}

#[test]
fn leaves_unusual_texts_to_the_general_parser() {
    let usual = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1,"message":"m"}}"#;
    assert!(is_taken(usual.as_bytes()));
    for (from, to) in [
        ("2.0", "1.0"),
        ("notifications/progress", "notifications/message"),
        ("}}", "},\"id\":1}"),
        ("}}", "}} x"),
        ("}}", ",\"x\":1}}"),
        ("}}", ",\"progress\":2}}"),
        ("\"progress\":1", "\"progress\":null"),
        ("\"progress\":1", "\"progress\":01"),
        ("\"progress\":1", "\"progress\":1."),
        ("\"progress\":1,", ""),
        (":7", ":\"7\""),
        ("\"m\"", "\"\\u0041\""),
        ("\"m\"", "\"\t\""),
        ("\"m\"", "5"),
        ("params", "p\\u0061rams"),
    ] {
        assert!(!is_taken(usual.replace(from, to).as_bytes()), "{to}");
    }
    let mut bytes = usual.as_bytes().to_vec();
    let at = bytes.len() - 4;
    bytes[at] = 0xff;
    assert!(!is_taken(&bytes));
}

#[test]
fn reads_numbers_as_the_standard_library_does() {
    let mut seed = 4;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..=next(&mut seed, 17) {
            text.push(char::from(b'0' + next(&mut seed, 10) as u8));
        }
        if next(&mut seed, 3) > 0 {
            text.insert(next(&mut seed, text.len() + 1), '.');
        }
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let rest = format!("{text}}}");
        let mut reader = ProgressScan { rest: rest.as_bytes() };
        let number = reader.number().filter(|_| reader.rest == b"}");
        let expected = text.parse::<f64>().ok().filter(|_| is_json);
        assert_eq!(number.map(f64::to_bits), expected.map(f64::to_bits), "{text}");
    }
}
