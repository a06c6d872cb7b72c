//! Words for messages: what a stranger said, and where it was said.

use form_urlencoded::parse;
use subtle::ConstantTimeEq;

use crate::base::mask::CUT;
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// How much of a stranger's text goes into a message.
const LONGEST: usize = 200;

/// A stranger's text, fit for a message (RFC 6749, 5.2, has the characters);
/// none of one that repeats a secret of the exchange, also as a form has it.
pub(crate) fn foreign(text: &str, secrets: &[Secret]) -> Option<String> {
    let repeats = |text: &str| {
        secrets.iter().map(Secret::expose).any(|one| !one.is_empty() && text.contains(one))
    };
    // A form is read as pairs: what stands on each side may be the secret.
    let is_secret = repeats(text)
        || parse(text.as_bytes()).any(|(name, value)| repeats(&name) || repeats(&value));
    if is_secret {
        return None;
    }
    let mut out: String = text.chars().take(LONGEST).map(plain).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push_str(CUT);
    }
    Some(out)
}

fn plain(character: char) -> char {
    match character {
        ' '..='!' | '#'..='[' | ']'..='~' => character,
        _ => '?',
    }
}

/// An error code and its description, for a message.
pub(crate) fn said(code: &str, description: Option<&str>, secrets: &[Secret]) -> String {
    match (foreign(code, secrets), description.and_then(|text| foreign(text, secrets))) {
        (Some(code), Some(text)) => format!(": {code} (\"{text}\")"),
        (Some(code), None) => format!(": {code}"),
        (None, _) => String::new(),
    }
}

/// A URL for a message: without its query, which may be secret, and without
/// what would not be one.
pub(crate) fn place(url: &str) -> String {
    foreign(&UrlParts::of(url).without_secrets(), &[]).unwrap_or_default()
}

/// Compares with a secret in a time that does not tell where they differ.
pub(crate) fn same_secret(one: &Secret, other: &Secret) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_and_cuts_what_a_stranger_says() {
        assert_eq!(foreign("No: \"x\" \\ é\r\n\u{1b}[0m %s", &[]).unwrap(), "No: ?x? ? ????[0m %s");
        assert_eq!(foreign(&"x".repeat(200), &[]).unwrap(), "x".repeat(200));
        assert_eq!(foreign(&"é".repeat(201), &[]).unwrap(), "?".repeat(200) + "...");
        assert_eq!(foreign("", &[]).unwrap(), "");
    }

    #[test]
    fn leaves_out_what_repeats_a_secret() {
        let secrets = [Secret::from(""), Secret::from("s3 cret+"), Secret::from("c0de")];
        assert_eq!(foreign("bad code", &secrets).unwrap(), "bad code");
        for text in [
            "bad s3 cret+",
            "bad c0de.",
            "client_secret=s3+cret%2B",
            "a=b&code=%63%30de&c=d",
            &format!("{}c0de", "x".repeat(500)),
        ] {
            assert_eq!(foreign(text, &secrets), None, "{text}");
        }
    }

    #[test]
    fn shows_a_place_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://h/a/b?token=x", "https://h/a/b"),
            ("https://h?token=x", "https://h"),
            ("https://h/a#token", "https://h/a"),
            ("https://user:pw@h:1/a@b", "https://h:1/a@b"),
            ("https://user:p@w@h", "https://h"),
            ("java\nscript:x", "java?script:x"),
            ("", ""),
        ] {
            assert_eq!(place(url), shown, "{url}");
        }
    }

    #[test]
    fn compares_whole_secrets() {
        let same = |a: &str, b: &str| same_secret(&Secret::from(a), &Secret::from(b));
        assert!(same("", "") && same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("ab", "abc") && !same("", "a"));
    }
}
