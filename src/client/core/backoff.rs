//! The pauses between attempts to open a stream again.

use std::time::Duration;

/// Grows while nothing comes of the attempts.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    fruitless: i32,
}

/// The first pause and the longest, where the server asks for none.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The least pause, however little the server asks for, and the most.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_secs(60);

impl Backoff {
    /// Something came of the last attempt.
    pub(crate) fn reset(&mut self) {
        self.fruitless = 0;
    }

    /// The pause before the next attempt; `asked` is what the server wants.
    pub(crate) fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let growth = 1.5_f64.powi(self.fruitless.min(24));
        self.fruitless += 1;
        match asked {
            // A server that hardly wants any is not asked for ever at its
            // pace: that would be a flood.
            Some(asked) => asked.max(LEAST.mul_f64(growth).min(FIRST)).min(MOST),
            None => FIRST.mul_f64(growth).min(LONGEST),
        }
    }
}

/// Up to a quarter more, so that not all clients of a server come back at
/// once.
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
    fn grows_within_bounds_and_begins_anew() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.pause(None)).collect();
        assert_eq!(pauses.first(), Some(&FIRST));
        assert!(pauses.is_sorted() && pauses.last() == Some(&LONGEST));
        backoff.reset();
        assert_eq!(backoff.pause(None), FIRST);
    }

    #[test]
    fn grants_what_a_server_asks_for_within_reason() {
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
