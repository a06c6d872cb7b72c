//! The entry about the consent that an authorization server needs.

use crate::auth::oauth::spec::consent::ConsentHistory;
use crate::auth::oauth::store::entry::StoreEntry;
use crate::auth::oauth::store::fields::{EntryReader, UnknownMembers, end, key, writer};
use crate::base::error::Result;
use crate::base::secret::Secret;

/// What is known about consent at an issuer. It is no credential, so that it
/// outlives the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) issuer: String,
    pub(crate) history: ConsentHistory,
    pub(crate) unknown: UnknownMembers,
}

impl Consent {
    pub(crate) fn key(issuer: &str) -> String {
        key("consent", &[issuer])
    }
}

impl StoreEntry for Consent {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        let history = reader.optional_text("history")?;
        Ok(Self {
            issuer: reader.text("issuer")?,
            history: history.as_deref().map(ConsentHistory::of).unwrap_or_default(),
            unknown: reader.unknown(&["issuer", "history"]),
        })
    }

    fn text(&self) -> Secret {
        let writer = writer().text("issuer", &self.issuer).text("history", self.history.name());
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(&self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_history_and_unknown_members() {
        let text = r#"{"version":1,"issuer":"https://as","history":"helps","later":[1]}"#;
        let entry = Consent::parse(text).unwrap();
        assert_eq!(entry.history, ConsentHistory::Helps);
        assert_eq!(entry.text().expose(), text);
        assert_eq!(entry.own_key(), Consent::key("https://as"));
        let bare = Consent::parse(r#"{"version":1,"issuer":"i"}"#).unwrap();
        assert_eq!(bare.history, ConsentHistory::Unknown);
    }
}
