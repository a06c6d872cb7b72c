//! What the functions of a result return, compared with what serde_json reads. Large
//! texts are lent without a copy.

use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::ffi::content::{mcp_content_json, mcp_content_text};
use crate::ffi::json::{mcp_json_at, mcp_json_string};

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A JSON string, often a large one.
    fn string(&mut self) -> String {
        let length = [0, 5, LARGE_TEXT - 2, LARGE_TEXT - 1, LARGE_TEXT, 3 * LARGE_TEXT];
        let length = length[self.below(6)];
        let mut inner = self.pick(&["x", "é", "世 "]).repeat(length);
        if self.below(3) == 0 {
            let escape = self.pick(&["\\n", "\\\"", "\\\\", "\\u0000", "\\ud83d\\ude00"]);
            let ends: Vec<usize> =
                inner.char_indices().map(|(at, _)| at).chain([inner.len()]).collect();
            inner.insert_str(ends[self.below(ends.len())], escape);
        }
        format!("\"{inner}\"")
    }

    fn item(&mut self) -> String {
        let text = match self.below(8) {
            0 => self.pick(&["null", "1.50", "{\"text\":\"t\"}", "[ \"t\" ]"]).to_owned(),
            _ => self.string(),
        };
        match self.below(6) {
            0 => text,
            1 => format!("{{\"type\":\"text\",\"text\":{},\"text\" : {text} }}", self.string()),
            2 => format!("{{\"uri\":\"a:b\",\"te\\u0078t\":{text}}}"),
            _ => format!("{{ \"text\":{text},\"type\":\"text\",\"_meta\":{{\"text\":{text}}}}}"),
        }
    }

    fn result(&mut self) -> String {
        let items: Vec<String> = (0..self.below(4)).map(|_| self.item()).collect();
        let name = self.pick(&["content", "contents"]);
        let content = match items.as_slice() {
            [only] if self.below(2) == 0 => only.clone(),
            items => format!("[{}]", items.join(", ")),
        };
        format!("{{\"{name}\":{content},\"structuredContent\":{{\"text\":{}}}}}", self.string())
    }
}

/// What each function has to return.
struct Expected {
    json: String,
    items: Vec<(String, Option<String>)>,
    text: String,
    structured: String,
}

impl Expected {
    fn of(json: &str) -> Self {
        let members: std::collections::BTreeMap<String, &RawValue> =
            serde_json::from_str(json).unwrap();
        let content = members.get("content").or(members.get("contents")).unwrap().get();
        let items: Vec<&RawValue> = match content.as_bytes()[0] {
            b'[' => serde_json::from_str(content).unwrap(),
            b'{' | b'"' => vec![serde_json::from_str(content).unwrap()],
            _ => Vec::new(),
        };
        let items = items.iter().map(|item| (item.get().to_owned(), text_of(item.get())));
        let items: Vec<_> = items.collect();
        let texts: Vec<&str> = items.iter().filter_map(|(_, text)| text.as_deref()).collect();
        let structured = members["structuredContent"].get();
        Self {
            json: json.to_owned(),
            text: texts.join("\n"),
            structured: structured.to_owned(),
            items,
        }
    }

    /// Calls every function, beginning at one of them.
    fn check(&self, result: &mcp_result, first: usize) {
        type Check<'a> = Box<dyn Fn() + 'a>;
        let mut checks: Vec<Check<'_>> = vec![
            Box::new(|| same(mcp_result_json, result, Some(&self.json))),
            Box::new(|| same(mcp_result_text, result, Some(&self.text))),
            Box::new(|| same(mcp_result_structured_json, result, Some(&self.structured))),
            Box::new(|| {
                let value: Value = serde_json::from_str(&self.structured).unwrap();
                // SAFETY: the result is alive.
                let value_part =
                    unsafe { mcp_json_at(mcp_result_structured(result), c"/text".as_ptr()) };
                same(mcp_json_string, value_part, value["text"].as_str());
            }),
        ];
        // SAFETY: the result is alive.
        assert_eq!(unsafe { mcp_result_content_count(result) }, self.items.len());
        for (at, (json, text)) in self.items.iter().enumerate() {
            // SAFETY: the result is alive.
            let content = unsafe { mcp_result_content(result, at) };
            checks.push(Box::new(move || same(mcp_content_json, content, Some(json))));
            checks.push(Box::new(move || same(mcp_content_text, content, text.as_deref())));
        }
        let count = checks.len();
        checks.iter().cycle().skip(first % count).take(count).for_each(|check| check());
    }
}

/// The text of a content.
fn text_of(item: &str) -> Option<String> {
    // serde_json keeps the last one of members with one name.
    let members: std::collections::BTreeMap<String, &RawValue> = match item.as_bytes()[0] {
        b'"' => return serde_json::from_str(item).ok(),
        b'{' => serde_json::from_str(item).unwrap(),
        _ => return None,
    };
    match members["text"].get() {
        "null" => None,
        string if string.starts_with('"') => serde_json::from_str(string).ok(),
        other => Some(other.to_owned()),
    }
}

/// A function that returns a text of a handle and its length.
type Getter<T> = unsafe extern "C" fn(*const T, *mut usize) -> *const c_char;

/// Checks that a function returns a text and its length, with a NUL behind it, and
/// the same place again. The handle is alive.
#[track_caller]
fn same<T>(get: Getter<T>, handle: *const T, expected: Option<&str>) {
    let mut length = 1;
    // SAFETY: the handle is alive, and the length may be written to.
    let pointer = unsafe { get(handle, &raw mut length) };
    assert_eq!(pointer.is_null(), expected.is_none());
    let expected = expected.unwrap_or_default();
    assert_eq!(length, expected.len());
    if pointer.is_null() {
        return;
    }
    // SAFETY: the text and its NUL are readable.
    let found = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length + 1) };
    assert!(found.split_last() == Some((&0, expected.as_bytes())), "another text");
    // SAFETY: as for the first call.
    assert_eq!(unsafe { get(handle, std::ptr::null_mut()) }, pointer);
}

#[test]
fn returns_what_the_server_wrote_in_any_order_and_on_any_thread() {
    let mut random = Random(11);
    for _ in 0..200 {
        let json = random.result();
        let expected = Expected::of(&json);
        let result = mcp_result::from_answer(Answer::whole(json));
        let first = random.below(20);
        if random.below(4) > 0 {
            expected.check(&result, first);
            continue;
        }
        std::thread::scope(|scope| {
            for turn in 0..4 {
                let (expected, result) = (&expected, &result);
                scope.spawn(move || expected.check(result, first + turn));
            }
        });
        expected.check(&result, first);
    }
}

#[test]
fn lends_a_large_text_where_it_is() {
    // A list has thousands of texts.
    assert_eq!(size_of::<Lent>(), 2 * size_of::<usize>());
    let text = "x".repeat(LARGE_TEXT);
    let answer =
        Answer::whole(format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}]}}"));
    let message = answer.message().as_bytes().as_ptr_range();
    let result = mcp_result::from_answer(answer);
    // SAFETY: the result is alive.
    let pointer = unsafe { mcp_result_text(&raw const result, std::ptr::null_mut()) };
    assert!(message.contains(&pointer.cast()));
    same(mcp_result_text, &raw const result, Some(&text));
}
