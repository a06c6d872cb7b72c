//! JSON strings as plain text, in one pass and into one buffer.

/// The text of a JSON string with its quotes, and a NUL behind it. A lone
/// surrogate, which stands for nothing, becomes U+FFFD.
pub(crate) fn unescape(raw: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or_default();
    let mut rest = inner.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = escape.get(2..).unwrap_or_default();
        let simple = match escape.get(1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => {
                let (character, after) = unicode(rest);
                let mut buffer = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                rest = after;
                continue;
            }
            // A quote, a backslash, a slash.
            Some(other) => *other,
            None => continue,
        };
        out.push(simple);
        // Escapes come in rows: the search is for what stands between them.
        while let [b'\\', code, after @ ..] = rest {
            let simple = match code {
                b'n' => b'\n',
                b't' => b'\t',
                b'"' | b'\\' | b'/' => *code,
                _ => break,
            };
            out.push(simple);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(0);
    out
}

/// The character behind `\u`, and what follows it.
fn unicode(rest: &[u8]) -> (char, &[u8]) {
    let (first, after) = unit(rest);
    if let Some(character) = char::from_u32(first) {
        return (character, after);
    }
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = after.strip_prefix(b"\\u")
    {
        let (second, after) = unit(second);
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after);
        }
    }
    (char::REPLACEMENT_CHARACTER, after)
}

fn unit(rest: &[u8]) -> (u32, &[u8]) {
    let digits = rest.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    (value.unwrap_or(0xfffd), rest.get(4..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        let mut bytes = unescape(raw);
        assert_eq!(bytes.pop(), Some(0));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn gives_what_a_parser_gives() {
        for raw in [
            "\"\"",
            "\"plain é 世界\"",
            r#""a\"b\\c\/d\b\f\n\r\te""#,
            r#""\n\n\t\\\"x""#,
            r#""\u0041\u00e9\u4e16\ud83d\ude00 end""#,
            r#""\u0000""#,
            r#""\r\u0041\r\n""#,
        ] {
            let parsed: String = serde_json::from_str(raw).unwrap();
            assert_eq!(text(raw), parsed, "{raw}");
        }
    }

    #[test]
    fn replaces_half_a_pair() {
        assert_eq!(text(r#""\ud83dx""#), "\u{fffd}x");
        assert_eq!(text(r#""\ude00""#), "\u{fffd}");
        assert_eq!(text(r#""\ud83d\u0041""#), "\u{fffd}A");
    }

    #[test]
    fn survives_what_is_no_string() {
        for raw in ["", "\"", "1", r#""\"#, r#""\u""#, r#""\u12""#] {
            unescape(raw);
        }
    }
}
