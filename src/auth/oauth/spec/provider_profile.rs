//! Known providers: the options that a sign-in with each of them needs.

use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::base::error::{Error, Result, quote};

/// The options of one provider. Each of them can also be set alone, and an option
/// that the application sets counts more.
#[derive(Debug)]
pub(crate) struct ProviderProfile {
    pub(crate) name: &'static str,
    pub(crate) issuer: Option<&'static str>,
    /// The URLs of the authorization endpoint and of the token endpoint.
    pub(crate) endpoints: Option<(&'static str, &'static str)>,
    pub(crate) scope: Option<&'static str>,
    pub(crate) redirect: Option<&'static str>,
    pub(crate) client_auth: Option<AuthMethod>,
    pub(crate) assumes_pkce: bool,
    /// Parameters by name; `None` leaves a parameter out.
    pub(crate) authorization_parameters: &'static [(&'static str, Option<&'static str>)],
    pub(crate) token_parameters: &'static [(&'static str, Option<&'static str>)],
}

/// All profiles, by name.
static PROFILES: &[ProviderProfile] = &[];

/// The profile of a name.
pub(crate) fn profile(name: &str) -> Result<&'static ProviderProfile> {
    PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        Error::argument(format!(
            "there is no provider \"{}\"; the known ones are {}",
            quote(name),
            names.join(", ")
        ))
    })
}
