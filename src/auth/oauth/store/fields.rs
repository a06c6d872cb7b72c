//! Reads and writes the members of an entry.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{Context, SHA256};

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::object::Members;

/// The version of entries, and of the file.
pub(crate) const VERSION: u64 = 1;

/// A key: printable, short, and a digest of its parts.
pub(super) fn key(kind: &str, parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // The length first: ("ab", "c") and ("a", "bc") must differ.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    format!("{kind}-{}", URL_SAFE_NO_PAD.encode(context.finish()))
}

/// Members that a later version of the library wrote, as JSON. They stay in the
/// entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnknownMembers(Vec<(String, Secret)>);

/// An error about an entry or a file. It quotes nothing of the content.
pub(super) fn broken(what: &str) -> Error {
    Error::new(
        Status::Auth,
        format!("{what}: correct it, or remove it and sign in again; it is left unchanged"),
    )
}

/// Checks the version of an entry, or of a file.
pub(super) fn check_version(members: &Members<'_>) -> Result<()> {
    match members.get("version").and_then(|raw| raw.get().parse::<u64>().ok()) {
        Some(VERSION) => Ok(()),
        Some(version) if version > VERSION => Err(Error::new(
            Status::Unsupported,
            format!(
                "a later libmcpclient wrote it in version {version}, and this one reads version \
                 {VERSION}: use the later one, or another store; it is left unchanged"
            ),
        )),
        _ => Err(broken("it has no member \"version\" that is a number")),
    }
}

/// Reads an entry.
#[derive(Debug)]
pub(super) struct EntryReader<'a>(Members<'a>);

impl<'a> EntryReader<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self> {
        let members = Members::parse(text).map_err(|_| broken("the entry is no JSON object"))?;
        check_version(&members)?;
        Ok(Self(members))
    }

    pub(super) fn secret(&self, name: &str) -> Result<Secret> {
        self.optional(name)?.ok_or_else(|| wrong(name, "is missing"))
    }

    pub(super) fn text(&self, name: &str) -> Result<String> {
        Ok(self.secret(name)?.expose().to_owned())
    }

    pub(super) fn optional(&self, name: &str) -> Result<Option<Secret>> {
        if self.is_absent(name) {
            return Ok(None);
        }
        self.0.secret(name).map(Some).ok_or_else(|| wrong(name, "is no string"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.optional(name)?.map(|text| text.expose().to_owned()))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        if self.is_absent(name) {
            return Ok(None);
        }
        let number = self.0.get(name).and_then(|raw| raw.get().parse().ok());
        number.map(Some).ok_or_else(|| wrong(name, "is no number of seconds"))
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() == "true")
    }

    /// All members except `known`.
    pub(super) fn unknown(&self, known: &[&str]) -> UnknownMembers {
        let others = self
            .0
            .0
            .iter()
            .filter(|(name, _)| name != "version" && !known.iter().any(|known| name == known));
        UnknownMembers(
            others.map(|(name, raw)| (name.clone().into_owned(), raw.get().into())).collect(),
        )
    }

    fn is_absent(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(|raw| raw.get() == "null")
    }
}

pub(super) fn wrong(name: &str, what: &str) -> Error {
    broken(&format!("the member \"{name}\" {what}"))
}

/// Begins an entry.
pub(super) fn writer() -> ObjectWriter {
    ObjectWriter::new().number("version", VERSION)
}

/// Ends an entry.
pub(super) fn end(writer: ObjectWriter, unknown: &UnknownMembers) -> Secret {
    let members = unknown.0.iter();
    members.fold(writer, |writer, (name, raw)| writer.json(name, raw.expose())).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_short_keys_that_differ_by_their_parts() {
        let keys = [
            key("tokens", &["ab", "c"]),
            key("tokens", &["a", "bc"]),
            key("tokens", &["abc"]),
            key("tokens", &["abc", ""]),
            key("given", &["abc"]),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(one.len() <= 64 && one.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(!keys[..at].contains(one));
        }
        // Stored on disks: it must never change.
        assert_eq!(keys[4], "given-w0lMoaLPjuuKEd7TFvtVuDw7u-22MTzVBBUlHl0J4S8");
    }

    #[test]
    fn distinguishes_a_missing_member_from_a_wrong_one() {
        let text = r#"{"version":1,"a":1,"b":null,"c":"\u0041","d":-1}"#;
        let reader = EntryReader::new(text).unwrap();
        assert!(reader.secret("a").unwrap_err().message().contains("\"a\" is no string"));
        assert!(reader.secret("b").unwrap_err().message().contains("\"b\" is missing"));
        assert!(reader.number("d").unwrap_err().message().contains("\"d\" is no number"));
        assert_eq!(reader.optional("b").unwrap(), None);
        assert_eq!(reader.number("e").unwrap(), None);
        assert_eq!(reader.text("c").unwrap(), "A");
    }
}
