//! Parameters of a request that the application sets, adds or leaves out.

use crate::auth::oauth::spec::redact::display_text;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;

/// The most parameters of one kind of request, and the most bytes of a name
/// and of a value.
const MOST: usize = 64;
const LONGEST_NAME: usize = 256;
const LONGEST_VALUE: usize = 8192;

/// The parameters that carry the security of a request, and those that another
/// function sets.
const PROTECTED: [&str; 22] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "dpop_jkt",
    "grant_type",
    "nonce",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "subject_token",
];

/// The changes to the parameters of a request, each name once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct RequestEdits {
    /// `None` as a value leaves the parameter out.
    edits: Vec<(String, Option<Secret>)>,
}

impl RequestEdits {
    /// Records one change. It replaces an earlier one of the same name.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        check_name(name)?;
        if value.is_some_and(|value| value.len() > LONGEST_VALUE || value.contains('\0')) {
            return Err(Error::argument(format!(
                "value is longer than {LONGEST_VALUE} bytes or has a NUL"
            )));
        }
        self.edits.retain(|(known, _)| known != name);
        if self.edits.len() >= MOST {
            return Err(Error::argument(format!("more than {MOST} parameters are set")));
        }
        self.edits.push((name.to_owned(), value.map(Secret::from)));
        Ok(())
    }

    /// What the application wants for a parameter: `None` if it said nothing,
    /// `Some(None)` if the parameter is left out.
    pub(crate) fn get(&self, name: &str) -> Option<Option<&str>> {
        let (_, value) = self.edits.iter().find(|(known, _)| known == name)?;
        Some(value.as_ref().map(Secret::expose))
    }

    /// All changes, in the order in which they were set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.edits.iter().map(|(name, value)| (name.as_str(), value.as_ref().map(Secret::expose)))
    }

    /// These changes, and those of `below` for the names that have none here.
    pub(crate) fn over(&self, below: &[(&str, Option<&str>)]) -> Self {
        let mut edits: Vec<(String, Option<Secret>)> = below
            .iter()
            .filter(|(name, _)| self.get(name).is_none())
            .map(|(name, value)| ((*name).to_owned(), value.map(Secret::from)))
            .collect();
        edits.extend(self.edits.iter().cloned());
        Self { edits }
    }
}

/// Checks that the application may change a parameter of this name.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || !name.bytes().all(|one| one.is_ascii_graphic())
    {
        return Err(Error::argument(
            "name is empty or too long, or has a blank or a byte outside ASCII",
        ));
    }
    if PROTECTED.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        let shown = display_text(name, &[]).unwrap_or_default();
        return Err(Error::argument(format!(
            "the parameter \"{shown}\" is part of the security of the request, or has a function \
             of its own: it cannot be set here"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    #[test]
    fn keeps_the_last_change_of_each_name() {
        let mut edits = RequestEdits::default();
        edits.set("audience", Some("a")).unwrap();
        edits.set("resource", None).unwrap();
        edits.set("audience", Some("b")).unwrap();
        let all: Vec<_> = edits.iter().collect();
        assert_eq!(all, [("resource", None), ("audience", Some("b"))]);
        assert_eq!(edits.get("audience"), Some(Some("b")));
        assert_eq!(edits.get("resource"), Some(None));
        assert_eq!(edits.get("prompt"), None);
    }

    #[test]
    fn puts_explicit_changes_over_those_of_a_profile() {
        let mut edits = RequestEdits::default();
        edits.set("prompt", None).unwrap();
        let all = edits.over(&[("prompt", Some("consent")), ("access_type", Some("offline"))]);
        assert_eq!(all.get("prompt"), Some(None));
        assert_eq!(all.get("access_type"), Some(Some("offline")));
        assert_eq!(all.iter().count(), 2);
    }

    #[test]
    fn refuses_protected_and_malformed_names() {
        let mut edits = RequestEdits::default();
        let long = "n".repeat(LONGEST_NAME + 1);
        for name in PROTECTED.iter().copied().chain(["", "a b", "é", "a\n", "Client_ID", &long]) {
            let error = edits.set(name, Some("v")).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{name}");
        }
        assert!(edits.set("a", Some(&"v".repeat(LONGEST_VALUE + 1))).is_err());
        assert!(edits.set("a", Some("v\0")).is_err());
        for index in 0..MOST {
            edits.set(&format!("p{index}"), Some("")).unwrap();
        }
        assert!(edits.set("more", None).is_err());
        edits.set("p0", None).unwrap();
    }
}
