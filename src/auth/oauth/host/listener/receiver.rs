//! What receives the requests to the redirect URL.

use std::time::Duration;

/// Receives the requests to the redirect URL.
pub(crate) trait RedirectReceiver {
    /// Takes the query of a request if it is the answer of the sign-in.
    fn take(&mut self, query: &str) -> bool;

    /// Records a request that was not taken: its query, or `None` for a POST.
    fn ignored(&mut self, query: Option<&str>);

    /// Records a GET of the redirect URL that was too long to be read.
    fn was_too_long(&mut self);

    /// Reports the ignored requests to the application when it is time. This may
    /// run the application's code. The result is the time until the next report.
    fn report(&mut self) -> Option<Duration>;
}
