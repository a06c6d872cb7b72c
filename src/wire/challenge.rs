//! WWW-Authenticate: the parameters of a Bearer challenge (RFC 9110, 11.6.1;
//! RFC 6750, section 3).

/// The parameters of the first Bearer challenge in the header's values, names
/// in lower case.
///
/// What cannot be read is passed over: a challenge only adds to an error that
/// stands without it.
pub(crate) fn bearer<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    for value in values {
        let mut reader = Reader { rest: value };
        while let Some(challenge) = reader.challenge() {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                return challenge.parameters;
            }
        }
    }
    Vec::new()
}

struct Challenge<'a> {
    scheme: &'a str,
    parameters: Vec<(String, String)>,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// `scheme 1*SP ( token68 / #auth-param )`
    fn challenge(&mut self) -> Option<Challenge<'a>> {
        self.skip(|byte| byte == b',' || is_blank(byte));
        let scheme = self.token()?;
        let mut parameters = Vec::new();
        loop {
            let before = self.rest;
            self.skip(|byte| byte == b',' || is_blank(byte));
            let Some(name) = self.token() else {
                // The padding of a token68, or what no rule allows.
                if self.rest.is_empty() {
                    break;
                }
                self.skip_one();
                continue;
            };
            self.skip(is_blank);
            if !self.rest.starts_with('=') || self.rest.starts_with("==") {
                if before.trim_start().starts_with(',') {
                    // A name without a value after a comma: the next scheme.
                    self.rest = before;
                    break;
                }
                continue; // A token68.
            }
            self.skip_one();
            self.skip(is_blank);
            let value = self.value();
            parameters.push((name.to_ascii_lowercase(), value));
        }
        Some(Challenge { scheme, parameters })
    }

    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|byte| !is_token(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn value(&mut self) -> String {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            return self.token().unwrap_or_default().to_owned();
        };
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

    fn skip(&mut self, unwanted: impl Fn(u8) -> bool) {
        let end = self.rest.bytes().position(|byte| !unwanted(byte)).unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
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

/// A `tchar` of RFC 9110, 5.6.2.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(values: &[&str]) -> Vec<(String, String)> {
        bearer(values.iter().copied())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn reads_quoted_and_bare_values() {
        assert_eq!(
            pairs(&[r#"bearer realm="a \"b\", c", error=invalid_token , Scope="x y""#]),
            [pair("realm", "a \"b\", c"), pair("error", "invalid_token"), pair("scope", "x y")]
        );
    }

    #[test]
    fn finds_the_bearer_among_other_schemes_and_headers() {
        assert_eq!(
            pairs(&["Negotiate YWJj==", r#"Basic realm="x", Bearer error="e", Digest nonce=1"#]),
            [pair("error", "e")]
        );
        assert_eq!(pairs(&["Bearer"]), []);
        assert_eq!(pairs(&[r#"Bearer, Basic realm="x""#]), []);
    }

    #[test]
    fn ends_on_any_text() {
        let hostile = r#"Bearer a="b\, =,= "" \"é" c=="#;
        for end in 0..=hostile.len() {
            if let Some(text) = hostile.get(..end) {
                pairs(&[text]);
            }
        }
    }
}
