//! The revisions of the protocol, the oldest first.

/// The draft of 2024-11-05, which some servers name.
const DRAFT: &str = "2024-10-07";

/// A revision that the library speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    /// All revisions, the newest first.
    pub(crate) const ALL: [Revision; 5] = [
        Self::V2026_07_28,
        Self::V2025_11_25,
        Self::V2025_06_18,
        Self::V2025_03_26,
        Self::V2024_11_05,
    ];

    /// The newest revision without a handshake.
    pub(crate) const STATELESS: Self = Self::V2026_07_28;

    /// The newest revision that begins with `initialize`.
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

    /// The revision with exactly this name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// The revision that a server names. The draft of the oldest one differs in
    /// nothing that the library uses.
    pub(crate) fn of_server(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.names().any(|name| name == text))
    }

    /// The names that servers use.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let draft = (self == Self::V2024_11_05).then_some(DRAFT);
        std::iter::once(self.as_str()).chain(draft)
    }

    /// Whether the revision has neither handshake nor session.
    pub(crate) fn is_stateless(self) -> bool {
        self >= Self::STATELESS
    }

    /// Whether the server may put several messages into one array.
    pub(crate) fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }

    /// Whether a completion may have a `context`: the other arguments.
    pub(crate) fn has_completion_context(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Whether the client may ask the server to run a call as a task.
    pub(crate) fn has_tasks(self) -> bool {
        self == Self::V2025_11_25
    }

    /// The newest revision of a dialect that both sides speak.
    pub(crate) fn newest_common(names: &[String], is_stateless: bool) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| {
            revision.is_stateless() == is_stateless
                && names.iter().any(|name| Self::of_server(name) == Some(*revision))
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
    fn compares_whole_names() {
        assert_eq!(Revision::parse("2025-06-18"), Some(Revision::V2025_06_18));
        assert_eq!(Revision::parse("2025-06-18 "), None);
        assert_eq!(Revision::parse(""), None);
    }

    #[test]
    fn takes_the_draft_of_the_oldest_revision_for_it() {
        assert_eq!(Revision::of_server("2024-10-07"), Some(Revision::V2024_11_05));
        assert_eq!(Revision::of_server("2025-06-18"), Some(Revision::V2025_06_18));
        assert_eq!(Revision::of_server("2024-10-08"), None);
        assert_eq!(Revision::parse("2024-10-07"), None, "a revision to pin");
        let names = ["2024-10-07".to_owned()];
        assert_eq!(Revision::newest_common(&names, false), Some(Revision::V2024_11_05));
    }
}
