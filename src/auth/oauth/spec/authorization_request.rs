//! The authorization request (RFC 6749, 4.1.1; RFC 7636; RFC 8707).

use form_urlencoded::{byte_serialize, parse};

use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::request_edits::RequestEdits;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// The parameters of the URL that the person's browser opens.
#[derive(Clone, Copy)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) code_challenge: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) resource: &'a str,
    pub(crate) scope: Option<&'a str>,
    /// Whether the application chose that there is no scope.
    pub(crate) excludes_scope: bool,
    pub(crate) needs_consent: bool,
    pub(crate) dpop_jkt: Option<&'a str>,
    /// The changes of the application.
    pub(crate) edits: &'a RequestEdits,
}

impl AuthorizationRequest<'_> {
    /// The URL to open. It is a secret, as it holds the state.
    pub(crate) fn url(&self, plain: PlainHttp) -> Result<Secret> {
        check_for_browser(self.endpoint, plain)?;
        let parameters = self.edits.apply(&[
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
        ]);
        let is_replaced = |name: &str| {
            parameters.iter().any(|(known, _)| *known == name)
                || self.edits.get(name).is_some()
                || (self.excludes_scope && name == "scope")
        };
        let (mut url, mut mark) = endpoint_without(self.endpoint, &is_replaced);
        for (name, value) in &parameters {
            url.push_str(mark);
            url.extend(byte_serialize(name.as_bytes()));
            url.push('=');
            url.extend(byte_serialize(value.as_bytes()));
            mark = "&";
        }
        Ok(Secret::from(url))
    }
}

/// The endpoint with its query, and what comes before the next parameter. A
/// parameter of the query that the request itself has, or that the application
/// leaves out, is removed: no parameter may occur twice (RFC 6749, 3.1).
fn endpoint_without(endpoint: &str, is_replaced: &dyn Fn(&str) -> bool) -> (String, &'static str) {
    let Some(query) = UrlParts::of(endpoint).query else { return (endpoint.to_owned(), "?") };
    let bare = endpoint.strip_suffix(query).unwrap_or(endpoint);
    let stays = |piece: &&str| !parse(piece.as_bytes()).any(|(name, _)| is_replaced(&name));
    let kept: Vec<&str> = query.split('&').filter(stays).collect();
    let mark = if kept.is_empty() || query.is_empty() { "" } else { "&" };
    (format!("{bare}{}", kept.join("&")), mark)
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
                    display_url(url)
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
