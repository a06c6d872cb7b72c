//! The modules under test.

#[path = "../../../src/client/core/leader_lock.rs"]
#[allow(dead_code)]
pub(crate) mod leader_lock;
#[path = "../../../src/client/core/pending.rs"]
#[allow(dead_code)]
pub(crate) mod pending;
