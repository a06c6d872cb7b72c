//! Random text from the system's generator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroize;

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;

/// So many random bytes in base64url: a state, a verifier, the id of a JWT.
pub(crate) fn secret(bytes: usize) -> Result<Secret> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| failure())?;
    let text = URL_SAFE_NO_PAD.encode(&random);
    random.zeroize();
    Ok(Secret::from(text))
}

fn failure() -> Error {
    Error::new(
        Status::Internal,
        "the system's generator of random bytes failed: is /dev/urandom there, and getrandom() \
         allowed?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn gives_as_many_bytes_as_asked_for_in_base64url() {
        for bytes in [16, 17, 32, 96] {
            let text = secret(bytes).unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(text.expose()).unwrap().len(), bytes);
        }
    }

    #[test]
    fn never_gives_the_same_twice() {
        let all: HashSet<String> =
            (0..1000).map(|_| secret(16).unwrap().expose().to_owned()).collect();
        assert_eq!(all.len(), 1000);
    }
}
