//! Keys that sign: read from PEM, or made here.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::error::{KeyRejected, Unspecified};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use zeroize::Zeroize;

use crate::auth::oauth::spec::digest::sha256_base64url;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;

/// How a key signs (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    Rs256,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Es256, Self::Rs256, Self::EdDsa].into_iter().find(|one| one.name() == name)
    }
}

/// A private key, for the one algorithm that it is good for.
pub(crate) struct Key {
    pair: Pair,
    id: Option<String>,
    /// How a key that was made here is kept: PKCS#8 in base64.
    stored: Option<Secret>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

impl Key {
    /// Reads PKCS#8, or PKCS#1 of RSA. Without `algorithm` it is the one that
    /// the key is for; `key_id` is what the server knows the key by.
    pub(crate) fn from_pem(
        pem: &str,
        algorithm: Option<&str>,
        key_id: Option<&str>,
    ) -> Result<Self> {
        let wanted = match algorithm {
            None => None,
            Some(name) => Some(Algorithm::parse(name).ok_or_else(|| {
                Error::argument(format!(
                    "algorithm \"{}\" is not known: ES256, RS256 and EdDSA are, and NULL is the \
                     key's own",
                    quote(name)
                ))
            })?),
        };
        if key_id == Some("") {
            return Err(Error::argument("key_id is empty: pass NULL for no id"));
        }
        // The second is how OpenSSL wrote it before PKCS#8.
        if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type:") {
            return Err(wrong("is encrypted: decrypt it with \"openssl pkey -in FILE\""));
        }
        let mut der =
            PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| match error {
                pem::Error::NoItemsFound => wrong("is no private key in PEM"),
                _ => wrong("is not valid PEM"),
            })?;
        let pair = Pair::read(&der);
        der.zeroize();
        let pair = pair?;
        // A key of RSA may be taken although its parts do not fit together.
        if pair.sign(b"").is_err() {
            return Err(wrong("cannot sign: it is broken, or the system gave no random bytes"));
        }
        let found = pair.algorithm().name();
        if let Some(wanted) = wanted.map(Algorithm::name).filter(|wanted| *wanted != found) {
            return Err(wrong(&format!("is for {found}, and cannot sign with {wanted}")));
        }
        Ok(Self { pair, id: key_id.map(str::to_owned), stored: None })
    }

    /// Makes a key for ES256, which every server knows.
    #[cfg(test)]
    pub(crate) fn generate() -> Result<Self> {
        Self::generate_for(Algorithm::Es256)
    }

    /// Makes a key, but none of RSA.
    pub(crate) fn generate_for(algorithm: Algorithm) -> Result<Self> {
        let random = SystemRandom::new();
        let document = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
            Algorithm::Rs256 => {
                return Err(Error::new(
                    Status::Unsupported,
                    "no key can be made for RS256, the one algorithm that the server names: let \
                     it allow ES256",
                ));
            }
        }
        .map_err(|Unspecified| no_random_bytes())?;
        // Wiped in what is kept; ring wipes neither its document nor its pair.
        let stored = Secret::from(STANDARD.encode(document.as_ref()));
        Ok(Self { pair: Pair::from_pkcs8(document.as_ref())?, id: None, stored: Some(stored) })
    }

    /// The private key as a store keeps it, if it was made here.
    pub(crate) fn stored(&self) -> Option<Secret> {
        self.stored.clone()
    }

    /// Reads what [`Self::stored`] gave.
    pub(crate) fn from_stored(text: &str) -> Result<Self> {
        let mut der = Vec::with_capacity(text.len());
        let decoded = STANDARD.decode_vec(text, &mut der);
        let pair = decoded.ok().and_then(|()| Pair::from_pkcs8(&der).ok());
        der.zeroize();
        match pair {
            Some(pair) => Ok(Self { pair, id: None, stored: Some(Secret::from(text)) }),
            None => Err(Error::new(
                Status::Auth,
                "the stored key of the tokens (DPoP) is broken: forget them and sign in again",
            )),
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.pair.algorithm()
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The public key in JSON, as its thumbprint needs it: no member that can
    /// be missing, in the order of the names, without blanks (RFC 7638, 3).
    pub(crate) fn jwk(&self) -> Result<String> {
        match &self.pair {
            Pair::Es256(pair) => point(pair.public_key().as_ref()),
            Pair::Rs256(pair) => Ok(modulus(&RsaPublicKeyComponents::from(pair.public()))),
            Pair::EdDsa(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key());
                Ok(jwk(&[("crv", "Ed25519"), ("kty", "OKP"), ("x", &x)]))
            }
        }
    }

    /// A set of this key alone (RFC 7517, 5).
    pub(crate) fn jwks(&self) -> Result<String> {
        let keys = format!("[{}]", self.jwk()?);
        Ok(ObjectWriter::new().json("keys", &keys).end().expose().to_owned())
    }

    /// What names the key: `dpop_jkt`.
    pub(crate) fn thumbprint(&self) -> Result<String> {
        self.jwk().map(|jwk| sha256_base64url(&jwk))
    }

    /// A signed token (JWS, compact) of a header, which says this key's
    /// algorithm, and claims.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> Result<Secret> {
        // Room for all of it: a string that grows leaves copies.
        let room = [header.len(), claims.len(), LONGEST_SIGNATURE];
        let mut jws = String::with_capacity(room.map(|len| len.div_ceil(3) * 4 + 1).iter().sum());
        URL_SAFE_NO_PAD.encode_string(header, &mut jws);
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut jws);
        let signature = self.pair.sign(jws.as_bytes()).map_err(|Unspecified| {
            Error::new(
                Status::Internal,
                "signing failed: the private key is not whole, or the system gave no random bytes",
            )
        })?;
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        Ok(Secret::from(jws))
    }
}

/// In bytes, of the longest RSA key that is taken.
const LONGEST_SIGNATURE: usize = 512;

enum Pair {
    Es256(Box<EcdsaKeyPair>),
    Rs256(Box<RsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

impl Pair {
    fn read(key: &PrivateKeyDer<'_>) -> Result<Self> {
        match key {
            PrivateKeyDer::Pkcs8(key) => Self::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => Self::of_rsa(RsaKeyPair::from_der(key.secret_pkcs1_der())),
            PrivateKeyDer::Sec1(_) => Err(wrong(
                "is in the format SEC1 (\"EC PRIVATE KEY\"): convert it with \
                 \"openssl pkcs8 -topk8 -nocrypt -in FILE\"",
            )),
            _ => Err(wrong("is neither PKCS#8 nor PKCS#1")),
        }
    }

    /// What ring rejects, it tells apart in its text alone.
    fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let is_for = |identifier: &[u8]| {
            let head = der.get(..HEAD).unwrap_or(der);
            head.windows(identifier.len()).any(|bytes| bytes == identifier)
        };
        if is_for(ED25519) {
            // OpenSSL writes it without the public key, which follows from it.
            return match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                Ok(pair) => Ok(Self::EdDsa(Box::new(pair))),
                Err(rejected) => Err(broken("Ed25519", rejected)),
            };
        }
        if is_for(RSA) {
            return Self::of_rsa(RsaKeyPair::from_pkcs8(der));
        }
        if !is_for(EC) {
            return Err(wrong(
                "is of a kind that is not known: ES256 needs P-256, RS256 RSA, \
                              EdDSA Ed25519",
            ));
        }
        if !is_for(P256) {
            return Err(wrong("is on another curve than P-256, the one of ES256"));
        }
        let random = SystemRandom::new();
        match EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random) {
            Ok(pair) => Ok(Self::Es256(Box::new(pair))),
            Err(rejected) => Err(match rejected.to_string().as_str() {
                "InvalidEncoding" => wrong(
                    "is of P-256 without its public key, or broken: write it anew with \
                     \"openssl ec -in FILE | openssl pkcs8 -topk8 -nocrypt\"",
                ),
                _ => broken("P-256", rejected),
            }),
        }
    }

    fn of_rsa(pair: std::result::Result<RsaKeyPair, KeyRejected>) -> Result<Self> {
        match pair {
            Ok(pair) => Ok(Self::Rs256(Box::new(pair))),
            Err(rejected) => Err(match rejected.to_string().as_str() {
                "TooSmall" => wrong("is of RSA with fewer than 2048 bits: make a longer one"),
                "TooLarge" => wrong("is of RSA with more than 4096 bits: make a shorter one"),
                _ => broken("RSA", rejected),
            }),
        }
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::Rs256(_) => Algorithm::Rs256,
            Self::EdDsa(_) => Algorithm::EdDsa,
        }
    }

    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// In the first bytes of PKCS#8 stands what the key is for (RFC 5958, 2).
const HEAD: usize = 32;

/// Object identifiers in DER.
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

/// The JWK of a point on P-256: the byte 4, and both coordinates.
fn point(bytes: &[u8]) -> Result<String> {
    let (Some(x), Some(y)) = (bytes.get(1..33), bytes.get(33..65)) else {
        return Err(Error::new(Status::Internal, "a public key of P-256 has no 65 bytes"));
    };
    let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
    Ok(jwk(&[("crv", "P-256"), ("kty", "EC"), ("x", &encode(x)), ("y", &encode(y))]))
}

fn modulus(key: &RsaPublicKeyComponents<Vec<u8>>) -> String {
    let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
    jwk(&[("e", &encode(&key.e)), ("kty", "RSA"), ("n", &encode(&key.n))])
}

fn jwk(members: &[(&str, &str)]) -> String {
    let object = ObjectWriter::new();
    let object = members.iter().fold(object, |object, (name, value)| object.text(name, value));
    object.end().expose().to_owned()
}

fn no_random_bytes() -> Error {
    Error::new(Status::Internal, "the system's generator of random bytes failed")
}

fn wrong(what: &str) -> Error {
    Error::argument(format!("the private key {what}"))
}

fn broken(kind: &str, rejected: KeyRejected) -> Error {
    wrong(&format!("is not a whole key of {kind}: {rejected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::jwt::testing::{parts, verified};
    use ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING;

    const P256_PEM: &str = include_str!("testing/p256.pem");
    const RSA_PEM: &str = include_str!("testing/rsa.pem");
    const RSA_PKCS1: &str = include_str!("testing/rsa-pkcs1.pem");
    const RSA_1024: &str = include_str!("testing/rsa-1024.pem");
    const NO_PUBLIC: &str = include_str!("testing/p256-no-public.pem");

    fn pem(label: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    /// The key of RFC 8037, as OpenSSL would write it.
    fn ed25519() -> Vec<u8> {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend_from_slice(&seed);
        der
    }

    #[test]
    fn signs_with_each_algorithm_what_the_public_key_verifies() {
        let keys = [
            (Key::from_pem(P256_PEM, None, None).unwrap(), "ES256", 64),
            (Key::from_pem(RSA_PEM, None, None).unwrap(), "RS256", 256),
            (Key::from_pem(RSA_PKCS1, None, None).unwrap(), "RS256", 256),
            (Key::from_pem(&pem("PRIVATE KEY", &ed25519()), None, None).unwrap(), "EdDSA", 64),
            (Key::generate().unwrap(), "ES256", 64),
            (Key::generate_for(Algorithm::EdDsa).unwrap(), "EdDSA", 64),
        ];
        for (key, algorithm, len) in keys {
            assert_eq!(key.algorithm().name(), algorithm);
            let jws = key.sign("{}", r#"{"a":"\u00e9"}"#).unwrap();
            let (header, claims, signature) = parts(&jws);
            assert_eq!((header.as_str(), claims.as_str()), ("{}", r#"{"a":"\u00e9"}"#));
            assert_eq!(signature.len(), len);
            assert!(verified(&key, &jws), "{algorithm}");
            let mut forged = jws.expose().to_owned();
            forged.replace_range(0..1, "f");
            assert!(!verified(&key, &Secret::from(forged)), "{algorithm}");
        }
    }

    #[test]
    fn signs_as_rfc_8037_does() {
        let key = Key::from_pem(&pem("PRIVATE KEY", &ed25519()), None, None).unwrap();
        assert_eq!(key.thumbprint().unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(
            key.jwk().unwrap(),
            r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        );
        let jws = key.sign(r#"{"alg":"EdDSA"}"#, "Example of Ed25519 signing").unwrap();
        assert_eq!(
            jws.expose(),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn names_keys_as_rfc_9449_and_rfc_7638_do() {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let x = decode("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs");
        let y = decode("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");
        let jwk = point(&[vec![4], x, y].concat()).unwrap();
        assert_eq!(sha256_base64url(&jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let n = decode(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc\
             _BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ\
             R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bF\
             TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        );
        let jwk = modulus(&RsaPublicKeyComponents { n, e: vec![1, 0, 1] });
        assert_eq!(sha256_base64url(&jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn keeps_the_keys_that_it_made_and_no_others() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = Key::generate_for(algorithm).unwrap();
            let again = Key::from_stored(key.stored().unwrap().expose()).unwrap();
            assert_eq!(again.algorithm(), algorithm);
            assert_eq!(again.jwk().unwrap(), key.jwk().unwrap());
            assert_eq!(again.stored(), key.stored());
            assert_ne!(Key::generate_for(algorithm).unwrap().stored(), key.stored());
        }
        assert!(Key::from_pem(P256_PEM, None, None).unwrap().stored().is_none());
        let error = Key::generate_for(Algorithm::Rs256).unwrap_err();
        assert_eq!(error.status(), Status::Unsupported);
    }

    #[test]
    fn refuses_a_stored_key_that_is_broken_without_showing_it() {
        let stored = Key::generate().unwrap().stored().unwrap();
        let whole = stored.expose();
        for text in ["", "!", "czNjcmV0", &whole[..whole.len() - 8], &whole[4..]] {
            let error = Key::from_stored(text).unwrap_err();
            assert_eq!(error.status(), Status::Auth);
            assert!(text.is_empty() || !error.message().contains(text));
        }
    }

    #[test]
    fn takes_the_algorithm_that_the_key_is_for_and_the_id() {
        let key = Key::from_pem(RSA_PEM, Some("RS256"), Some("one")).unwrap();
        assert_eq!(key.key_id(), Some("one"));
        assert_eq!(Key::from_pem(RSA_PEM, None, None).unwrap().key_id(), None);
        for name in ["ES256", "RS256", "EdDSA"] {
            assert_eq!(Algorithm::parse(name).unwrap().name(), name);
        }
        for (algorithm, id, words) in [
            (Some("ES256"), None, "is for RS256, and cannot sign with ES256"),
            (Some("none"), None, "\"none\" is not known"),
            (Some("HS256"), None, "\"HS256\" is not known"),
            (Some("rs256"), None, "is not known"),
            (None, Some(""), "key_id is empty"),
        ] {
            let error = Key::from_pem(RSA_PEM, algorithm, id).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(words), "{}", error.message());
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_private_key_without_showing_it() {
        let random = SystemRandom::new();
        let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).unwrap();
        let mut x25519 = ed25519();
        x25519[11] = 0x6e;
        let half = &ed25519()[..40];
        let (head, _) = RSA_PEM.split_at(RSA_PEM.len() / 2);
        // In the last exponent but one, which nothing but signing looks at.
        let inside: String = RSA_PKCS1.lines().filter(|line| !line.starts_with('-')).collect();
        let mut unfit = STANDARD.decode(inside).unwrap();
        let at = unfit.len() - 200;
        unfit[at] ^= 1;
        for (text, words) in [
            (String::new(), "no private key in PEM"),
            ("s3cret".into(), "no private key in PEM"),
            (pem("PUBLIC KEY", b"s3cret"), "no private key in PEM"),
            (pem("OPENSSH PRIVATE KEY", b"s3cret"), "no private key in PEM"),
            (head.to_owned(), "not valid PEM"),
            (RSA_PEM.replacen('M', "!", 1), "not valid PEM"),
            (pem("ENCRYPTED PRIVATE KEY", b"s3cret"), "encrypted"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n\
                 -----END RSA PRIVATE KEY-----\n"
                    .into(),
                "encrypted",
            ),
            (pem("EC PRIVATE KEY", b"s3cret"), "openssl pkcs8 -topk8"),
            (RSA_1024.to_owned(), "fewer than 2048 bits"),
            (pem("PRIVATE KEY", p384.as_ref()), "another curve"),
            (pem("PRIVATE KEY", &x25519), "of a kind that is not known"),
            (pem("PRIVATE KEY", b"s3cret"), "of a kind that is not known"),
            (pem("PRIVATE KEY", half), "not a whole key of Ed25519"),
            (pem("RSA PRIVATE KEY", b"s3cret"), "not a whole key of RSA"),
            (NO_PUBLIC.to_owned(), "without its public key"),
            (pem("RSA PRIVATE KEY", &unfit), "cannot sign: it is broken"),
        ] {
            let error = Key::from_pem(&text, None, None).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(words), "{words}: {}", error.message());
            let body = text.lines().nth(1).unwrap_or("s3cret");
            assert!(!error.message().contains(body), "{}", error.message());
        }
    }

    #[test]
    fn prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Key::from_pem(P256_PEM, None, None).unwrap()), "Key");
        assert_eq!(format!("{:?}", Key::generate().unwrap().stored()), "Some(Secret)");
    }
}
