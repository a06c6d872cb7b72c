//! `$ref` and its kind: the place in the same document that a reference means.

use crate::wire::json_canonical::string;
use crate::wire::tape::{Place, Tape};

/// A reference, resolved within its document. Another document is never
/// fetched.
pub(super) fn resolve(
    text: &str,
    tape: &Tape,
    own_uri: Option<&str>,
    reference: &str,
) -> Result<Place, String> {
    let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let own_uri = own_uri.map(|uri| uri.split('#').next().unwrap_or_default());
    if !document.is_empty() && own_uri != Some(document) {
        return Err(format!("it refers to another document, which is not fetched: {reference}"));
    }
    let fragment = percent_decoded(fragment);
    let found = match fragment.strip_prefix('/') {
        _ if fragment.is_empty() => Some(0),
        Some(pointer) => at_pointer(text, tape, pointer),
        None => at_anchor(text, tape, &fragment),
    };
    found.ok_or_else(|| format!("its reference {reference} leads nowhere"))
}

fn at_pointer(text: &str, tape: &Tape, pointer: &str) -> Option<Place> {
    let mut place = 0;
    for step in pointer.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        place = if tape.text(text, place).starts_with('[') {
            tape.elements(text, place).nth(step.parse().ok()?)?
        } else {
            tape.member(text, place, &step)?
        };
    }
    Some(place)
}

/// The object that has the anchor. All objects of the document are looked
/// through, because the keywords that hold schemas differ between the drafts.
fn at_anchor(text: &str, tape: &Tape, name: &str) -> Option<Place> {
    let is_it = |place: Place| {
        let is = |keyword: &str, value: &str| {
            let raw = tape.member(text, place, keyword).map(|value| tape.text(text, value));
            raw.is_some_and(|raw| raw.starts_with('"') && string(raw) == value)
        };
        is("$anchor", name) || is("$dynamicAnchor", name) || is("$id", &format!("#{name}"))
    };
    let mut left = vec![0];
    while let Some(place) = left.pop() {
        if is_it(place) {
            return Some(place);
        }
        left.extend(tape.members(text, place).map(|(_, value)| value));
        left.extend(tape.elements(text, place));
    }
    None
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match code {
            Some(code) => {
                out.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
