//! A time as text for an error: seconds with as many decimals as needed.

use std::fmt;
use std::time::Duration;

/// Written with integers: the code that writes floating-point numbers takes
/// twelve kilobytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Seconds {
    pub(crate) fn of_milliseconds(milliseconds: u32) -> Self {
        Self(Duration::from_millis(milliseconds.into()))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.as_secs())?;
        if self.0.subsec_nanos() > 0 {
            let decimals = format!("{:09}", self.0.subsec_nanos());
            write!(formatter, ".{}", decimals.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_a_floating_point_number_writes() {
        for milliseconds in [0, 1, 10, 99, 100, 250, 1000, 1001, 30_000, 3_600_050, u32::MAX] {
            let float = (f64::from(milliseconds) / 1000.0).to_string();
            assert_eq!(Seconds::of_milliseconds(milliseconds).to_string(), float);
        }
        assert_eq!(Seconds(Duration::new(2, 5)).to_string(), "2.000000005");
    }
}
