//! Writes JSON objects member by member, in the order of the calls.
//!
//! Objects that hold tokens and keys are written here and not by serde: the
//! buffer is wiped when it grows and when it is dropped.

use crate::base::secret::Secret;

/// A JSON object that is being written.
#[derive(Debug)]
pub(crate) struct ObjectWriter {
    text: Secret,
    is_empty: bool,
    /// Each member, and the end, is on a separate line.
    has_lines: bool,
}

impl ObjectWriter {
    /// An object on one line, without blanks.
    pub(crate) fn new() -> Self {
        Self { text: Secret::from("{"), is_empty: true, has_lines: false }
    }

    /// An object with each member on a separate line.
    pub(crate) fn in_lines() -> Self {
        Self { has_lines: true, ..Self::new() }
    }

    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.text.push_json(value);
        self
    }

    pub(crate) fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// An array of strings.
    pub(crate) fn texts(mut self, name: &str, values: &[&str]) -> Self {
        self.name(name);
        let mut mark = "[";
        for value in values {
            self.text.push(mark);
            self.text.push_json(value);
            mark = ",";
        }
        self.text.push(if values.is_empty() { "[]" } else { "]" });
        self
    }

    pub(crate) fn number(self, name: &str, value: u64) -> Self {
        self.json(name, &value.to_string())
    }

    pub(crate) fn optional_number(self, name: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// A member whose value is JSON already.
    pub(crate) fn json(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.text.push(value);
        self
    }

    pub(crate) fn end(mut self) -> Secret {
        self.text.push(if self.has_lines { "\n}" } else { "}" });
        self.text
    }

    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.text.push(",");
        }
        if self.has_lines {
            self.text.push("\n");
        }
        self.is_empty = false;
        self.text.push_json(name);
        self.text.push(":");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_members_in_their_order() {
        let object = ObjectWriter::new()
            .text("b", "x\"\n")
            .optional_text("none", None)
            .optional_text("a", Some(""))
            .number("n", u64::MAX)
            .optional_number("m", None)
            .texts("l", &["p", "q"])
            .texts("e", &[])
            .json("j", "{\"k\":true}")
            .end();
        assert_eq!(
            object.expose(),
            r#"{"b":"x\"\u000a","a":"","n":18446744073709551615,"l":["p","q"],"e":[],"j":{"k":true}}"#
        );
        assert_eq!(ObjectWriter::new().end().expose(), "{}");
    }

    #[test]
    fn writes_a_member_a_line() {
        let object = ObjectWriter::in_lines().number("a", 1).text("b", "c").end();
        assert_eq!(object.expose(), "{\n\"a\":1,\n\"b\":\"c\"\n}");
        assert_eq!(ObjectWriter::in_lines().end().expose(), "{\n}");
    }
}
