//! Running code of the program: on its own thread at once, or for the
//! background thread when the program next looks.

use std::sync::{Arc, Mutex};

use crate::auth::credential::Caller;
use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::wait::Wait;

/// Runs work that is code of the program, and waits for what it gives. What
/// nobody waits for any more is not begun.
pub(crate) async fn run<T: Send + 'static>(
    caller: &dyn Caller,
    wait: &Wait,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if !wait.is_background() {
        let (mut work, mut answer) = (Some(work), None);
        caller.run(&mut || answer = work.take().map(|work| work()));
        return answer.unwrap_or_else(|| Err(lost()));
    }
    let signal = Signal::shared();
    let slot = Arc::new(Mutex::new(None));
    let (theirs, place) = (signal.clone(), Arc::downgrade(&slot));
    caller.put(Box::new(move || {
        let Some(place) = place.upgrade() else { return };
        let answer = work();
        *lock(&place) = Some(answer);
        theirs.raise();
    }));
    wait.until_raised(&signal).await?;
    let answer = lock(&slot).take();
    answer.unwrap_or_else(|| Err(lost()))
}

fn lost() -> Error {
    Error::new(Status::Internal, "an answer that was lost")
}
