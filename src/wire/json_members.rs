//! JSON objects, written member by member into a text.
//!
//! `json_writer` is for objects that hold secrets: it wipes its buffer, and copies
//! the text when the buffer grows. The writer here appends to an existing text,
//! so that the arguments of a call are copied once.

use crate::wire::json_string::push_string;

/// Writes the members of one object. A value that is JSON already is copied
/// once, as it is.
#[derive(Debug)]
pub(crate) struct MemberWriter<'a> {
    out: &'a mut String,
}

/// Room for most small objects.
const ROOM: usize = 64;

/// An object with the members that `write` writes.
pub(crate) fn object(write: impl FnOnce(&mut MemberWriter<'_>)) -> String {
    let mut out = String::with_capacity(ROOM);
    push_object(&mut out, write);
    out
}

/// The same where writing can fail.
pub(crate) fn try_object<E>(
    write: impl FnOnce(&mut MemberWriter<'_>) -> Result<(), E>,
) -> Result<String, E> {
    let mut result = Ok(());
    let text = object(|json| result = write(json));
    result.map(|()| text)
}

/// Adds an object to a text.
pub(crate) fn push_object(out: &mut String, write: impl FnOnce(&mut MemberWriter<'_>)) {
    out.push('{');
    write(&mut MemberWriter { out });
    out.push('}');
}

impl<'a> MemberWriter<'a> {
    /// Writes behind the members that a text has. The text has no braces.
    pub(crate) fn members_of(out: &'a mut String) -> Self {
        Self { out }
    }

    /// A member whose value is JSON.
    pub(crate) fn json(&mut self, name: &'static str, json: &str) {
        self.plain_name(name);
        self.out.push_str(json);
    }

    /// A member whose value is JSON that the text does not hold. Returns the
    /// place of the value in the text.
    pub(crate) fn json_elsewhere(&mut self, name: &'static str) -> usize {
        self.plain_name(name);
        self.out.len()
    }

    /// The same with a name that the library did not choose.
    pub(crate) fn named(&mut self, name: &str, json: &str) {
        self.comma();
        push_string(self.out, name);
        self.out.push(':');
        self.out.push_str(json);
    }

    #[inline(always)]
    pub(crate) fn string(&mut self, name: &'static str, text: &str) {
        self.plain_name(name);
        push_string(self.out, text);
    }

    /// A member that is a string without anything to escape.
    pub(crate) fn plain_string(&mut self, name: &'static str, text: &'static str) {
        self.plain_name(name);
        self.out.push('"');
        self.out.push_str(text);
        self.out.push('"');
    }

    #[inline(always)]
    pub(crate) fn integer(&mut self, name: &'static str, value: i64) {
        self.plain_name(name);
        self.out.push_str(itoa::Buffer::new().format(value));
    }

    /// A member that is an object. Its members are written in place.
    pub(crate) fn object(&mut self, name: &'static str, write: impl FnOnce(&mut MemberWriter<'_>)) {
        self.plain_name(name);
        push_object(self.out, write);
    }

    /// A member that is an array of strings.
    pub(crate) fn strings(&mut self, name: &'static str, all: &[String]) {
        self.plain_name(name);
        self.out.push('[');
        for (at, text) in all.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            push_string(self.out, text);
        }
        self.out.push(']');
    }

    /// Members that were written before, without braces.
    #[inline(always)]
    pub(crate) fn members(&mut self, members: &str) {
        if !members.is_empty() {
            self.comma();
            self.out.push_str(members);
        }
    }

    // The lengths of names are known where this is inlined.
    #[inline(always)]
    fn plain_name(&mut self, name: &'static str) {
        debug_assert!(!name.contains(['"', '\\']), "{name}");
        self.comma();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// No member ends with an opening brace.
    #[inline(always)]
    fn comma(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('{') {
            self.out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_members_by_commas_at_every_depth() {
        let text = object(|json| {
            json.json("raw", "1.50");
            json.object("empty", |_| {});
            json.object("inner", |json| {
                json.string("text", "a\"b");
                json.object("deep", |json| json.integer("number", -7));
            });
            json.members("");
            json.members("\"x\":1,\"y\":2");
            json.named("a\"b", "[]");
            json.strings("all", &["p".to_owned(), "\\".to_owned()]);
            json.strings("none", &[]);
        });
        assert_eq!(
            text,
            r#"{"raw":1.50,"empty":{},"inner":{"text":"a\"b","deep":{"number":-7}},"x":1,"y":2,"a\"b":[],"all":["p","\\"],"none":[]}"#
        );
        assert_eq!(object(|_| {}), "{}");
    }

    #[test]
    fn writes_behind_members_without_braces() {
        let mut members = String::new();
        MemberWriter::members_of(&mut members).string("a", "{");
        MemberWriter::members_of(&mut members).json("b", "{}");
        assert_eq!(members, r#""a":"{","b":{}"#);
    }
}
