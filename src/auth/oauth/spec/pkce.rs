//! PKCE (RFC 7636): who asks for the token is who asked for the code.

use crate::auth::oauth::spec::digest::sha256_base64url;
use crate::base::secret::Secret;

/// What only the flow that began knows, and shows when it asks for the token.
#[derive(Debug)]
pub(crate) struct Verifier(Secret);

impl Verifier {
    /// The number of random bytes. Their base64url has 43 characters, the
    /// fewest that RFC 7636 allows.
    pub(crate) const BYTES: usize = 32;

    /// `random`: [`Self::BYTES`] random bytes in base64url.
    pub(crate) fn new(random: Secret) -> Self {
        Self(random)
    }

    /// The `code_verifier` of the token request.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The `code_challenge` of the authorization request, by the method S256.
    pub(crate) fn challenge(&self) -> String {
        sha256_base64url(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::host::random;

    fn random() -> Verifier {
        Verifier::new(random::secret(Verifier::BYTES).unwrap())
    }

    #[test]
    fn makes_the_challenge_of_the_rfc() {
        let verifier = Verifier(Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn has_43_of_the_allowed_characters_and_is_never_the_same() {
        let (one, other) = (random(), random());
        assert_eq!(one.expose().len(), 43);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(one.expose().bytes().all(is_allowed));
        assert_ne!(one.expose(), other.expose());
        assert_ne!(one.challenge(), other.challenge());
    }

    #[test]
    fn prints_nothing_of_itself() {
        let verifier = random();
        assert_eq!(format!("{verifier:?}"), "Verifier(Secret)");
    }
}
