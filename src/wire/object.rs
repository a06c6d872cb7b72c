//! The members of a JSON object, in their order, as raw JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::base::secret::Secret;
use crate::platform::wipe;
use crate::wire::json_string::unescape;

/// The members of an object: names without escapes are borrowed.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The value of the last member with this name, as other parsers do.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// A member that is a string.
    pub(crate) fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// A member that is a string. Every copy of it is wiped.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        let raw = self.get(name)?.get();
        let mut bytes = raw.starts_with('"').then(|| unescape(raw))?;
        bytes.pop();
        match String::from_utf8(bytes) {
            Ok(text) => Some(text.into()),
            Err(error) => {
                wipe(&mut error.into_bytes());
                None
            }
        }
    }
}

/// A name, borrowed if possible: serde would make a `Cow` owned here.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::with_capacity(6);
                while let Some(Name(name)) = map.next_key()? {
                    out.push((name, map.next_value()?));
                }
                Ok(Members(out))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_text_of_the_members() {
        let members = Members::parse(r#" {"b":1.50,"a\n":[ 1],"b":"x"} "#).unwrap();
        let all: Vec<(&str, &str)> =
            members.0.iter().map(|(name, value)| (&**name, value.get())).collect();
        assert_eq!(all, [("b", "1.50"), ("a\n", "[ 1]"), ("b", "\"x\"")]);
        assert_eq!(members.string("b").as_deref(), Some("x"));
        assert_eq!(members.secret("b"), Some("x".into()));
        assert!(members.secret("a\n").is_none() && members.secret("c").is_none());
        assert!(members.get("c").is_none() && members.string("a\n").is_none());
    }

    #[test]
    fn rejects_text_that_is_not_an_object() {
        for text in ["", "[]", "1", "{", "{} {}", "null"] {
            assert!(Members::parse(text).is_err(), "{text}");
        }
    }
}
