//! Lists in pages, and what may be kept of them.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::mcp::{Answer, Call, Mcp};
use crate::offer::{Offer, Pages};

const NO_CURSOR: &str = "Invalid cursor";

impl Mcp {
    /// The page of a list that is asked for.
    pub(crate) fn list(&self, call: &Call, offer: &Offer, key: &str, all: Vec<Value>) -> Answer {
        let cursor = &call.params["cursor"];
        let Some(place) = place(cursor, key, offer.pages) else {
            return Answer::error(-32602, NO_CURSOR, cursor.clone());
        };
        if offer.pages == Pages::ExpiresOnce
            && place == 1
            && !self.has_expired.swap(true, Ordering::SeqCst)
        {
            return Answer::error(-32602, NO_CURSOR, Value::Null);
        }
        let size = if offer.page == 0 { all.len().max(1) } else { offer.page };
        let is_halved = offer.pages == Pages::EmptyPages;
        let pages = all.len().div_ceil(size).max(1) * if is_halved { 2 } else { 1 };
        let items: Vec<Value> = match offer.pages {
            Pages::EmptyPages if place % 2 == 0 => Vec::new(),
            Pages::EmptyPages => all.into_iter().skip(place / 2 * size).take(size).collect(),
            // Something on each, that the end is never seen from an empty one.
            Pages::Same | Pages::Endless => vec![all[place % all.len()].clone()],
            _ => all.into_iter().skip(place * size).take(size).collect(),
        };
        let next = match offer.pages {
            Pages::Same => Some(1),
            Pages::Endless => Some(place + 1),
            Pages::Circle if place + 1 == pages => Some(1.min(pages - 1)),
            _ => (place + 1 < pages).then_some(place + 1),
        };
        let mut result = json!({key: items});
        if let Some(next) = next {
            result["nextCursor"] = json!(cursor_of(key, next, offer.pages));
        }
        Answer::Result(result)
    }
}

/// Nothing to take apart: blanks, quotes, signs that base64 has.
fn cursor_of(key: &str, place: usize, pages: Pages) -> String {
    if pages == Pages::EmptyCursor && place == 1 {
        return String::new();
    }
    format!("{key} \"{place}\" \u{e9}+/=")
}

fn place(cursor: &Value, key: &str, pages: Pages) -> Option<usize> {
    if cursor.is_null() {
        return Some(0);
    }
    let cursor = cursor.as_str()?;
    let place = match cursor {
        "" => 1,
        _ => cursor.split('"').nth(1)?.parse().ok()?,
    };
    (cursor_of(key, place, pages) == cursor).then_some(place)
}
