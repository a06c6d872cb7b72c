//! The one digest that OAuth needs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::SHA256;

/// SHA-256 in base64url: a PKCE challenge, a thumbprint, `ath`.
pub(crate) fn sha256_base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&SHA256, text.as_bytes()))
}
