//! The authorization request (RFC 6749, 4.1.1; RFC 7636; RFC 8707).

use form_urlencoded::byte_serialize;

use crate::auth::oauth::spec::redact::place;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// The parameters of the URL that the person's browser opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) code_challenge: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) resource: &'a str,
    pub(crate) scope: Option<&'a str>,
    pub(crate) needs_consent: bool,
    pub(crate) dpop_jkt: Option<&'a str>,
}

impl AuthorizationRequest<'_> {
    /// The URL to open. It is a secret, as it holds the state.
    pub(crate) fn url(&self, plain: PlainHttp) -> Result<Secret> {
        check_for_browser(self.endpoint, plain)?;
        let mut url = self.endpoint.to_owned();
        let mut mark = match UrlParts::of(self.endpoint).query {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        for (name, value) in [
            ("response_type", Some("code")),
            ("client_id", Some(self.client_id)),
            ("redirect_uri", Some(self.redirect_uri)),
            ("code_challenge", Some(self.code_challenge)),
            ("code_challenge_method", Some("S256")),
            ("state", Some(self.state.expose())),
            ("resource", Some(self.resource)),
            ("scope", self.scope.filter(|scope| !scope.is_empty())),
            ("prompt", self.needs_consent.then_some("consent")),
            ("dpop_jkt", self.dpop_jkt),
        ] {
            let Some(value) = value else { continue };
            url.push_str(mark);
            url.push_str(name);
            url.push('=');
            url.extend(byte_serialize(value.as_bytes()));
            mark = "&";
        }
        Ok(Secret::from(url))
    }
}

/// Refuses a URL that must not reach the program that opens URLs: one with
/// another scheme, or with a character that no URL has and a shell may
/// interpret.
pub(crate) fn check_for_browser(url: &str, plain: PlainHttp) -> Result<()> {
    check("authorization endpoint", url, plain)?;
    let mut rest = url.bytes();
    while let Some(byte) = rest.next() {
        let is_fine = match byte {
            b'%' => {
                let mut digit = || rest.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                digit() && digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !is_fine {
            return Err(Error::new(
                Status::Untrusted,
                format!(
                    "the authorization endpoint {} has a character that no URL has: refused",
                    place(url)
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
