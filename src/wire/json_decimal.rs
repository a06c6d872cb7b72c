//! Numbers of JSON as exact decimals: their order, and whether one is a multiple
//! of another.

use std::cmp::Ordering;

/// The value of a JSON number: the digits times a power of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    /// Without zeros at either end. Zero has no digits.
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a valid JSON number.
    pub(crate) fn parse(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = String::with_capacity(whole.len() + fraction.len());
        digits.push_str(whole);
        digits.push_str(fraction);
        let exponent = parse_exponent(exponent).saturating_sub(length(fraction));
        let significant = digits.trim_end_matches('0');
        let exponent = exponent.saturating_add(length(&digits) - length(significant));
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Self { is_negative: false, digits: String::new(), exponent: 0 };
        }
        Self { is_negative, digits: significant.to_owned(), exponent }
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    pub(crate) fn is_positive(&self) -> bool {
        !self.is_negative && !self.digits.is_empty()
    }

    /// The value of a whole number that is not negative and not above the limit.
    pub(crate) fn count(&self) -> Option<usize> {
        let exponent = usize::try_from(self.exponent).ok().filter(|exponent| *exponent < 20)?;
        if self.is_negative {
            return None;
        }
        format!("0{}{}", self.digits, "0".repeat(exponent)).parse().ok()
    }

    /// One text for each value, in any notation.
    pub(crate) fn write(&self, out: &mut String) {
        if self.is_negative {
            out.push('-');
        }
        out.push_str(&self.digits);
        out.push('e');
        out.push_str(itoa::Buffer::new().format(self.exponent));
    }

    /// The number as people write it.
    #[cold]
    pub(crate) fn text(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let length = length(&self.digits);
        match self.exponent {
            0..=20 if length == 0 => "0".to_owned(),
            exponent @ 0..=20 => format!("{sign}{}{}", self.digits, zeros(exponent)),
            exponent @ -20..0 => {
                let all = format!("{}{}", zeros(1 - exponent - length), self.digits);
                let point = all.len().saturating_sub(exponent.unsigned_abs() as usize);
                let (whole, fraction) = all.split_at_checked(point).unwrap_or((&all, ""));
                format!("{sign}{whole}.{fraction}")
            }
            exponent => format!("{sign}{}e{exponent}", self.digits),
        }
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (1, 1) => self.compare_size(other),
            (-1, -1) => other.compare_size(self),
            (own, others) => own.cmp(&others),
        }
    }

    /// Whether the number is a multiple of a positive one. `None`: the divisor has
    /// too many digits.
    pub(crate) fn is_multiple_of(&self, divisor: &Self) -> Option<bool> {
        let by: u64 = divisor.digits.parse().ok().filter(|by| *by != 0)?;
        if self.digits.is_empty() {
            return Some(true);
        }
        let zeros = self.exponent.saturating_sub(divisor.exponent);
        if zeros < 0 {
            // The last digit is not zero, so that no power of ten divides it.
            return Some(false);
        }
        let by = u128::from(by);
        let digits = self.digits.bytes().map(|digit| u128::from(digit.wrapping_sub(b'0')));
        let rest = digits.fold(0, |rest, digit| (rest * 10 + digit) % by);
        // The power of ten is computed by squaring.
        let (mut rest, mut power, mut left) = (rest, 10 % by, zeros);
        while left > 0 {
            if left % 2 == 1 {
                rest = rest * power % by;
            }
            power = power * power % by;
            left /= 2;
        }
        Some(rest == 0)
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        let magnitude = |number: &Self| number.exponent.saturating_add(length(&number.digits));
        magnitude(self).cmp(&magnitude(other)).then_with(|| self.digits.cmp(&other.digits))
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// The exponent. One that is too large becomes the largest that is added to
/// without an overflow.
fn parse_exponent(text: &str) -> i64 {
    let most = i64::MAX / 4;
    let value = text.parse().unwrap_or(if text.starts_with('-') { -most } else { most });
    i64::clamp(value, -most, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text)
    }

    #[test]
    fn compares_numbers_in_any_notation() {
        let rising = [
            "-1e999999999999999999999",
            "-12",
            "-1.5e0",
            "-1",
            "-0.1",
            "0",
            "1e-999999999999999999999",
            "0.1",
            "0.11",
            "1",
            "9007199254740992",
            "9007199254740993",
            "1e30",
            "1e999999999999999999999",
        ];
        for (at, low) in rising.iter().enumerate() {
            for (other, high) in rising.iter().enumerate() {
                assert_eq!(decimal(low).compare(&decimal(high)), at.cmp(&other), "{low} {high}");
            }
        }
        for (one, other) in
            [("1", "1.0"), ("100", "1e2"), ("0", "-0.0e5"), ("0.5", "5E-1"), ("1.50e+1", "15")]
        {
            assert_eq!(decimal(one), decimal(other));
        }
    }

    #[test]
    fn knows_integers_and_counts() {
        for (text, is_integer, count) in [
            ("0", true, Some(0)),
            ("3", true, Some(3)),
            ("3.0", true, Some(3)),
            ("1.2e3", true, Some(1200)),
            ("-1", true, None),
            ("1.5", false, None),
            ("1e99", true, None),
        ] {
            assert_eq!((decimal(text).is_integer(), decimal(text).count()), (is_integer, count));
        }
    }

    #[test]
    fn writes_a_number_as_people_do() {
        for (text, shown) in [
            ("0.0", "0"),
            ("1.50", "1.5"),
            ("-0.05", "-0.05"),
            ("1e3", "1000"),
            ("123.456e1", "1234.56"),
            ("-1e99", "-1e99"),
            ("5e-30", "5e-30"),
        ] {
            assert_eq!(decimal(text).text(), shown);
        }
    }

    #[test]
    fn finds_multiples_exactly() {
        for (number, divisor, is_multiple) in [
            ("19.99", "0.01", true),
            ("0.3", "0.1", true),
            ("4.5", "1.5", true),
            ("7", "2", false),
            ("0", "3", true),
            ("1e308", "7", false),
            ("-9", "3", true),
            ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false),
            ("1e1000000000000", "2", true),
            ("123456789012345678901234567890", "10", true),
        ] {
            let found = decimal(number).is_multiple_of(&decimal(divisor));
            assert_eq!(found, Some(is_multiple), "{number} {divisor}");
        }
        assert_eq!(decimal("1").is_multiple_of(&decimal("123456789012345678901")), None);
    }
}
