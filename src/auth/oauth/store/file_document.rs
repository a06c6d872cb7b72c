//! The text of a store's file: `{"version":1,"entries":{key: object}}`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::auth::oauth::store::fields::{VERSION, broken, check_version};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::object::Members;

const ENTRIES: &str = "entries";

/// The text, in its parts: what is not changed is written as it was read.
#[derive(Debug, Default)]
pub(crate) struct StoreDocument<'a> {
    members: Members<'a>,
    entries: Members<'a>,
}

impl<'a> StoreDocument<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let members = Members::parse(text).map_err(|error| {
            broken(&format!("line {} is no JSON, or the file is no JSON object", error.line()))
        })?;
        check_version(&members)?;
        let entries = members.get(ENTRIES).and_then(|raw| Members::parse(raw.get()).ok());
        let entries = entries.ok_or_else(|| broken("it has no member \"entries\" with objects"))?;
        Ok(Self { members, entries })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.entries.get(key).map(RawValue::get)
    }

    /// The whole text with an entry in place of the one under its key, or
    /// without that one.
    pub(crate) fn with(&self, key: &str, entry: Option<&str>) -> Result<Secret> {
        if entry.is_some_and(|entry| Members::parse(entry).is_err()) {
            return Err(Error::new(Status::Internal, "what is to be kept is no JSON object"));
        }
        let others = self.entries.0.iter().filter(|(name, _)| name != key);
        let mut entries = ObjectWriter::in_lines();
        for (name, value) in others {
            entries = entries.json(name, value.get());
        }
        if let Some(entry) = entry {
            entries = entries.json(key, entry);
        }
        let is_unknown = |(name, _): &&(Cow<'_, str>, _)| name != "version" && name != ENTRIES;
        let mut file = ObjectWriter::in_lines()
            .number("version", VERSION)
            .json(ENTRIES, entries.end().expose());
        for (name, value) in self.members.0.iter().filter(is_unknown) {
            file = file.json(name, value.get());
        }
        let mut text = file.end();
        text.push("\n");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#" {"later":[1.50,"é"],"version":1,
        "entries":{"a":{"x":1},"b\n":{"y":"z"},"c":{"version":7}},"\"":null} "#;

    #[test]
    fn replaces_one_entry_and_keeps_all_else() {
        let document = StoreDocument::parse(TEXT).unwrap();
        let text = document.with("a", Some("{\"x\":2}")).unwrap();
        let again = StoreDocument::parse(text.expose()).unwrap();
        assert_eq!(again.get("a"), Some("{\"x\":2}"));
        assert_eq!(again.get("b\n"), Some("{\"y\":\"z\"}"));
        assert_eq!(again.get("c"), Some("{\"version\":7}"));
        assert_eq!(again.members.get("later").unwrap().get(), "[1.50,\"é\"]");
        assert_eq!(again.members.get("\"").unwrap().get(), "null");
        let text = again.with("a", None).unwrap();
        let last = StoreDocument::parse(text.expose()).unwrap();
        assert!(last.get("a").is_none() && last.get("c").is_some());
    }

    #[test]
    fn begins_with_nothing() {
        let document = StoreDocument::default();
        assert_eq!(document.get("a"), None);
        let text = document.with("a", None).unwrap();
        let text = StoreDocument::parse(text.expose()).unwrap().with("a", Some("{}")).unwrap();
        assert_eq!(text.expose(), "{\n\"version\":1,\n\"entries\":{\n\"a\":{}\n}\n}\n");
        assert!(document.with("a", Some("1")).is_err() && document.with("a", Some("{")).is_err());
    }

    #[test]
    fn refuses_what_is_broken_wherever_it_ends() {
        let text = TEXT.trim_end();
        for (cut, _) in text.char_indices() {
            assert!(StoreDocument::parse(&text[..cut]).is_err());
        }
        for (text, status) in [
            ("", Status::Auth),
            ("[]", Status::Auth),
            ("{\"entries\":{}}", Status::Auth),
            ("{\"version\":1}", Status::Auth),
            ("{\"version\":1,\"entries\":[]}", Status::Auth),
            ("{\"version\":\"1\",\"entries\":{}}", Status::Auth),
            ("{\"version\":2,\"entries\":{}}", Status::Unsupported),
        ] {
            assert_eq!(StoreDocument::parse(text).unwrap_err().status(), status, "{text}");
        }
    }
}
