//! JSON Web Tokens: client assertions, and a check of the platform's assertions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

use crate::auth::oauth::spec::key::Key;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::json_string::plain_text;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::tape::Tape;

/// The number of random bytes of a `jti`, by which a server recognizes a copy.
pub(crate) const ID_BYTES: usize = 16;

/// The lifetime of an assertion, in seconds.
const LIFE: u64 = 60;

/// The tolerated difference between two clocks.
const LEEWAY: Duration = Duration::from_secs(60);

/// The client assertion of `private_key_jwt` (RFC 7523). Each request needs a new
/// one.
///
/// `audience`: the issuer, never its token endpoint. A malicious server could name
/// the token endpoint of another server and then use the assertion there. `id`:
/// [`ID_BYTES`] random bytes in base64url.
pub(crate) fn client_assertion(
    key: &Key,
    client_id: &str,
    audience: &str,
    id: &Secret,
    now: SystemTime,
) -> Result<Secret> {
    let header = ObjectWriter::new()
        .text("alg", key.algorithm().name())
        .optional_text("kid", key.key_id())
        .text("typ", "JWT")
        .end();
    let now = seconds(now)?;
    let claims = ObjectWriter::new()
        .text("iss", client_id)
        .text("sub", client_id)
        .text("aud", audience)
        .number("iat", now)
        .number("exp", now.saturating_add(LIFE))
        .text("jti", id.expose())
        .end();
    key.sign(header.expose(), claims.expose())
}

/// Refuses an assertion that no server would accept, before it is sent. The server
/// checks its signature and its claims.
pub(crate) fn check_assertion(jwt: &str, now: SystemTime) -> Result<()> {
    let mut parts = jwt.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(refused("is no JWT: a JWT has three parts, separated by dots"));
    };
    let header =
        read(header).ok_or_else(|| refused("has a header that is no JSON in base64url"))?;
    let claims = read(claims).ok_or_else(|| refused("has claims that are no JSON in base64url"))?;
    let algorithm = member(&header, "alg")?.and_then(plain_text);
    match algorithm.as_deref() {
        None | Some("") => return Err(refused("names no algorithm")),
        Some(name) if name.eq_ignore_ascii_case("none") => {
            return Err(refused("is not signed: its algorithm is \"none\""));
        }
        Some(_) => {}
    }
    if signature.is_empty() || URL_SAFE_NO_PAD.decode(signature).is_err() {
        return Err(refused("has a signature that is not in base64url"));
    }
    let Some(end) = member(&claims, "exp")? else { return Ok(()) };
    let end: f64 = end.parse().map_err(|_| refused("has an \"exp\" that is no number"))?;
    if end + LEEWAY.as_secs_f64() < seconds(now)? as f64 {
        return Err(refused("has expired: get a new one for each request, and check the clock"));
    }
    Ok(())
}

/// The error quotes nothing of the assertion, which is a credential.
fn refused(what: &str) -> Error {
    Error::new(Status::Auth, format!("the assertion {what}"))
}

/// Decodes a part of a JWT that is a JSON object.
fn read(part: &str) -> Option<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => Secret::from(text),
        Err(error) => {
            error.into_bytes().zeroize();
            return None;
        }
    };
    let is_object = text.expose().trim_ascii_start().starts_with('{');
    (is_object && Tape::read(text.expose(), 1).is_ok()).then_some(text)
}

/// The value of a member, as JSON.
fn member<'a>(object: &'a Secret, name: &str) -> Result<Option<&'a str>> {
    let text = object.expose();
    let tape = Tape::read(text, 1).map_err(|_| refused("is no JSON"))?;
    Ok(tape.member(text, 0, name).map(|place| tape.text(text, place)))
}

/// A time as in JWTs: seconds since 1970.
pub(crate) fn seconds(time: SystemTime) -> Result<u64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Ok(since.as_secs()),
        Err(_) => {
            Err(Error::new(Status::Internal, "the clock of this machine is before 1970: set it"))
        }
    }
}

/// What tests of signed tokens need.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::auth::oauth::spec::key::Algorithm;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    };

    pub(crate) fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// Header, claims and signature.
    pub(crate) fn parts(jwt: &Secret) -> (String, String, Vec<u8>) {
        let parts: Vec<Vec<u8>> =
            jwt.expose().split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        let [header, claims, signature] = parts.try_into().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(header), text(claims), signature)
    }

    /// Whether the JWK of the key verifies the token.
    pub(crate) fn verified(key: &Key, jwt: &Secret) -> bool {
        let jwk: serde_json::Value = serde_json::from_str(&key.jwk().unwrap()).unwrap();
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let (message, signature) = jwt.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let message = message.as_bytes();
        match key.algorithm() {
            Algorithm::Es256 => {
                let point = [vec![4], bytes("x"), bytes("y")].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature)
            }
            Algorithm::EdDsa => {
                UnparsedPublicKey::new(&ED25519, bytes("x")).verify(message, &signature)
            }
            Algorithm::Rs256 => RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                &signature,
            ),
        }
        .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{at, parts, verified};
    use super::*;
    use crate::auth::oauth::spec::key::Algorithm;

    fn jwt(header: &str, claims: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    const HEADER: &str = r#"{"alg":"RS256"}"#;

    #[test]
    fn makes_an_assertion_for_one_issuer_and_a_minute() {
        let key = Key::generate().unwrap();
        let jwt =
            client_assertion(&key, "me", "https://as.test", &"an-id".into(), at(1_700_000_000))
                .unwrap();
        let (header, claims, signature) = parts(&jwt);
        assert_eq!(header, r#"{"alg":"ES256","typ":"JWT"}"#);
        assert_eq!(
            claims,
            r#"{"iss":"me","sub":"me","aud":"https://as.test","iat":1700000000,"exp":1700000060,"jti":"an-id"}"#
        );
        assert_eq!(signature.len(), 64);
        assert!(verified(&key, &jwt));
    }

    #[test]
    fn writes_any_client_id_as_json() {
        let key = Key::generate_for(Algorithm::EdDsa).unwrap();
        let id = "a\"\\\n\u{e9}\u{1}";
        let jwt = client_assertion(&key, id, "https://as.test", &"an-id".into(), at(1)).unwrap();
        let claims: serde_json::Value = serde_json::from_str(&parts(&jwt).1).unwrap();
        assert_eq!((&claims["iss"], &claims["sub"]), (&id.into(), &id.into()));
        assert!(verified(&key, &jwt));
    }

    #[test]
    fn does_not_sign_before_1970() {
        let key = Key::generate().unwrap();
        let early = UNIX_EPOCH - Duration::from_secs(1);
        let error =
            client_assertion(&key, "me", "https://as.test", &"an-id".into(), early).unwrap_err();
        assert!(error.message().contains("clock"));
    }

    #[test]
    fn accepts_an_assertion_that_may_be_valid() {
        for claims in [
            "{}",
            r#"{"exp":1000}"#,
            r#"{"exp":940}"#,
            r#"{"exp":940.5}"#,
            r#"{"exp":1e3,"sub":"x"}"#,
            r#" {"sub":{"exp":1}}"#,
        ] {
            assert!(check_assertion(&jwt(HEADER, claims, "c2ln"), at(1000)).is_ok(), "{claims}");
        }
    }

    #[test]
    fn refuses_an_assertion_that_no_server_would_take_without_showing_it() {
        let claims = r#"{"sub":"s3cret"}"#;
        let good = jwt(HEADER, claims, "c2ln");
        for (assertion, words) in [
            (String::new(), "three parts"),
            ("s3cret".into(), "three parts"),
            ("a.b".into(), "three parts"),
            (format!("{good}.s3cret.s3cret"), "three parts"),
            (format!("{good}."), "three parts"),
            (format!("{good}=="), "signature"),
            (format!("{good}\n"), "signature"),
            (jwt(HEADER, claims, ""), "signature"),
            ("s3cret!.e30.c2ln".into(), "header"),
            (jwt("s3cret", claims, "c2ln"), "header"),
            (jwt("[\"s3cret\"]", claims, "c2ln"), "header"),
            (jwt(HEADER, "\"s3cret\"", "c2ln"), "claims"),
            (jwt(HEADER, "{\"s3cret\"", "c2ln"), "claims"),
            (format!("{}._w.c2ln", URL_SAFE_NO_PAD.encode(HEADER)), "claims"),
            (jwt("{}", claims, "c2ln"), "no algorithm"),
            (jwt(r#"{"alg":1}"#, claims, "c2ln"), "no algorithm"),
            (jwt(r#"{"alg":"none"}"#, claims, ""), "not signed"),
            (jwt(r#"{"alg":"NoNe"}"#, claims, "c2ln"), "not signed"),
            (jwt(r#"{"alg":"n\u006fne"}"#, claims, "c2ln"), "not signed"),
            (jwt(HEADER, r#"{"exp":939,"s":"s3cret"}"#, "c2ln"), "expired"),
            (jwt(HEADER, r#"{"exp":-1}"#, "c2ln"), "expired"),
            (jwt(HEADER, r#"{"exp":"s3cret"}"#, "c2ln"), "no number"),
        ] {
            let error = check_assertion(&assertion, at(1000)).unwrap_err();
            assert_eq!(error.status(), Status::Auth);
            assert!(error.message().contains(words), "{assertion:?}: {}", error.message());
            assert!(!error.message().contains("s3cret"), "{}", error.message());
        }
    }
}
