//! A text that ends with a NUL. A short one needs no memory of its own: the names,
//! numbers and texts of a JSON value are mostly short.

use std::fmt;
use std::ops::Deref;

use crate::wire::json_string::unescape;

/// The bytes of a short text with its NUL.
const ROOM: usize = 22;

#[derive(Clone)]
pub(crate) enum ShortText {
    Here { length: u8, bytes: [u8; ROOM] },
    Elsewhere(Box<[u8]>),
}

impl ShortText {
    /// The text without its NUL is UTF-8.
    pub(crate) fn new(text: &str) -> Self {
        Self::short(text.as_bytes()).unwrap_or_else(|| {
            let mut bytes = Vec::with_capacity(text.len() + 1);
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
            Self::Elsewhere(bytes.into())
        })
    }

    /// From a JSON string with its quotes.
    pub(crate) fn of_string(raw: &str) -> Self {
        let inner = raw.as_bytes().get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        if inner.len() < ROOM && !inner.contains(&b'\\') {
            return Self::short(inner).unwrap_or_default();
        }
        Self::Elsewhere(unescape(raw).into())
    }

    fn short(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; ROOM];
        // The last byte stays a NUL.
        bytes.get_mut(..ROOM - 1)?.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self::Here { length: text.len() as u8, bytes })
    }

    /// The bytes with the NUL. They move with this value if they are few.
    pub(crate) fn with_nul(&self) -> &[u8] {
        match self {
            Self::Here { length, bytes } => bytes.get(..=usize::from(*length)).unwrap_or_default(),
            Self::Elsewhere(bytes) => bytes,
        }
    }

    /// The bytes without the NUL at the end.
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes = self.with_nul();
        bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default()
    }
}

impl Default for ShortText {
    fn default() -> Self {
        Self::Here { length: 0, bytes: [0; ROOM] }
    }
}

impl Deref for ShortText {
    type Target = str;

    /// The text without the NUL at the end.
    fn deref(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl PartialEq for ShortText {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_texts_of_any_length() {
        assert_eq!(size_of::<ShortText>(), size_of::<Vec<u8>>());
        assert_eq!(ShortText::default().with_nul(), b"\0");
        for length in 0..2 * ROOM {
            let text: String = "aé\0\"z".chars().cycle().take(length).collect();
            let raw = serde_json::to_string(&text).unwrap();
            for made in [ShortText::new(&text), ShortText::of_string(&raw)] {
                assert_eq!(&*made, text);
                assert_eq!(made.with_nul(), format!("{text}\0").as_bytes());
                assert_eq!(made.clone(), made);
            }
            let plain = "x".repeat(length);
            let made = ShortText::of_string(&format!("\"{plain}\""));
            assert_eq!(&*made, plain);
            assert_eq!(matches!(made, ShortText::Here { .. }), length < ROOM);
        }
        assert_eq!(&*ShortText::of_string(r#""\ud83d""#), "\u{fffd}");
    }
}
