//! What one answer waits for until another one, or a test, lets it go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Longer than any test; a gate that nobody opens holds nothing for ever.
const LIMIT: Duration = Duration::from_secs(300);

/// Closed at first; once open it stays so.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }
}

impl Gate {
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn wait(&self) {
        let mut state = self.0.subscribe();
        let _ = tokio::time::timeout(LIMIT, state.wait_for(|is_open| *is_open)).await;
    }
}
