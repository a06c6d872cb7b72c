//! DPoP (RFC 9449): a proof that who sends a token has the key it is bound to.

use std::time::SystemTime;

use crate::auth::oauth::spec::digest::sha256_base64url;
use crate::auth::oauth::spec::jwt;
use crate::auth::oauth::spec::key::Key;
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::url::UrlParts;

/// The request that is proved.
pub(crate) struct ProvenRequest<'a> {
    /// As it is sent, in capitals.
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// The access token that goes with the request, without its scheme; none
    /// for a token request.
    pub(crate) token: Option<&'a str>,
    /// What the server of this origin gave last.
    pub(crate) nonce: Option<&'a str>,
}

/// The value of the header `DPoP`. A server takes each once: every request,
/// repeats too, needs its own.
pub(crate) fn proof(
    key: &Key,
    proof: &ProvenRequest<'_>,
    id: &Secret,
    now: SystemTime,
) -> Result<Secret> {
    let header = ObjectWriter::new()
        .text("typ", "dpop+jwt")
        .text("alg", key.algorithm().name())
        .json("jwk", &key.jwk()?)
        .end();
    let claims = ObjectWriter::new()
        .text("jti", id.expose())
        .text("htm", proof.method)
        .text("htu", &UrlParts::of(proof.url).without_secrets())
        .number("iat", jwt::seconds(now)?)
        .optional_text("ath", proof.token.map(sha256_base64url).as_deref())
        .optional_text("nonce", proof.nonce)
        .end();
    key.sign(header.expose(), claims.expose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::jwt::testing::{at, parts, verified};
    use crate::auth::oauth::spec::key::Algorithm;

    const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

    fn id() -> Secret {
        Secret::from("an-id")
    }

    fn request<'a>(url: &'a str) -> ProvenRequest<'a> {
        ProvenRequest { method: "POST", url, token: None, nonce: None }
    }

    #[test]
    fn has_exactly_the_header_of_the_rfc_and_a_signature_of_64_bytes() {
        let key = Key::generate().unwrap();
        let jwt = proof(&key, &request("https://a.test/token"), &id(), at(1000)).unwrap();
        let (header, _, signature) = parts(&jwt);
        let jwk = key.jwk().unwrap();
        assert_eq!(header, format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk}}}"#));
        assert!(!header.contains("\"d\"") && !header.contains("kid"));
        assert_eq!(signature.len(), 64);
        assert!(verified(&key, &jwt));
    }

    #[test]
    fn binds_the_token_and_the_nonce_only_where_there_are_some() {
        let key = Key::generate().unwrap();
        let claims = |token, nonce| {
            let one =
                ProvenRequest { method: "GET", url: "https://a.test/mcp?a=b#c", token, nonce };
            let (_, claims, _) = parts(&proof(&key, &one, &id(), at(1_700_000_000)).unwrap());
            let (head, tail) = claims.split_once("\",\"htm\"").unwrap();
            assert_eq!(head, "{\"jti\":\"an-id");
            tail.to_owned()
        };
        let bare = r#":"GET","htu":"https://a.test/mcp","iat":1700000000"#;
        assert_eq!(claims(None, None), format!("{bare}}}"));
        assert_eq!(
            claims(Some(TOKEN), None),
            format!(r#"{bare},"ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}}"#)
        );
        assert_eq!(
            claims(Some(TOKEN), Some("a\"\\b")),
            format!(
                r#"{bare},"ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo","nonce":"a\"\\b"}}"#
            )
        );
        assert_eq!(claims(None, Some("n")), format!(r#"{bare},"nonce":"n"}}"#));
    }

    #[test]
    fn names_the_target_as_it_was_given_but_for_what_must_not_be_in_it() {
        for (url, expected) in [
            ("https://a.test", "https://a.test"),
            ("https://A.test:443/mcp/", "https://A.test:443/mcp/"),
            ("https://a.test/%7Ex/../y", "https://a.test/%7Ex/../y"),
            ("https://a.test/mcp?x=1?2", "https://a.test/mcp"),
            ("https://a.test/mcp#x?y", "https://a.test/mcp"),
            ("https://a.test?x=/@b", "https://a.test"),
            ("https://u:p@a.test:8/x@y", "https://a.test:8/x@y"),
            ("http://[::1]:80/mcp", "http://[::1]:80/mcp"),
        ] {
            assert_eq!(UrlParts::of(url).without_secrets(), expected);
        }
    }

    #[test]
    fn proves_with_the_other_algorithms_as_well() {
        let key = Key::generate_for(Algorithm::EdDsa).unwrap();
        let jwt = proof(&key, &request("https://a.test"), &id(), at(1)).unwrap();
        assert!(parts(&jwt).0.starts_with(
            r#"{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"crv":"Ed25519","kty":"OKP","x":""#
        ));
        assert!(verified(&key, &jwt));
    }
}
