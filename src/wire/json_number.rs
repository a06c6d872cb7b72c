//! Integers of JSON, in every notation that peers use.

use super::json_decimal::Decimal;

/// A number without a fraction, in any notation: some peers write 1.0 for 1.
#[cold]
pub(crate) fn integer(text: &str) -> Option<i64> {
    // Neither "inf" nor "+1" is a number in JSON.
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // A float has no room for 19 digits, and drops a small fraction.
    text.parse::<f64>().ok()?;
    Decimal::parse(text).text().parse().ok()
}

/// The integer whose decimal digits a text is.
#[cold]
pub(crate) fn decimal(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (itoa::Buffer::new().format(number) == text).then_some(number)
}

/// An id of this library in any form that servers send back: a number, or a
/// string of its digits.
#[inline]
pub(crate) fn own_id(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| unusual_id(text))
}

#[cold]
fn unusual_id(text: &str) -> Option<i64> {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(digits) => decimal(digits),
        None => integer(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_integer_in_any_notation() {
        for text in ["-32000", "-32000.0", "-3.2e4", "-32E3", "-320000e-1"] {
            assert_eq!(integer(text), Some(-32000), "{text}");
        }
        for (text, number) in [
            ("1e18", 1_000_000_000_000_000_000),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("922337203685477580.7e1", i64::MAX),
            ("-922337203685477580.8e1", i64::MIN),
            ("-0.0", 0),
            ("0e99999999999", 0),
        ] {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        for text in ["", "-", "+1", "1.5", "inf", "NaN", "\"1\"", "x"] {
            assert_eq!(integer(text), None, "{text}");
        }
        for text in ["1e400", "1e19", "9223372036854775808", "9007199254740991.4", "1e-400"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn reads_an_id_of_its_own_in_any_form() {
        for text in ["3", "3.0", "\"3\""] {
            assert_eq!(own_id(text), Some(3), "{text}");
        }
        for text in ["\"03\"", "\"3", "3.5", "null", "\"\"", "\""] {
            assert_eq!(own_id(text), None, "{text}");
        }
    }

    #[test]
    fn reads_exactly_the_digits_of_an_integer() {
        assert_eq!((decimal("3"), decimal("-3"), decimal("0")), (Some(3), Some(-3), Some(0)));
        for text in ["", "03", " 3", "3 ", "+3", "3.0", "-0", "3e0", "99999999999999999999"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
