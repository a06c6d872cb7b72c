//! A peer's words in a message: they contain no secret and no control character.

use serde_json::Value;

use super::parts;
use crate::auth::oauth::spec::redact::display_text;
use crate::base::error::{Error, Status, quote};
use crate::base::mask::{Masker, mask};
use crate::base::secret::Secret;
use crate::cost::bounded;

pub(super) const WORDS: &[&str] = &[
    "hunter2!",
    "hunter2",
    "hunter2!...",
    "hunt...",
    "...",
    "[masked]",
    "\\u0068unter2!",
    "\"",
    "\\\\",
    "aaaaaaaa",
    "aaaa",
    "a",
    "s/3\"\u{e9}cret",
    "s\\/3\\\"\\u00e9cret",
    "{\"a\":\"",
    "\":\"",
    "}",
    "[",
];

pub(super) fn run(data: &[u8]) {
    let Some(all) = parts(data) else { return };
    let text = all.join("\n\n");
    let fixed = ["hunter2!", "aaaaaaaa", "s/3\"\u{e9}cret"].map(Secret::from);
    check(&text, &fixed);
    // The secret is a part of the input.
    let [own, rest @ ..] = &*all else { return };
    if (4..200).contains(&own.len()) && !own.contains(HOLE) {
        check(&rest.join("\n\n"), &[Secret::from(*own)]);
    }
}

/// A character that no secret has, in place of the mask.
const HOLE: char = '\u{10fffd}';

/// The text of the mask itself is not masked.
fn masked_by(text: &str, one: &Secret) -> bool {
    let secret = one.expose();
    "[masked]".contains(secret) || !text.replace("[masked]", &HOLE.to_string()).contains(secret)
}

fn check(text: &str, secrets: &[Secret]) {
    let mut plain = text.to_owned();
    bounded(text.len(), || mask(&mut plain, secrets));
    for one in secrets {
        assert!(masked_by(&plain, one), "{plain:?}");
    }
    // A text that cannot be checked is not shown.
    let json = bounded(text.len(), || Masker::new(secrets).mask_json(text.to_owned()));
    if let (Ok(before), Some(json)) = (serde_json::from_str::<Value>(text), json)
        && !secrets.iter().any(|one| "[masked]".contains(one.expose()))
        && !secrets.iter().any(|one| one.expose().contains(['{', '}', '[', ']', ':', ',', '"']))
    {
        let after = serde_json::from_str::<Value>(&json)
            .unwrap_or_else(|_| panic!("{json:?} is no JSON, and {text:?} is"));
        walk(&after, &mut |string| {
            for one in secrets {
                assert!(masked_by(string, one), "{string:?} of {json:?}");
            }
        });
        if !text.contains("\\")
            && !secrets.iter().any(|one| text.contains(one.expose()))
            && !text.contains("...")
        {
            assert_eq!(after, before);
        }
    }
    let error = Error::new(Status::Rpc, text)
        .with_rpc(1, Some(text.to_owned()))
        .with_challenge(vec![("a".to_owned(), text.to_owned())])
        .masked(secrets);
    for one in secrets {
        assert!(masked_by(error.message(), one));
        assert!(error.challenge().iter().all(|(_, value)| masked_by(value, one)));
    }
    quoted(text, secrets);
}

fn quoted(text: &str, secrets: &[Secret]) {
    let mut shown = bounded(text.len(), || quote(text));
    assert!(!shown.chars().any(char::is_control) && shown.len() <= 210, "{shown:?}");
    mask(&mut shown, secrets);
    for one in secrets {
        assert!(masked_by(&shown, one), "{shown:?}");
    }
    if let Some(shown) = bounded(text.len(), || display_text(text, secrets)) {
        assert!(shown.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && shown.len() <= 203);
    }
}

fn walk(value: &Value, look: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(all) => all.iter().for_each(|one| walk(one, look)),
        Value::Object(members) => members.iter().for_each(|(name, one)| {
            look(name);
            walk(one, look);
        }),
        _ => {}
    }
}
