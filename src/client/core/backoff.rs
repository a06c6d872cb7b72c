//! The pauses between attempts to open a notification stream again.

use std::time::Duration;

/// The pause grows with each failed attempt.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: i32,
}

/// The first and the longest pause, if the server asks for none.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The shortest and the longest pause that a server may ask for.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_secs(60);

impl Backoff {
    /// Starts again with the first pause, after a successful attempt.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns the pause before the next attempt; `asked` is the server's wish.
    pub(crate) fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let growth = 1.5_f64.powi(self.failures.min(24));
        self.failures += 1;
        match asked {
            // A server may ask for almost no pause. Without the minimum, which
            // grows, the attempts would become a flood.
            Some(asked) => asked.max(LEAST.mul_f64(growth).min(FIRST)).min(MOST),
            None => FIRST.mul_f64(growth).min(LONGEST),
        }
    }
}

/// Adds up to a quarter, so that not all clients of a server return at once.
pub(crate) fn jittered(pause: Duration, seed: u64) -> Duration {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&(seed, std::time::Instant::now(), std::process::id()), &mut hasher);
    let share = (std::hash::Hasher::finish(&hasher) % 256) as f64 / 1024.0;
    pause.mul_f64(1.0 + share)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn grows_within_bounds_until_it_is_reset() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.pause(None)).collect();
        assert_eq!(pauses.first(), Some(&FIRST));
        assert!(pauses.is_sorted() && pauses.last() == Some(&LONGEST));
        backoff.reset();
        assert_eq!(backoff.pause(None), FIRST);
    }

    #[test]
    fn grants_the_pause_of_the_server_within_limits() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(Some(ms(500))), ms(500));
        assert_eq!(backoff.pause(Some(ms(4_000_000_000))), MOST);
        backoff.reset();
        let total: Duration = (0..20).map(|_| backoff.pause(Some(ms(0)))).sum();
        assert!(total > ms(5000), "{total:?} for twenty attempts");
        assert!(backoff.pause(Some(ms(0))) <= FIRST);
    }

    #[test]
    fn adds_a_quarter_at_most() {
        for seed in 0..50 {
            let pause = jittered(ms(1000), seed);
            assert!(pause >= ms(1000) && pause <= ms(1250));
        }
    }
}
