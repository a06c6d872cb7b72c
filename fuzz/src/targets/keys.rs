//! Key files in PEM, stored keys, and JWTs that others have signed.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::parts;
use crate::auth::oauth::spec::jwt::check_assertion;
use crate::auth::oauth::spec::key::Key;
use crate::cost::bounded;

pub(super) const WORDS: &[&str] = &[
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----END RSA PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\n",
    "Proc-Type: 4,ENCRYPTED\n",
    "MC4CAQAwBQYDK2VwBCIEI",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
    "BgkqhkiG9w0BAQEFAAS",
    "ES256",
    "EdDSA",
    "RS256",
    "none",
    "eyJhbGciOiJFUzI1NiJ9.",
    "{\"alg\":\"ES256\"}",
    "{\"exp\":1}",
    ".",
    "=",
];

pub(super) fn run(data: &[u8]) {
    // As DER, which is inside of PEM.
    key(&Key::from_stored(&STANDARD.encode(data)));
    for text in parts(data).unwrap_or_default() {
        for algorithm in [None, Some("ES256"), Some("nonsense")] {
            key(&bounded(text.len(), || Key::from_pem(text, algorithm, Some("id"))));
        }
        key(&Key::from_stored(text));
        assertion(text);
        // As JSON in a JWT.
        let json = URL_SAFE_NO_PAD.encode(text);
        for (header, claims) in [(&*json, "e30"), ("eyJhbGciOiJFUzI1NiJ9", &*json)] {
            assertion(&format!("{header}.{claims}.AAAA"));
        }
    }
}

/// A key that is accepted can sign, and its Debug output shows nothing.
fn key(key: &crate::base::error::Result<Key>) {
    let Ok(key) = key else { return };
    assert_eq!(format!("{key:?}"), "Key");
    let jwk = key.jwk().expect("a public key");
    assert!(
        serde_json::from_str::<serde_json::Value>(&jwk).is_ok_and(|jwk| jwk.get("d").is_none())
    );
    let signed = key.sign("{}", "{}").expect("a signature");
    assert_eq!(signed.expose().split('.').count(), 3);
}

fn assertion(text: &str) {
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    if let Err(error) = bounded(text.len(), || check_assertion(text, now)) {
        assert!(error.message().is_ascii());
    }
}
