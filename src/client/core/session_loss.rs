//! Whether a refusal says that the session is lost.

use crate::client::core::session::Session;

/// Whether a refusal says that the session, or the revision, is not known any
/// more; `rpc` is the error's code, and whether it names no request.
pub(crate) fn is_loss(session: &Session, http_status: u16, rpc: Option<(i32, bool)>) -> bool {
    let can_be_lost = session.can_be_lost();
    let is_old = !session.server_info.revision.is_stateless();
    match (http_status, rpc) {
        (404, _) if can_be_lost => true,
        (_, Some((UNSUPPORTED_VERSION, _))) => true,
        // Only a server of the stateless dialect says so.
        (400, Some((HEADER_MISMATCH | MISSING_CAPABILITY, _))) => is_old,
        // A restarted server of the TypeScript SDK with a single session, or
        // one that has sessions now and had none before.
        (400, Some((NOT_INITIALIZED, is_anonymous))) => is_anonymous,
        (400, Some((INVALID_REQUEST, is_anonymous))) => is_anonymous && !can_be_lost,
        _ => false,
    }
}

const INVALID_REQUEST: i32 = -32600;
const NOT_INITIALIZED: i32 = -32000;
pub(crate) const HEADER_MISMATCH: i32 = -32020;
const MISSING_CAPABILITY: i32 = -32021;
const UNSUPPORTED_VERSION: i32 = -32022;
