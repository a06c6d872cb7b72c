//! `$ref` and its kind: the place in the same document that a reference means.

use std::collections::HashMap;

use crate::wire::json_canonical::string;
use crate::wire::tape::{Place, Tape};

/// A reference, resolved within its document. Another document is never
/// fetched. `anchor` finds an object by its anchor.
pub(super) fn resolve(
    text: &str,
    tape: &Tape,
    own_uri: Option<&str>,
    reference: &str,
    anchor: impl FnOnce(&str) -> Option<Place>,
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
        None => anchor(&fragment),
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

/// The objects that have an anchor, by its name. All objects of the document are
/// looked through, because the keywords that hold schemas differ between the
/// drafts.
pub(super) fn anchors(text: &str, tape: &Tape) -> HashMap<String, Place> {
    let mut anchors = HashMap::new();
    let mut left = vec![0];
    while let Some(place) = left.pop() {
        for (name, value) in tape.members(text, place) {
            left.push(value);
            let raw = tape.text(text, value);
            if !raw.starts_with('"') {
                continue;
            }
            let anchor = match string(tape.text(text, name)).as_str() {
                "$anchor" | "$dynamicAnchor" => Some(string(raw)),
                "$id" => string(raw).strip_prefix('#').map(str::to_owned),
                _ => None,
            };
            if let Some(anchor) = anchor {
                anchors.entry(anchor).or_insert(place);
            }
        }
        left.extend(tape.elements(text, place));
    }
    anchors
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
