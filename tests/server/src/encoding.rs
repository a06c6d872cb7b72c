//! Base64, and header values that may be wrapped in it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let all =
            part.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for place in 0..4 {
            if place <= part.len() {
                let index = (all >> (18 - 6 * place)) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut out = Vec::new();
    let (mut all, mut bits) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|other| *other == byte)?;
        all = all << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((all >> bits) as u8);
        }
    }
    Some(out)
}

/// What a header of the stateless era means: plain, or `=?base64?...?=`.
pub fn header_text(value: &str) -> Option<String> {
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    match inner {
        Some(inner) => String::from_utf8(from_base64(inner)?).ok(),
        None => Some(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard_and_is_read_back() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, wrapped) in cases {
            assert_eq!(base64(plain.as_bytes()), wrapped);
            assert_eq!(from_base64(wrapped).unwrap(), plain.as_bytes());
        }
        assert_eq!(header_text("us-west1").unwrap(), "us-west1");
        assert_eq!(header_text("=?base64?SGVsbG8sIOS4lueVjA==?=").unwrap(), "Hello, 世界");
        assert_eq!(header_text("=?base64?!?="), None);
    }
}
