//! What every layer uses: errors, secrets, the environment, flags to wait for.

pub(crate) mod app_call;
pub(crate) mod cancel;
pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod handle_address;
pub(crate) mod mask;
pub(crate) mod numbered;
pub(crate) mod one_line;
pub(crate) mod seconds;
pub(crate) mod secret;
pub(crate) mod secret_name;
pub(crate) mod signal;
pub(crate) mod sync;
pub(crate) mod thread;
