//! Signed tokens, with real verification: client assertions and DPoP proofs.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::signature::{self, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub fn sha256(text: &str) -> String {
    base64url(digest(&SHA256, text.as_bytes()).as_ref())
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// A key of the program: what it is given, and what a server knows of it.
#[derive(Clone, Debug)]
pub struct Key {
    pub pem: String,
    pub algorithm: &'static str,
    pub public: Vec<u8>,
}

impl Key {
    pub fn es256() -> Self {
        let random = ring::rand::SystemRandom::new();
        let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = signature::EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = signature::EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { pem: pem(document.as_ref()), algorithm: "ES256", public }
    }

    pub fn eddsa() -> Self {
        let random = ring::rand::SystemRandom::new();
        let document = signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = signature::Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { pem: pem(document.as_ref()), algorithm: "EdDSA", public }
    }
}

fn pem(document: &[u8]) -> String {
    let text = STANDARD.encode(document);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// A token that nobody signed, for who only looks at its form.
pub fn unsigned(claims: &Value) -> String {
    let header = json!({"alg": "ES256", "typ": "JWT"}).to_string();
    let parts = [header, claims.to_string(), "signature".repeat(7)];
    parts.map(|part| base64url(part.as_bytes())).join(".")
}

/// Header, claims, and what was signed with which signature.
fn parts(token: &str) -> Result<(Value, Value, &str, Vec<u8>), String> {
    let (signed, last) = token.rsplit_once('.').ok_or("no signature")?;
    let (first, second) = signed.split_once('.').ok_or("no claims")?;
    let read = |part: &str| {
        let bytes = from_base64url(part).ok_or("no base64url")?;
        serde_json::from_slice::<Value>(&bytes).map_err(|_| "no JSON")
    };
    let mark = from_base64url(last).ok_or("the signature is no base64url")?;
    Ok((read(first)?, read(second)?, signed, mark))
}

fn check(algorithm: &str, public: &[u8], signed: &str, mark: &[u8]) -> Result<(), String> {
    let kind: &dyn signature::VerificationAlgorithm = match algorithm {
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        "EdDSA" => &signature::ED25519,
        _ => return Err(format!("alg {algorithm}")),
    };
    UnparsedPublicKey::new(kind, public)
        .verify(signed.as_bytes(), mark)
        .map_err(|_| "the signature is not the key's".to_owned())
}

/// A client's assertion about itself (private_key_jwt).
pub fn check_assertion(
    token: &str,
    key: &Key,
    id: &str,
    issuer: &str,
    seen: &mut HashSet<String>,
) -> Result<(), String> {
    let (header, claims, signed, mark) = parts(token)?;
    if header["alg"] != key.algorithm {
        return Err(format!("alg {}, not {}", header["alg"], key.algorithm));
    }
    check(key.algorithm, &key.public, signed, &mark)?;
    if claims["iss"] != id || claims["sub"] != id {
        return Err(format!("iss {}, sub {}, not {id}", claims["iss"], claims["sub"]));
    }
    if claims["aud"] != issuer {
        return Err(format!("aud {}, not {issuer}", claims["aud"]));
    }
    let (iat, exp) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    if (iat - now()).abs() > 60 || exp <= now() || exp > now() + 300 {
        return Err(format!("iat {iat}, exp {exp}"));
    }
    let jti = claims["jti"].as_str().unwrap_or_default();
    if jti.len() < 16 || !seen.insert(jti.to_owned()) {
        return Err(format!("jti {jti} is short, or seen before"));
    }
    Ok(())
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    pub thumbprint: String,
    pub nonce: Option<String>,
}

/// A proof of DPoP for a request, with the access token in it where there is
/// one.
pub fn check_proof(
    proof: &str,
    method: &str,
    url: &str,
    token: Option<&str>,
    seen: &mut HashSet<String>,
) -> Result<Proof, String> {
    let (header, claims, signed, mark) = parts(proof)?;
    let (jwk, algorithm) = (&header["jwk"], header["alg"].as_str().unwrap_or_default());
    let member = |name: &str| jwk[name].as_str().unwrap_or_default();
    let bytes = |name: &str| from_base64url(member(name)).ok_or(format!("jwk.{name}"));
    if header["typ"] != "dpop+jwt" || !jwk["d"].is_null() {
        return Err("typ, or a private key in the proof".into());
    }
    let (public, text) = match algorithm {
        "ES256" => (
            [vec![4], bytes("x")?, bytes("y")?].concat(),
            format!(
                "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{}\",\"y\":\"{}\"}}",
                member("x"),
                member("y")
            ),
        ),
        _ => (
            bytes("x")?,
            format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{}\"}}", member("x")),
        ),
    };
    check(algorithm, &public, signed, &mark)?;
    if claims["htm"] != method || claims["htu"] != url {
        return Err(format!("{} {}, not {method} {url}", claims["htm"], claims["htu"]));
    }
    if (claims["iat"].as_i64().unwrap_or(0) - now()).abs() > 60 {
        return Err(format!("iat {}", claims["iat"]));
    }
    let jti = claims["jti"].as_str().unwrap_or_default();
    if jti.len() < 16 || !seen.insert(jti.to_owned()) {
        return Err(format!("jti {jti} is short, or seen before"));
    }
    if claims["ath"].as_str() != token.map(sha256).as_deref() {
        return Err(format!("ath {}", claims["ath"]));
    }
    let nonce = claims["nonce"].as_str().map(str::to_owned);
    Ok(Proof { thumbprint: sha256(&text), nonce })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_specifications() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(sha256(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        assert_eq!(sha256(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        let key = Key::es256();
        let forged = unsigned(&json!({"iss": "me"}));
        assert!(check_assertion(&forged, &key, "me", "x", &mut HashSet::new()).is_err());
        assert!(check_proof(&forged, "GET", "x", None, &mut HashSet::new()).is_err());
    }
}
