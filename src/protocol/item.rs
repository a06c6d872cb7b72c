//! Tools, resources, prompts, contents: what stands in a result, where it
//! stands, over raw JSON.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocol::marks;
use crate::wire::object::Members;

/// One thing in a text: where it stands, and where its members do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) whole: Range<usize>,
    /// In their order.
    pub(crate) members: Vec<Member>,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    name: Name,
    pub(crate) value: Range<usize>,
}

/// A name is where it stands, unless it has escapes.
#[derive(Clone, Debug)]
enum Name {
    At(Range<usize>),
    Own(Box<str>),
}

impl Item {
    /// What `raw`, a part of `text`, is.
    pub(crate) fn of(text: &str, raw: &RawValue) -> Self {
        Self::with(text, raw.get(), Members::parse(raw.get()).unwrap_or_default())
    }

    fn with(text: &str, raw: &str, members: Members<'_>) -> Self {
        let member = |(name, value): (Cow<'_, str>, &RawValue)| Member {
            name: match name {
                Cow::Borrowed(name) => Name::At(within(text, name)),
                Cow::Owned(name) => Name::Own(name.into()),
            },
            value: within(text, value.get()),
        };
        Self { whole: within(text, raw), members: members.0.into_iter().map(member).collect() }
    }

    /// The object that `raw`, a part of `text`, is.
    pub(crate) fn inside(text: &str, raw: &str) -> Option<Self> {
        let members = Members::parse(raw).ok()?;
        Some(Self::with(text, raw.trim_ascii(), members))
    }

    /// The whole of a text.
    pub(crate) fn root(text: &str) -> Option<Self> {
        Self::inside(text, text)
    }

    /// The items of the array that `raw`, a part of `text`, is.
    pub(crate) fn all(text: &str, raw: &str) -> Vec<Self> {
        items(text, raw)
    }

    /// A member of the object that a text is, as raw JSON.
    pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
        Members::parse(text).ok()?.get(name).map(RawValue::get)
    }

    /// The member of that name.
    pub(crate) fn find(&self, text: &str, name: &str) -> Option<usize> {
        self.members.iter().rposition(|member| match &member.name {
            Name::At(place) => text.get(place.clone()) == Some(name),
            Name::Own(own) => **own == *name,
        })
    }
}

/// Where a part of a text stands in it.
fn within(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

/// The items of the array that stands in `raw`, a part of `text`.
fn items(text: &str, raw: &str) -> Vec<Item> {
    let mut out = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    // What is no array has no items.
    let _ = Each(|item: &RawValue| out.push(Item::of(text, item))).deserialize(&mut deserializer);
    out
}

/// The number of items of an array in an object.
pub(crate) fn count(json: &str, member: &str) -> usize {
    let mut count = 0;
    if let Some(array) = Members::parse(json).ok().and_then(|members| members.get(member)) {
        let mut deserializer = serde_json::Deserializer::from_str(array.get());
        let _ = Each(|_: &RawValue| count += 1).deserialize(&mut deserializer);
    }
    count
}

/// Whether a tool may be called over HTTP: its marks are not invalid.
pub(crate) fn is_usable(schema: Option<&str>) -> bool {
    schema.is_none_or(|schema| marks::marks(schema).is_ok())
}

/// Runs a function for each element of an array.
struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_items_and_their_members_where_they_stand() {
        let text = r#"{"tools":[{"name":"a","x":[1]}, 7,{"na\u006de":"b"}]}"#;
        let members = Members::parse(text).unwrap();
        let found = items(text, members.get("tools").unwrap().get());
        let at = |range: Range<usize>| &text[range];
        let value = |item: &Item, name: &str| {
            item.find(text, name).map(|place| at(item.members[place].value.clone()))
        };
        assert_eq!(found.len(), 3);
        assert_eq!(at(found[0].whole.clone()), r#"{"name":"a","x":[1]}"#);
        assert_eq!(value(&found[0], "x"), Some("[1]"));
        assert_eq!(at(found[1].whole.clone()), "7");
        assert_eq!(value(&found[2], "name"), Some("\"b\""));
        assert_eq!(value(&found[1], "name"), None);
        assert_eq!(count(text, "tools"), 3);
        assert_eq!(count(text, "other"), 0);
    }
}
