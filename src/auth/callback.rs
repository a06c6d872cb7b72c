//! Runs callbacks of the application: at once on its own thread; or, for the
//! background thread, when the application next calls the library; or only in
//! dispatches, if the application wants that.

use std::sync::{Arc, Mutex};

use crate::auth::credential::Caller;
use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::wait::Wait;

/// Runs a callback, and waits for its result. A callback whose call has ended is
/// not started.
pub(crate) async fn run<T: Send + 'static>(
    caller: &dyn Caller,
    wait: &Wait,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if !wait.is_background() && caller.runs_here()? {
        let (mut work, mut answer) = (Some(work), None);
        caller.run(&mut || answer = work.take().map(|work| work()));
        return answer.unwrap_or_else(|| Err(lost()));
    }
    let signal = Signal::shared();
    let slot = Arc::new(Mutex::new(None));
    let (done, place) = (signal.clone(), Arc::downgrade(&slot));
    caller.put(Box::new(move || {
        let Some(place) = place.upgrade() else { return };
        let answer = work();
        *lock(&place) = Some(answer);
        done.raise();
    }));
    wait.until_raised(&signal).await?;
    let answer = lock(&slot).take();
    answer.unwrap_or_else(|| Err(lost()))
}

fn lost() -> Error {
    Error::new(Status::Internal, "the result of a callback was lost")
}
