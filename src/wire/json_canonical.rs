//! One text for each JSON value: equal values have equal texts, whatever the
//! order of their members and the notation of their numbers and strings.

use crate::wire::json_decimal::Decimal;
use crate::wire::json_string::push_string;
use crate::wire::short_text::ShortText;
use crate::wire::tape::{Place, Tape};

/// Writes the value at a place. The tape has every level of the text.
pub(crate) fn push_canonical(out: &mut String, text: &str, tape: &Tape, place: Place) {
    let raw = tape.text(text, place);
    match raw.as_bytes().first() {
        Some(b'{') => {
            out.push('{');
            for (name, value) in sorted_members(text, tape, place) {
                push_string(out, &name);
                out.push(':');
                push_canonical(out, text, tape, value);
                out.push(',');
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            for element in tape.elements(text, place) {
                push_canonical(out, text, tape, element);
                out.push(',');
            }
            out.push(']');
        }
        Some(b'"') => push_string(out, &string(raw)),
        Some(b'-' | b'0'..=b'9') => Decimal::parse(raw).write(out),
        _ => out.push_str(raw),
    }
}

/// The members of an object by their names. Of several members with one name the
/// last one counts.
pub(crate) fn sorted_members(text: &str, tape: &Tape, place: Place) -> Vec<(String, Place)> {
    let mut all: Vec<(String, Place)> = Vec::new();
    for (name, value) in tape.members(text, place) {
        all.push((string(tape.text(text, name)), value));
    }
    // The later of two members with one name comes first, and is kept.
    all.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
    all.dedup_by(|one, other| one.0 == other.0);
    all
}

/// A JSON string as text.
pub(crate) fn string(raw: &str) -> String {
    ShortText::of_string(raw).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json_text::NESTING;

    fn canonical(text: &str) -> String {
        let tape = Tape::read(text, NESTING).unwrap();
        let mut out = String::new();
        push_canonical(&mut out, text, &tape, 0);
        out
    }

    #[test]
    fn writes_equal_values_alike() {
        for (one, other) in [
            ("1", "1.0"),
            (r#"{"a":1,"b":[2]}"#, r#"{ "b":[2e0], "a":1.0 }"#),
            (r#""\u0061""#, r#""a""#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("[]", "[ ]"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
        }
        let all =
            ["1", "\"1\"", "[1]", "{\"1\":1}", "[[1]]", "true", "null", "\"null\"", "0", "[1,1]"];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(canonical(one), canonical(other), "{one} {other}");
            }
        }
    }
}
