//! Parameters of a request that the application sets, adds or leaves out.

use form_urlencoded::{byte_serialize, parse};

use crate::auth::oauth::spec::provider_profile::ProfileValue;
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
    /// Parameters of a profile whose value is that of `resource`, also if
    /// `resource` itself is left out.
    copies: Vec<&'static str>,
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

    /// The parameters of a request with the changes of the application, each name
    /// once: `own` are those of the library, in their order. A changed one keeps
    /// its place, and those that the library does not send come last.
    ///
    /// This holds for every request of a grant: the authorization request, the
    /// device authorization request and the token requests.
    pub(crate) fn apply<'a>(
        &'a self,
        own: &[(&'a str, Option<&'a str>)],
    ) -> Vec<(&'a str, &'a str)> {
        let changed = own.iter().map(|(name, value)| (*name, self.get(name).unwrap_or(*value)));
        let added = self.iter().filter(|(name, _)| !own.iter().any(|(known, _)| known == name));
        let resource = own.iter().find(|(name, _)| *name == "resource");
        // A grant may have the parameter with a meaning of its own.
        let is_free = |name: &&&str| !own.iter().any(|(known, _)| known == *name);
        let copied = self.copies.iter().filter(is_free);
        let copied = copied.filter_map(|name| Some((*name, resource?.1)));
        changed
            .chain(added)
            .chain(copied)
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The values that no message may show. They may be secrets, and a server may
    /// repeat them. A plain word such as "consent" and a URI without a query are
    /// none: an error of the server would become unreadable without them.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> + '_ {
        let values = self.iter().filter_map(|(_, value)| value);
        values.filter(|value| may_be_secret(value)).flat_map(|value| {
            let encoded: String = byte_serialize(value.as_bytes()).collect();
            [Secret::from(value), Secret::from(encoded)]
        })
    }

    /// These changes, and those of a profile for the names that have none here.
    /// `before`: the changes to the request that comes first. A value that the
    /// application set there must not be contradicted by the profile here.
    pub(crate) fn over(
        &self,
        below: &[(&'static str, ProfileValue)],
        before: Option<&Self>,
    ) -> Self {
        let is_set_before = |name: &str| before.is_some_and(|edits| edits.get(name).is_some());
        let mut all = Self::default();
        for (name, value) in below.iter().filter(|(name, _)| self.get(name).is_none()) {
            match value {
                ProfileValue::Text(_) | ProfileValue::Resource if is_set_before(name) => {}
                ProfileValue::Text(text) => {
                    all.edits.push(((*name).to_owned(), Some(Secret::from(*text))));
                }
                ProfileValue::LeftOut => all.edits.push(((*name).to_owned(), None)),
                ProfileValue::Resource => all.copies.push(name),
            }
        }
        all.edits.extend(self.edits.iter().cloned());
        all
    }
}

/// Checks that the application may change a parameter of this name.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || !name.bytes().all(|one| one.is_ascii_graphic())
    {
        return Err(Error::argument(
            "the name of a parameter is empty or too long, or has a blank or a byte outside ASCII",
        ));
    }
    if is_protected(name) {
        let shown = display_text(name, &[]).unwrap_or_default();
        return Err(Error::argument(format!(
            "the parameter \"{shown}\" is part of the security of the request, or has a function \
             of its own: it cannot be set here"
        )));
    }
    Ok(())
}

/// Whether a server may read a protected parameter from this name. Some servers
/// ignore case, some decode a name twice, and some read `name[]` and `na.me` as
/// `name` and `na_me`.
fn is_protected(name: &str) -> bool {
    let is_known = |name: &str| {
        let name = name.split('[').next().unwrap_or_default();
        let name = name.trim_matches(|one: char| one.is_whitespace() || one.is_control());
        let name = name.replace('.', "_");
        PROTECTED.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    // A name with "&" or "=" is decoded into several texts.
    is_known(name) || parse(name.as_bytes()).any(|(one, other)| is_known(&one) || is_known(&other))
}

fn may_be_secret(value: &str) -> bool {
    let is_word = value.bytes().all(|one| one.is_ascii_alphabetic() || b"_ ".contains(&one));
    let is_uri = value.starts_with("urn:") || value.contains("://");
    !is_word && (!is_uri || value.contains(['?', '@', '#']))
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
        let all = edits.over(
            &[
                ("prompt", ProfileValue::Text("consent")),
                ("access_type", ProfileValue::Text("offline")),
            ],
            None,
        );
        assert_eq!(all.get("prompt"), Some(None));
        assert_eq!(all.get("access_type"), Some(Some("offline")));
        assert_eq!(all.iter().count(), 2);
    }

    #[test]
    fn contradicts_no_value_of_the_request_before() {
        let below = [("audience", ProfileValue::Resource), ("resource", ProfileValue::LeftOut)];
        let mut before = RequestEdits::default();
        before.set("audience", Some("urn:api")).unwrap();
        before.set("resource", Some("urn:api")).unwrap();
        let all = RequestEdits::default().over(&below, Some(&before));
        let own = [("code", Some("c")), ("resource", Some("https://r/mcp"))];
        assert_eq!(all.apply(&own), [("code", "c")]);
        let other = RequestEdits::default().over(&below, Some(&RequestEdits::default()));
        assert_eq!(other.apply(&own), [("code", "c"), ("audience", "https://r/mcp")]);
    }

    #[test]
    fn copies_the_resource_for_a_profile() {
        let below = [("audience", ProfileValue::Resource), ("resource", ProfileValue::LeftOut)];
        let own = [("code", Some("c")), ("resource", Some("https://r/mcp"))];
        let edits = RequestEdits::default().over(&below, None);
        assert_eq!(edits.apply(&own), [("code", "c"), ("audience", "https://r/mcp")]);
        assert_eq!(
            edits.apply(&own[..1]),
            own[..1].iter().map(|(n, v)| (*n, v.unwrap())).collect::<Vec<_>>()
        );
        // The audience of a token exchange is the authorization server.
        let exchange = [("audience", Some("https://as")), ("resource", Some("https://r/mcp"))];
        assert_eq!(edits.apply(&exchange), [("audience", "https://as")]);
        let mut edits = RequestEdits::default();
        edits.set("audience", Some("api")).unwrap();
        edits.set("resource", Some("urn:r")).unwrap();
        let all = edits.over(&below, None);
        assert_eq!(all.apply(&own), [("code", "c"), ("resource", "urn:r"), ("audience", "api")]);
    }

    fn edits(all: &[(&str, Option<&str>)]) -> RequestEdits {
        let mut edits = RequestEdits::default();
        for (name, value) in all {
            edits.set(name, *value).unwrap();
        }
        edits
    }

    #[test]
    fn changes_adds_and_leaves_out_parameters() {
        let own = [("client_id", Some("c")), ("resource", Some("r")), ("scope", None)];
        for (changes, sent) in [
            (&[][..], "client_id=c resource=r"),
            (&[("resource", None)], "client_id=c"),
            (&[("resource", Some("x"))], "client_id=c resource=x"),
            (&[("resource", Some(""))], "client_id=c resource="),
            (&[("b", Some("2")), ("a", Some("1"))], "client_id=c resource=r b=2 a=1"),
            (&[("b", Some("2")), ("b", Some("3"))], "client_id=c resource=r b=3"),
            (&[("b", Some("2")), ("b", None)], "client_id=c resource=r"),
            (&[("prompt", None)], "client_id=c resource=r"),
            // The names of parameters have case.
            (&[("Resource", None)], "client_id=c resource=r"),
        ] {
            let edits = edits(changes);
            let all = edits.apply(&own);
            let all: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(all.join(" "), sent, "{changes:?}");
        }
    }

    #[test]
    fn hides_the_values_that_may_be_secrets() {
        let edits = edits(&[
            ("prompt", Some("select_account consent")),
            ("audience", Some("https://api.example.com/v1")),
            ("resource", Some("urn:an:api-1")),
            ("empty", Some("")),
            ("hint", Some("ada+1@h")),
            ("url", Some("https://h/?key=1")),
        ]);
        let shown: Vec<_> = edits.secrets().map(|one| one.expose().to_owned()).collect();
        assert_eq!(
            shown,
            ["ada+1@h", "ada%2B1%40h", "https://h/?key=1", "https%3A%2F%2Fh%2F%3Fkey%3D1"]
        );
    }

    #[test]
    fn refuses_protected_and_malformed_names() {
        let mut edits = RequestEdits::default();
        let long = "n".repeat(LONGEST_NAME + 1);
        for name in PROTECTED.iter().copied().chain(["", "a b", "é", "a\n", "Client_ID", &long]) {
            let error = edits.set(name, Some("v")).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{name}");
        }
        for name in [
            "client%5Fid",
            "CLIENT%5fID",
            "client_id[]",
            "redirect_uri[0]",
            "client.id",
            "a&client_id",
            "a=client_id",
            "client_id=x",
            "+state",
            "state%00[]",
        ] {
            let error = edits.set(name, Some("v")).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{name}");
            assert!(edits.set(name, None).is_err(), "{name}");
        }
        for name in ["audience[]", "my.parameter", "subject_token_type", "codec", "x:y", "a&b"] {
            edits.set(name, Some("v")).unwrap();
        }
        let mut edits = RequestEdits::default();
        assert!(edits.set("a", Some(&"v".repeat(LONGEST_VALUE + 1))).is_err());
        assert!(edits.set("a", Some("v\0")).is_err());
        for index in 0..MOST {
            edits.set(&format!("p{index}"), Some("")).unwrap();
        }
        assert!(edits.set("more", None).is_err());
        edits.set("p0", None).unwrap();
    }
}
