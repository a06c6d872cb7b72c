//! WWW-Authenticate: the challenges that ask for a token (RFC 9110, 11.6.1;
//! RFC 6750, section 3; RFC 9449, section 7.1).
//!
//! Malformed parts are skipped: the response is an error also without a
//! challenge.

/// The supported schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthScheme {
    Bearer,
    DPoP,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: AuthScheme,
    /// The names are in lower case; each occurs once.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter; `name` in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn names_metadata(&self) -> bool {
        self.get("resource_metadata").is_some()
    }
}

/// The limit for challenges that are read, of all schemes.
const CHALLENGES: usize = 16;
/// The limit for parameters of one challenge that are kept.
const PARAMETERS: usize = 32;
/// The limit for the bytes of all header values together.
const LONGEST: usize = 8 * 1024;

/// The challenges of all supported schemes, in the order of the header.
pub(crate) fn all<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    let mut out = Vec::new();
    let (mut count, mut left) = (0, LONGEST);
    for value in values {
        // A value is read whole or not at all: a part of it could have another
        // meaning.
        let Some(less) = left.checked_sub(value.len()) else {
            continue;
        };
        left = less;
        let mut reader = ChallengeReader { rest: value };
        while count < CHALLENGES
            && let Some((scheme, parameters)) = reader.challenge()
        {
            count += 1;
            let scheme = match () {
                () if scheme.eq_ignore_ascii_case("bearer") => AuthScheme::Bearer,
                () if scheme.eq_ignore_ascii_case("dpop") => AuthScheme::DPoP,
                () => continue,
            };
            out.push(Challenge { scheme, parameters });
        }
    }
    out
}

/// The challenge to follow. The parameters of one challenge do not belong to
/// another. Of several with one scheme, as a gateway and the server behind it send
/// them, it is the one that says most about what to do.
pub(crate) fn choose(challenges: &[Challenge], dpop_is_on: bool) -> Option<&Challenge> {
    let wanted = if dpop_is_on { AuthScheme::DPoP } else { AuthScheme::Bearer };
    let is_wanted = |one: &&Challenge| one.scheme == wanted;
    let first = challenges.iter().find(is_wanted).or_else(|| challenges.first())?;
    let same = || challenges.iter().filter(|one| one.scheme == first.scheme);
    let asks_for_more = |one: &&Challenge| {
        let error = one.get("error");
        matches!(error, Some("insufficient_scope" | "use_dpop_nonce" | "invalid_dpop_proof"))
    };
    let telling = same().find(asks_for_more).or_else(|| same().find(|one| one.names_metadata()));
    telling.or(Some(first))
}

/// The challenge of a 403 that asks for a token as a 401 does. Gateways send it to
/// a request without a token, and for a token that they do not know.
pub(crate) fn asking_for_token(
    challenges: &[Challenge],
    dpop_is_on: bool,
    had_token: bool,
) -> Option<&Challenge> {
    let chosen = choose(challenges, dpop_is_on)?;
    let refuses_token =
        |one: &&Challenge| one.scheme == chosen.scheme && one.get("error") == Some("invalid_token");
    match challenges.iter().find(refuses_token) {
        // A gateway refuses the token, and the server behind it says what to do.
        Some(_) if chosen.names_metadata() => Some(chosen),
        None if had_token => None,
        // The chosen one first, which is among them.
        None => std::iter::once(chosen).chain(challenges).find(|one| one.names_metadata()),
        refused => refused,
    }
}

/// The parameters to show in an error: those of the challenge to follow.
pub(crate) fn parameters<'a>(
    values: impl IntoIterator<Item = &'a str>,
    dpop_is_on: bool,
) -> Vec<(String, String)> {
    let challenges = all(values);
    choose(&challenges, dpop_is_on).map(|one| one.parameters.clone()).unwrap_or_default()
}

struct ChallengeReader<'a> {
    rest: &'a str,
}

impl<'a> ChallengeReader<'a> {
    /// `scheme 1*SP ( token68 / #auth-param )`
    fn challenge(&mut self) -> Option<(&'a str, Vec<(String, String)>)> {
        let scheme = self.scheme()?;
        let mut parameters: Vec<(String, String)> = Vec::new();
        loop {
            let before = self.rest;
            self.skip(|byte| byte == b',' || is_blank(byte));
            if self.rest.is_empty() {
                return Some((scheme, parameters));
            }
            if let Some((name, value)) = self.parameter() {
                let name = name.to_ascii_lowercase();
                if parameters.len() < PARAMETERS && !parameters.iter().any(|(one, _)| *one == name)
                {
                    parameters.push((name, value));
                }
                continue;
            }
            if before.trim_start_matches([' ', '\t']).starts_with(',') && self.is_at_token() {
                // A name without a value after a comma is the next scheme.
                self.rest = before;
                return Some((scheme, parameters));
            }
            self.word(); // A token68, or malformed.
        }
    }

    /// The next word that may be a scheme. A parameter without a scheme is read
    /// as well, so that no word in its quotes is taken for a scheme.
    fn scheme(&mut self) -> Option<&'a str> {
        loop {
            self.skip(|byte| byte == b',' || is_blank(byte));
            if self.rest.is_empty() {
                return None;
            }
            if self.parameter().is_some() {
                continue;
            }
            match self.token() {
                Some(scheme) => return Some(scheme),
                None => self.skip_one(),
            }
        }
    }

    /// `token BWS "=" BWS ( token / quoted-string )`. The reader advances only
    /// if there is one.
    fn parameter(&mut self) -> Option<(&'a str, String)> {
        let before = self.rest;
        let name = self.token();
        self.skip(is_blank);
        match (name, self.rest.strip_prefix('=')) {
            // "==" is the padding of a token68.
            (Some(name), Some(rest)) if !rest.starts_with('=') => {
                self.rest = rest;
                self.skip(is_blank);
                Some((name, self.value()))
            }
            _ => {
                self.rest = before;
                None
            }
        }
    }

    fn value(&mut self) -> String {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted);
        }
        // Some servers use single quotes.
        if let Some((inside, rest)) =
            self.rest.strip_prefix('\'').and_then(|quoted| quoted.split_once('\''))
            && rest.bytes().next().is_none_or(is_end)
        {
            self.rest = rest;
            return inside.to_owned();
        }
        self.word().to_owned()
    }

    fn quoted(&mut self, quoted: &'a str) -> String {
        let mut out = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = quoted.get(at + 1..).unwrap_or_default();
                    return out;
                }
                '\\' => out.extend(characters.next().map(|(_, escaped)| escaped)),
                other => out.push(other),
            }
        }
        self.rest = "";
        out
    }

    fn token(&mut self) -> Option<&'a str> {
        let token = self.take(is_token);
        (!token.is_empty()).then_some(token)
    }

    fn is_at_token(&self) -> bool {
        self.rest.bytes().next().is_some_and(is_token)
    }

    /// The text before the next comma or blank, such as an unquoted URL.
    fn word(&mut self) -> &'a str {
        self.take(|byte| !is_end(byte))
    }

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        self.take(unwanted);
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !wanted(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn skip_one(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_end(byte: u8) -> bool {
    byte == b',' || is_blank(byte)
}

/// A `tchar` of RFC 9110, 5.6.2.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The challenges as text: `Bearer a=b|c=d; DPoP`.
    fn read(values: &[&str]) -> String {
        let all = all(values.iter().copied());
        let texts: Vec<String> = all
            .iter()
            .map(|one| {
                let pairs: Vec<String> =
                    one.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{:?} {}", one.scheme, pairs.join("|")).trim_end().to_owned()
            })
            .collect();
        texts.join("; ")
    }

    #[test]
    fn reads_what_servers_write() {
        for (value, expected) in [
            ("", ""),
            (", ,", ""),
            ("Bearer", "Bearer"),
            ("bEARER", "Bearer"),
            (" Bearer ", "Bearer"),
            ("dpop", "DPoP"),
            (r#"Bearer realm="a \"b\", c""#, r#"Bearer realm=a "b", c"#),
            ("Bearer error=x,scope=y", "Bearer error=x|scope=y"),
            (r#"Bearer Error="x" , SCOPE = "y z""#, "Bearer error=x|scope=y z"),
            // Empty elements of the list, and parameters without a comma between them.
            (",, Bearer ,error=x,, ,scope=y,", "Bearer error=x|scope=y"),
            (r#"Bearer error="x" scope="y""#, "Bearer error=x|scope=y"),
            // An unquoted URL; single quotes; an apostrophe that is no quote.
            (
                "Bearer resource_metadata=https://h/a?b=c&d, error=x",
                "Bearer resource_metadata=https://h/a?b=c&d|error=x",
            ),
            ("Bearer scope='a b, c', error='x'", "Bearer scope=a b, c|error=x"),
            ("Bearer error='x, scope=y", "Bearer error='x|scope=y"),
            ("Bearer error='x'y, scope=z", "Bearer error='x'y|scope=z"),
            ("Bearer error=, scope=y", "Bearer error=|scope=y"),
            (r#"Bearer error="", scope=y"#, "Bearer error=|scope=y"),
            // The first parameter of a name counts; case is ignored.
            ("Bearer error=x, ERROR=y, error=z", "Bearer error=x"),
            // Several challenges in one value.
            (r#"Basic realm="x", Bearer error=e, Digest nonce=1"#, "Bearer error=e"),
            ("Bearer, Basic realm=x", "Bearer"),
            (r#"Bearer, DPoP algs="ES256 RS256""#, "Bearer; DPoP algs=ES256 RS256"),
            ("DPoP error=a, Bearer error=b", "DPoP error=a; Bearer error=b"),
            ("Bearer error=a, Bearer error=b", "Bearer error=a; Bearer error=b"),
            // Text in quotes begins no challenge.
            (r#"Basic realm="x, Bearer error=e""#, ""),
            (r#"realm="x, Bearer error=e", Bearer error=f"#, "Bearer error=f"),
            // A token68 with every allowed character.
            ("Negotiate YWJj/+-._~==, Bearer error=x", "Bearer error=x"),
            ("Negotiate YWJj=, Bearer error=x", "Bearer error=x"),
            ("Negotiate a/b=, Bearer error=x", "Bearer error=x"),
            ("NTLM, Bearer error=x", "Bearer error=x"),
            ("Bearer abc==, DPoP error=x", "Bearer; DPoP error=x"),
            // Malformed.
            ("= \"a\", Bearer error=x", "Bearer error=x"),
            ("Bearer ; error=x", "Bearer error=x"),
            ("Bearer: error=x", "Bearer error=x"),
            ("Bearer error=\"x", "Bearer error=x"),
            ("Bearer error=\"x\\", "Bearer error=x"),
            ("Bearer é=x, error=é", "Bearer error=é"),
            ("Bearers error=x", ""),
        ] {
            assert_eq!(read(&[value]), expected, "{value}");
        }
    }

    #[test]
    fn reads_every_value_of_the_header() {
        assert_eq!(
            read(&["Negotiate YWJj==", "Bearer error=x", "scope=y", "DPoP error=z, Bearer"]),
            "Bearer error=x; DPoP error=z; Bearer"
        );
    }

    #[test]
    fn keeps_its_limits() {
        let many = "Basic a=b, ".repeat(15);
        assert_eq!(read(&[&format!("{many}Bearer error=x")]), "Bearer error=x");
        assert_eq!(read(&[&format!("{many}Basic, Bearer error=x")]), "");
        assert_eq!(read(&[&many, "Basic", "Bearer error=x"]), "");
        let parameters: Vec<String> = (0..40).map(|number| format!("a{number}=b")).collect();
        let challenges = all([format!("Bearer {}", parameters.join(", ")).as_str()]);
        assert_eq!(challenges[0].parameters.len(), 32);
        assert_eq!(challenges[0].get("a31"), Some("b"));
        // A value over the limit is skipped; the next value is read.
        let long = format!("Bearer error={}", "x".repeat(LONGEST));
        assert_eq!(read(&[&long, "DPoP error=y"]), "DPoP error=y");
        let half = format!("Basic a={}", "x".repeat(LONGEST / 2));
        assert_eq!(read(&[&half, &half, "Bearer error=y"]), "Bearer error=y");
    }

    #[test]
    fn chooses_one_challenge_and_does_not_mix_parameters() {
        let both = all(["Bearer error=a, DPoP error=b, scope=c"]);
        assert_eq!(choose(&both, false).unwrap().get("error"), Some("a"));
        assert_eq!(choose(&both, false).unwrap().get("scope"), None);
        assert_eq!(choose(&both, true).unwrap().get("error"), Some("b"));
        let bound = all(["DPoP error=b"]);
        assert_eq!(choose(&bound, false).unwrap().scheme, AuthScheme::DPoP);
        let plain = all(["Bearer error=a, Bearer error=c"]);
        assert_eq!(choose(&plain, true).unwrap().get("error"), Some("a"));
        assert_eq!(choose(&[], true), None);
    }

    #[test]
    fn knows_a_403_that_asks_for_a_token() {
        for (value, without, with) in [
            ("", false, false),
            ("Bearer", false, false),
            ("Bearer realm=x, scope=y", false, false),
            ("Bearer resource_metadata=https://h/m", true, false),
            ("bearer Resource_Metadata=https://h/m", true, false),
            ("Bearer error=invalid_token", true, true),
            ("Bearer error=invalid_token, resource_metadata=https://h/m", true, true),
            ("Bearer error=access_denied, resource_metadata=https://h/m", true, false),
            ("Bearer error=insufficient_scope, scope=x", false, false),
            ("Bearer error=INVALID_TOKEN", false, false),
            ("Bearer realm=x, Bearer error=invalid_token", true, true),
            ("Bearer realm=x, Bearer resource_metadata=https://h/m", true, false),
            // A challenge of another scheme is not about the token.
            ("Bearer realm=x, DPoP error=invalid_token", false, false),
            ("Bearer realm=x, DPoP resource_metadata=https://h/m", true, false),
            ("DPoP error=invalid_token", true, true),
            ("Basic error=invalid_token, resource_metadata=https://h/m", false, false),
        ] {
            let challenges = all([value]);
            let asks = |had| asking_for_token(&challenges, false, had).is_some();
            assert_eq!((asks(false), asks(true)), (without, with), "{value}");
        }
        // The place of the metadata counts, whichever challenge names it.
        for value in [
            "Bearer error=invalid_token, Bearer resource_metadata=https://h/m",
            "Bearer resource_metadata=https://h/m, Bearer error=invalid_token",
        ] {
            let challenges = all([value]);
            let chosen = asking_for_token(&challenges, false, true).unwrap();
            assert_eq!(chosen.get("resource_metadata"), Some("https://h/m"), "{value}");
        }
        let both = all(["Bearer error=invalid_token, DPoP realm=x"]);
        assert!(asking_for_token(&both, false, true).is_some());
        assert!(asking_for_token(&both, true, true).is_none());
    }

    #[test]
    fn shows_the_parameters_of_the_chosen_challenge() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let both = ["DPoP error=a", "Bearer error=b"];
        assert_eq!(parameters(both, false), [pair("error", "b")]);
        assert_eq!(parameters(both, true), [pair("error", "a")]);
        assert_eq!(parameters(["DPoP error=a, algs=ES256"], false).len(), 2);
        assert_eq!(parameters(["Basic realm=x"], false), []);
    }

    #[test]
    fn accepts_any_text_and_keeps_the_parameters_before_a_cut() {
        let hostile = r#"Bearer a=1, b="\, =,= "" \"é" c==, 'd='x'', DPoP ="e", f='g' h"#;
        for end in 0..=hostile.len() {
            let Some(text) = hostile.get(..end) else { continue };
            let challenges = all([text]);
            if end >= "Bearer a=1,".len() {
                assert_eq!(challenges[0].get("a"), Some("1"), "{text}");
            }
            all([hostile.get(end..).unwrap()]);
        }
    }
}
