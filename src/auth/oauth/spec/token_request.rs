//! The form of a token request, and how the client says who it is in it
//! (RFC 6749, 2.3 and appendix B; RFC 7523, 2.2).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use zeroize::Zeroize;

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form in one buffer, which is wiped.
pub(crate) struct Form(String);

impl Form {
    /// `grant_type`: empty for what is no grant.
    pub(crate) fn new(grant_type: &str) -> Self {
        let mut form = Self(String::with_capacity(ROOM));
        form.add_some("grant_type", Some(grant_type).filter(|grant| !grant.is_empty()));
        form
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) -> &mut Self {
        // At most three bytes for one, so that nothing moves while it grows.
        reserve(&mut self.0, 3 * (name.len() + value.len()) + 2);
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    pub(crate) fn add_some(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.add(name, value);
        }
        self
    }

    /// Says who the client is, in the form or in the value of the
    /// Authorization header that is given back.
    pub(crate) fn authenticate(
        &mut self,
        client: &ClientAuthentication<'_>,
    ) -> Result<Option<Secret>> {
        let missing = |what: &str| Error::new(Status::Auth, format!("the client has no {what}"));
        match client.method {
            AuthMethod::None => {
                self.add("client_id", client.id);
            }
            AuthMethod::Basic => {
                let secret = client.secret.ok_or_else(|| missing("secret"))?;
                // The header says it too, but the official Python SDK looks
                // for the client here (RFC 6749, 3.2.1 allows it).
                self.add("client_id", client.id);
                return Ok(Some(client_basic(client.id, secret)));
            }
            AuthMethod::Post => {
                let secret = client.secret.ok_or_else(|| missing("secret"))?;
                self.add("client_id", client.id).add("client_secret", secret.expose());
            }
            AuthMethod::PrivateKeyJwt => {
                let assertion = client.assertion.ok_or_else(|| missing("assertion"))?;
                self.add("client_assertion_type", ASSERTION)
                    .add("client_assertion", assertion.expose());
            }
        }
        Ok(None)
    }

    pub(crate) fn finish(mut self) -> Secret {
        Secret::from(std::mem::take(&mut self.0))
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Form")
    }
}

const ROOM: usize = 2048;

/// Makes room for more, and wipes what is left behind.
fn reserve(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        let mut larger = String::with_capacity(2 * text.capacity() + more);
        larger.push_str(text);
        text.zeroize();
        *text = larger;
    }
}

/// How a client says who it is, exactly one for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    None,
    Basic,
    Post,
    PrivateKeyJwt,
}

impl AuthMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Post, Self::PrivateKeyJwt]
            .into_iter()
            .find(|method| method.name() == name)
    }
}

/// Who the client is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAuthentication<'a> {
    pub(crate) method: AuthMethod,
    pub(crate) id: &'a str,
    pub(crate) secret: Option<&'a Secret>,
    /// A new one for each request.
    pub(crate) assertion: Option<&'a Secret>,
}

/// The value of Authorization for `client_secret_basic`: each half encoded as
/// in a form, so that the one colon parts them.
pub(crate) fn client_basic(id: &str, secret: &Secret) -> Secret {
    const PREFIX: &str = "Basic ";
    let secret = secret.expose().as_bytes();
    let mut pair = String::with_capacity(3 * (id.len() + secret.len()) + 1);
    pair.extend(byte_serialize(id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret));
    let mut value = String::with_capacity(PREFIX.len() + pair.len().div_ceil(3) * 4);
    value.push_str(PREFIX);
    STANDARD.encode_string(&pair, &mut value);
    pair.zeroize();
    Secret::from(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_values_as_a_form_has_them() {
        let mut form = Form::new("authorization_code");
        form.add("code", "a b+c&d=é~*-._/")
            .add_some("x", None)
            .add_some("resource", Some("https://h"));
        assert_eq!(
            form.finish().expose(),
            "grant_type=authorization_code&code=a+b%2Bc%26d%3D%C3%A9%7E*-._%2F&resource=https%3A%2F%2Fh"
        );
    }

    #[test]
    fn grows_and_keeps_what_it_has() {
        let mut form = Form::new("x");
        let value = "é".repeat(10_000);
        form.add("a", &value).add("b", &value);
        let text = form.finish();
        assert!(text.expose().starts_with("grant_type=x&a=%C3%A9"));
        assert_eq!(text.expose().len(), "grant_type=x&a=&b=".len() + 2 * 60_000);
    }

    #[test]
    fn encodes_basic_as_the_rfc_has_it() {
        let basic =
            |id: &str, secret: &str| client_basic(id, &Secret::from(secret)).expose().to_owned();
        assert_eq!(basic("a b+c", "p:w~é/="), "Basic YStiJTJCYzpwJTNBdyU3RSVDMyVBOSUyRiUzRA==");
        assert_eq!(
            STANDARD.decode("YStiJTJCYzpwJTNBdyU3RSVDMyVBOSUyRiUzRA==").unwrap(),
            b"a+b%2Bc:p%3Aw%7E%C3%A9%2F%3D"
        );
        assert_eq!(basic("", ""), "Basic Og==");
        assert_eq!(
            basic("test-client", "s.e_c-r*et"),
            format!("Basic {}", STANDARD.encode("test-client:s.e_c-r*et"))
        );
    }

    #[test]
    fn says_who_it_is_in_exactly_one_way() {
        let (secret, assertion) = (Secret::from("s &"), Secret::from("h.p.s"));
        for (method, form, header) in [
            (AuthMethod::None, "grant_type=x&client_id=i+d", None),
            (AuthMethod::Basic, "grant_type=x&client_id=i+d", Some("Basic aStkOnMrJTI2")),
            (AuthMethod::Post, "grant_type=x&client_id=i+d&client_secret=s+%26", None),
            (
                AuthMethod::PrivateKeyJwt,
                "grant_type=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type\
                 %3Ajwt-bearer&client_assertion=h.p.s",
                None,
            ),
        ] {
            let client = ClientAuthentication {
                method,
                id: "i d",
                secret: Some(&secret),
                assertion: Some(&assertion),
            };
            let mut out = Form::new("x");
            let value = out.authenticate(&client).unwrap();
            assert_eq!(value.as_ref().map(Secret::expose), header);
            assert_eq!(out.finish().expose(), form);
            let poor = ClientAuthentication { secret: None, assertion: None, ..client };
            assert_eq!(Form::new("x").authenticate(&poor).is_ok(), method == AuthMethod::None);
            assert_eq!(AuthMethod::of(method.name()), Some(method));
        }
        assert_eq!(AuthMethod::of("client_secret_jwt"), None);
        assert_eq!(format!("{:?}", Form::new("x")), "Form");
    }
}
