//! Texts and URLs of other servers, made fit for messages.

use form_urlencoded::parse;
use subtle::ConstantTimeEq;

use crate::base::mask::CUT;
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// The most characters of a server's text in a message.
const LONGEST: usize = 200;

/// A server's text with only the characters of RFC 6749, 5.2. `None` if the text
/// contains a secret of the flow, also in form encoding.
pub(crate) fn display_text(text: &str, secrets: &[Secret]) -> Option<String> {
    let repeats = |text: &str| {
        secrets.iter().map(Secret::expose).any(|one| !one.is_empty() && text.contains(one))
    };
    // In a form, a name and a value may each be the secret.
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
pub(crate) fn display_error(code: &str, description: Option<&str>, secrets: &[Secret]) -> String {
    match (display_text(code, secrets), description.and_then(|text| display_text(text, secrets))) {
        (Some(code), Some(text)) => format!(": {code} (\"{text}\")"),
        (Some(code), None) => format!(": {code}"),
        (None, _) => String::new(),
    }
}

/// A URL for a message: without user name, password, query and fragment.
pub(crate) fn display_url(url: &str) -> String {
    display_text(&UrlParts::of(url).without_secrets(), &[]).unwrap_or_default()
}

/// Compares two secrets in constant time.
pub(crate) fn same_secret(one: &Secret, other: &Secret) -> bool {
    one.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_and_cuts_the_text_of_a_server() {
        assert_eq!(
            display_text("No: \"x\" \\ é\r\n\u{1b}[0m %s", &[]).unwrap(),
            "No: ?x? ? ????[0m %s"
        );
        assert_eq!(display_text(&"x".repeat(200), &[]).unwrap(), "x".repeat(200));
        assert_eq!(display_text(&"é".repeat(201), &[]).unwrap(), "?".repeat(200) + "...");
        assert_eq!(display_text("", &[]).unwrap(), "");
    }

    #[test]
    fn omits_a_text_with_a_secret() {
        let secrets = [Secret::from(""), Secret::from("s3 cret+"), Secret::from("c0de")];
        assert_eq!(display_text("bad code", &secrets).unwrap(), "bad code");
        for text in [
            "bad s3 cret+",
            "bad c0de.",
            "client_secret=s3+cret%2B",
            "a=b&code=%63%30de&c=d",
            &format!("{}c0de", "x".repeat(500)),
        ] {
            assert_eq!(display_text(text, &secrets), None, "{text}");
        }
    }

    #[test]
    fn shows_a_url_without_its_secrets() {
        for (url, shown) in [
            ("https://h/a/b?token=x", "https://h/a/b"),
            ("https://h?token=x", "https://h"),
            ("https://h/a#token", "https://h/a"),
            ("https://user:pw@h:1/a@b", "https://h:1/a@b"),
            ("https://user:p@w@h", "https://h"),
            ("java\nscript:x", "java?script:x"),
            ("", ""),
        ] {
            assert_eq!(display_url(url), shown, "{url}");
        }
    }

    #[test]
    fn compares_whole_secrets() {
        let same = |a: &str, b: &str| same_secret(&Secret::from(a), &Secret::from(b));
        assert!(same("", "") && same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("ab", "abc") && !same("", "a"));
    }
}
