//! JSON: the tape and the tree, compared with serde_json.

use serde_json::Value;

use crate::cost::bounded;
use crate::platform::text_of_parts;
use crate::wire::json_scan::plain;
use crate::wire::json_text::{TextFault, only_object, visit_members};
use crate::wire::object::Members;
use crate::wire::tape::{Place, Tape};
use crate::wire::tree::{Tree, Written};

pub(super) const WORDS: &[&str] = &[
    "{\"a\":",
    "\"a\":1,",
    "[[",
    "]]",
    "[{}]",
    "\"\\u0061\"",
    "\\ud83d\\ude00",
    "\\n",
    "1.5e-7",
    "false",
    "\"\":",
    "},{",
    "\t",
    "0123",
    "1E+",
    "-",
    ".5",
    "/a/b",
    "\u{2029}",
];

/// The maximum number of levels that the tape records.
const LEVELS: usize = 4;

pub(super) fn run(data: &[u8]) {
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    assert_eq!(plain(data), data.iter().position(is_special).unwrap_or(data.len()));
    unchecked(data);
    // The same where the pieces of a large string meet.
    let mut string = b"[\"".to_vec();
    string.resize(16 * 1024 + 2 - data.len().min(16 * 1024) / 2, b'x');
    string.extend_from_slice(data);
    string.extend_from_slice(b"\"]");
    unchecked(&string);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let oracle = serde_json::from_str::<&serde_json::value::RawValue>(text).map(|_| ());
    tape(text, oracle.is_ok());
    repeated(text, oracle.is_ok());
    tree(text);
    members(text);
    unescape(text);
}

/// Bytes that are checked while they are read.
fn unchecked(data: &[u8]) {
    let read = text_of_parts(data.to_vec(), |bytes| Tape::read_unchecked(bytes, LEVELS));
    let text = std::str::from_utf8(data);
    let expected = text.ok().and_then(|text| Some((text, Tape::read(text, LEVELS).ok()?)));
    match (read, expected) {
        (Ok((text, tape)), Some((same, checked))) => {
            assert_eq!(text, same);
            assert_eq!(format!("{tape:?}"), format!("{checked:?}"));
        }
        (Err(bytes), None) => assert_eq!(bytes, data),
        (read, expected) => panic!("{read:?} is not {expected:?}"),
    }
}

fn tape(text: &str, is_json: bool) {
    let read = bounded(text.len(), || Tape::read(text, LEVELS));
    match &read {
        Ok(tape) => {
            assert!(is_json, "taken, and no JSON: {text:?}");
            let mut count = 0;
            compare(text, tape, 0, 0, &mut count);
            let raw = tape.text(text, 0);
            assert_eq!(only_object(text), raw.starts_with('{').then_some(raw));
        }
        // The tape has its own bound for nesting.
        Err(TextFault::TooDeep) => {}
        Err(fault) => {
            assert!(!is_json, "refused ({fault:?}), and JSON: {text:?}");
            assert_eq!(only_object(text), None);
        }
    }
}

/// A value that is compared with the same one before.
fn repeated(text: &str, is_json: bool) {
    let list = format!("[[{text}],[{text}],[{text}]]");
    match Tape::read(&list, 1) {
        Ok(_) => assert!(
            is_json || text.contains(',') || text.trim_ascii().is_empty(),
            "taken, and no JSON: {text:?}"
        ),
        Err(TextFault::TooDeep) => {}
        Err(fault) => assert!(!is_json, "refused ({fault:?}), and JSON: {text:?}"),
    }
}

/// Checks that each recorded value is what serde_json finds there.
fn compare(text: &str, tape: &Tape, place: Place, level: usize, count: &mut usize) {
    *count += 1;
    // Each value is parsed again from its beginning.
    if *count > 200 {
        return;
    }
    let raw = tape.text(text, place);
    let Ok(value) = serde_json::from_str::<Value>(raw) else {
        // Only for a value that is nested too deep, or for a number or a string
        // that serde_json cannot represent. The tape keeps those, like a raw
        // value.
        return;
    };
    if let Value::Object(members) = &value {
        // The last of several members with one name is visited last.
        let mut found = std::collections::HashMap::new();
        visit_members(tape.text(text, place), |name, value| {
            found.insert(name.to_owned(), value.to_owned());
        });
        assert_eq!(found.len(), members.len(), "{raw:?}");
        let mut names = members.keys().map(String::as_str);
        let names = [names.next().unwrap_or("a"), names.next().unwrap_or("content"), ""];
        let each = names.map(|name| tape.member(text, place, name));
        assert_eq!(tape.places(text, place, names), each, "{raw:?}");
        for (name, value) in members {
            same(&found[name], value);
        }
    }
    if (value.is_array() || value.is_object()) && !tape.is_noted(text, place) {
        assert!(level >= LEVELS, "not noted at level {level}: {raw:?}");
        return;
    }
    match value {
        Value::Array(all) if level < LEVELS => {
            let places: Vec<Place> = tape.elements(text, place).collect();
            assert_eq!(places.len(), all.len());
            for (place, value) in places.into_iter().zip(all) {
                same(tape.text(text, place), &value);
                compare(text, tape, place, level + 1, count);
            }
        }
        Value::Object(members) if level < LEVELS => {
            for (name, value) in &members {
                let found = tape.member(text, place, name).expect("a member that is there");
                same(tape.text(text, found), value);
            }
            let mut visited = 0;
            tape.visit(text, place, |name, _| {
                visited += 1;
                let name = std::str::from_utf8(name).expect("a name that is text");
                assert!(members.contains_key(name), "{name:?}");
            });
            assert_eq!(visited, tape.members(text, place).count());
            for (_, place) in tape.members(text, place) {
                compare(text, tape, place, level + 1, count);
            }
        }
        _ => {}
    }
}

fn same(raw: &str, value: &Value) {
    if let Ok(other) = serde_json::from_str::<Value>(raw) {
        assert_eq!(&other, value);
    }
}

/// The text of a value, which ends with a NUL.
fn as_written(value: &Written) -> &str {
    let text = value.text().strip_suffix(b"\0").expect("a NUL at the end");
    std::str::from_utf8(text).expect("UTF-8")
}

/// A value that is written and read again is the same, and its pointers work.
fn tree(text: &str) {
    let Ok(tree) = bounded(text.len(), || Tree::parse(text)) else {
        // A value that serde_json reads, and that is not nested too deep, is read.
        return;
    };
    let written = Written::from(tree);
    let first = as_written(&written).to_owned();
    let again = Written::from(Tree::parse(&first).expect("what was written is read"));
    assert_eq!(as_written(&again), first);
    if let (Ok(one), Ok(other)) =
        (serde_json::from_str::<Value>(text), serde_json::from_str::<Value>(&first))
    {
        assert_eq!(one, other);
    }
    // Any text as a pointer: a value that is set is found.
    let pointer = text.get(..text.len().min(40)).unwrap_or_default();
    let mut changed = Written::from(Tree::parse(&first).unwrap());
    if changed.put(pointer, Tree::Boolean(true)).is_ok() && !pointer.split('/').any(|s| s == "-") {
        let found = changed.at(pointer).expect("what was put is found");
        assert_eq!(as_written(found), "true");
    }
}

fn members(text: &str) {
    let read = bounded(text.len(), || Members::parse(text));
    if let (Ok(members), Ok(Value::Object(all))) = (read, serde_json::from_str::<Value>(text)) {
        for (name, value) in &all {
            same(members.get(name).expect("a member that is there").get(), value);
        }
    }
}

fn unescape(text: &str) {
    let out = bounded(text.len(), || crate::wire::json_string::unescape(text));
    assert_eq!(out.last(), Some(&0));
    let inner = std::str::from_utf8(&out[..out.len() - 1]).expect("text");
    if let Ok(parsed) = serde_json::from_str::<String>(text)
        && text.starts_with('"')
        && text.ends_with('"')
    {
        assert_eq!(inner, parsed);
    }
}
