//! Running code of the program: on its own thread at once, or for the
//! background thread when the program next looks.

use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::Need;
use crate::base::error::{Error, Result, Status};
use crate::base::sys::Signal;

/// Runs work that is code of the program, and waits for what it gives.
pub(crate) async fn ask<T: Send + 'static>(
    need: &Need<'_>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if !need.wait.is_background() {
        return work();
    }
    let signal = Signal::new().map_err(|error| {
        Error::new(Status::Internal, format!("no descriptor to wait with: {error}"))
    })?;
    let (signal, slot) = (Arc::new(signal), Arc::new(Mutex::new(None)));
    let (theirs, place) = (signal.clone(), slot.clone());
    need.caller.put(Box::new(move || {
        let answer = work();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        theirs.raise();
    }));
    need.wait.until_raised(&signal).await?;
    let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    answer.unwrap_or_else(|| Err(Error::new(Status::Internal, "an answer that was lost")))
}
