//! The locks of what several threads share, by a name that the model of it
//! (`tests/model`) gives to others, whose every order it tries.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
