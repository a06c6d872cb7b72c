//! The form of a token request, with client authentication (RFC 6749, 2.3 and
//! appendix B; RFC 7523, 2.2).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use zeroize::Zeroize;

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form, in one buffer that is wiped.
pub(crate) struct Form(String);

impl Form {
    /// `grant_type`: empty for a revocation.
    pub(crate) fn new(grant_type: &str) -> Self {
        let mut form = Self(String::with_capacity(ROOM));
        form.add_some("grant_type", Some(grant_type).filter(|grant| !grant.is_empty()));
        form
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) -> &mut Self {
        // Encoding makes at most three bytes of one: the buffer does not move.
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

    /// Adds the client authentication to the form, or returns it as the value of
    /// the Authorization header.
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
                // The header has the id: strict servers take a second one for a
                // second method (RFC 6749, 2.3).
                self.add_some("client_id", client.repeated_id());
                return Ok(Some(client_basic(client.id, secret)));
            }
            AuthMethod::Post => {
                let secret = client.secret.ok_or_else(|| missing("secret"))?;
                self.add("client_id", client.id).add("client_secret", secret.expose());
            }
            AuthMethod::PrivateKeyJwt => {
                let assertion = client.assertion.ok_or_else(|| missing("assertion"))?;
                self.add("client_assertion_type", ASSERTION)
                    .add("client_assertion", assertion.expose())
                    .add_some("client_id", client.repeated_id());
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

/// Makes room for more bytes, and wipes the old buffer.
fn reserve(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        let mut larger = String::with_capacity(2 * text.capacity() + more);
        larger.push_str(text);
        text.zeroize();
        *text = larger;
    }
}

/// The client authentication method: one for each request.
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

    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Basic, Self::Post, Self::PrivateKeyJwt];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether the form needs no client id, because the proof contains it.
    pub(crate) fn proves_id(self) -> bool {
        matches!(self, Self::Basic | Self::PrivateKeyJwt)
    }

    /// Whether the method sends the client's secret.
    pub(crate) fn needs_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }
}

/// The client, and the proof of its identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAuthentication<'a> {
    pub(crate) method: AuthMethod,
    pub(crate) id: &'a str,
    pub(crate) secret: Option<&'a Secret>,
    /// Each request needs a new one.
    pub(crate) assertion: Option<&'a Secret>,
    /// Whether the form has the client id beside a proof that contains it: some
    /// servers look for it there only.
    pub(crate) repeats_id: bool,
}

impl<'a> ClientAuthentication<'a> {
    fn repeated_id(&self) -> Option<&'a str> {
        self.repeats_id.then_some(self.id)
    }
}

/// The value of Authorization for `client_secret_basic`. Id and secret are
/// encoded as in a form, so that the only colon separates them.
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
    fn keeps_its_content_when_it_grows() {
        let mut form = Form::new("x");
        let value = "é".repeat(10_000);
        form.add("a", &value).add("b", &value);
        let text = form.finish();
        assert!(text.expose().starts_with("grant_type=x&a=%C3%A9"));
        assert_eq!(text.expose().len(), "grant_type=x&a=&b=".len() + 2 * 60_000);
    }

    #[test]
    fn encodes_basic_as_in_the_rfc() {
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
    fn uses_one_authentication_method() {
        let (secret, assertion) = (Secret::from("s &"), Secret::from("h.p.s"));
        for (method, form, header) in [
            (AuthMethod::None, "grant_type=x&client_id=i+d", None),
            (AuthMethod::Basic, "grant_type=x", Some("Basic aStkOnMrJTI2")),
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
                repeats_id: false,
            };
            let mut out = Form::new("x");
            let value = out.authenticate(&client).unwrap();
            assert_eq!(value.as_ref().map(Secret::expose), header);
            assert_eq!(out.finish().expose(), form);
            let mut out = Form::new("x");
            out.authenticate(&ClientAuthentication { repeats_id: true, ..client }).unwrap();
            let id = if method.proves_id() { "&client_id=i+d" } else { "" };
            assert_eq!(out.finish().expose(), format!("{form}{id}"));
            let poor = ClientAuthentication { secret: None, assertion: None, ..client };
            assert_eq!(Form::new("x").authenticate(&poor).is_ok(), method == AuthMethod::None);
            assert_eq!(AuthMethod::of(method.name()), Some(method));
        }
        assert_eq!(AuthMethod::of("client_secret_jwt"), None);
        assert_eq!(format!("{:?}", Form::new("x")), "Form");
    }
}
