//! WWW-Authenticate, and dates and times in headers.

use std::time::{Duration, UNIX_EPOCH};

use super::parts;
use crate::cost::bounded;
use crate::wire::challenge::{all, choose, parameters};
use crate::wire::{clock_skew, retry_after};

pub(super) const WORDS: &[&str] = &[
    "Bearer ",
    "DPoP ",
    "Basic ",
    "Negotiate YWJj==",
    "error=\"invalid_token\"",
    "scope=\"a b\"",
    "resource_metadata=\"https://h/x\"",
    ", ",
    "\\\"",
    "=",
    "==",
    "'",
    "realm=x",
    "\t",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "120",
];

pub(super) fn run(data: &[u8]) {
    let Some(values) = parts(data) else { return };
    let found = bounded(data.len(), || all(values.iter().copied()));
    assert!(found.len() <= 16);
    for one in &found {
        assert!(one.parameters.len() <= 32);
        for (at, (name, _)) in one.parameters.iter().enumerate() {
            assert!(!name.is_empty() && !name.contains(|letter: char| letter.is_ascii_uppercase()));
            assert!(!one.parameters[..at].iter().any(|(other, _)| other == name), "{name} twice");
            assert!(one.get(name).is_some());
        }
    }
    for dpop_is_on in [false, true] {
        let chosen = choose(&found, dpop_is_on);
        assert_eq!(chosen.is_some(), !found.is_empty());
        let shown = parameters(values.iter().copied(), dpop_is_on);
        assert_eq!(shown, chosen.map(|one| one.parameters.clone()).unwrap_or_default());
    }
    // Parameters that are written by the rules are read as the same.
    for one in &found {
        let plain = one.parameters.iter().all(|(_, value)| value.len() < 500);
        if !plain {
            continue;
        }
        let pairs: Vec<String> = one
            .parameters
            .iter()
            .map(|(name, value)| {
                format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
            })
            .collect();
        let written = format!("{:?} {}", one.scheme, pairs.join(", "));
        if written.len() <= 8 * 1024 {
            assert_eq!(all([written.as_str()]), std::slice::from_ref(one), "{written}");
        }
    }
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for value in values {
        retry_after::retry_after(value, now);
        clock_skew::clock_skew(Some(value), now);
    }
}
