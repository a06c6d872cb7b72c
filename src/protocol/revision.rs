//! The revisions of the protocol, in their order.

/// A revision that this library speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    /// All of them, the newest first.
    pub(crate) const ALL: [Revision; 5] = [
        Self::V2026_07_28,
        Self::V2025_11_25,
        Self::V2025_06_18,
        Self::V2025_03_26,
        Self::V2024_11_05,
    ];

    /// The newest one without a handshake.
    pub(crate) const STATELESS: Self = Self::V2026_07_28;

    /// The newest one that begins with `initialize`.
    pub(crate) const HANDSHAKE: Self = Self::V2025_11_25;

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The one with exactly this name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// Whether each request stands alone: no handshake, no session.
    pub(crate) fn is_stateless(self) -> bool {
        self >= Self::STATELESS
    }

    /// Whether a peer may put several messages into one array.
    pub(crate) fn has_batches(self) -> bool {
        matches!(self, Self::V2024_11_05 | Self::V2025_03_26)
    }

    /// Whether a completion may be told the other arguments.
    pub(crate) fn has_completion_context(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Whether the core has tasks, which the client asks for.
    pub(crate) fn has_tasks(self) -> bool {
        self == Self::V2025_11_25
    }

    /// The newest of ours among a peer's, of one dialect.
    pub(crate) fn newest_common(names: &[String], is_stateless: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| {
            revision.is_stateless() == is_stateless
                && names.iter().any(|name| name == revision.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_newest_first() {
        assert!(Revision::ALL.is_sorted_by(|a, b| a > b));
        assert_eq!(Revision::ALL.iter().filter(|revision| revision.is_stateless()).count(), 1);
    }

    #[test]
    fn compares_names_whole() {
        assert_eq!(Revision::parse("2025-06-18"), Some(Revision::V2025_06_18));
        assert_eq!(Revision::parse("2025-06-18 "), None);
        assert_eq!(Revision::parse(""), None);
    }
}
