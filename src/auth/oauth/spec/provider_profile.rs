//! Known providers: the options that a sign-in with each of them needs.
//!
//! A profile is a set of options that every application can set itself, and what
//! the application sets counts more. docs/sign-in.md describes the providers. Each
//! entry says why it is there: an option that loosens a check belongs here only if
//! nobody could sign in without it.

use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::base::error::{Error, Result, quote};
use crate::wire::url::Url;

/// The options of one provider.
#[derive(Debug)]
pub(crate) struct ProviderProfile {
    pub(crate) name: &'static str,
    /// What holds where an MCP server names an authorization server of this
    /// provider. A server behind a proxy names the proxy, and keeps it.
    pub(crate) servers: &'static [KnownServer],
    /// Without a port: the library takes a free one.
    pub(crate) redirect: Option<&'static str>,
    /// The method for a client that has a secret.
    pub(crate) client_auth: Option<AuthMethod>,
    pub(crate) assumes_pkce: bool,
    pub(crate) authorization_parameters: &'static [(&'static str, ProfileValue)],
    pub(crate) token_parameters: &'static [(&'static str, ProfileValue)],
}

/// The value of a parameter in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfileValue {
    Text(&'static str),
    /// The identifier of the MCP server, which is also the value of `resource`.
    Resource,
    /// The parameter is not sent.
    LeftOut,
}

/// An authorization server whose documents do not meet the specification.
#[derive(Debug)]
pub(crate) struct KnownServer {
    /// The origin of the server that the MCP server names.
    pub(crate) named: &'static str,
    pub(crate) choice: ProfileChoice,
}

/// What the library uses in place of the documents of a named server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProfileChoice {
    /// This issuer, as if the application had pinned it.
    Issuer(&'static str),
    /// These endpoints, as if the application had set them.
    Endpoints { authorization: &'static str, token: &'static str },
}

impl ProviderProfile {
    const NOTHING: Self = Self {
        name: "",
        servers: &[],
        redirect: None,
        client_auth: None,
        assumes_pkce: false,
        authorization_parameters: &[],
        token_parameters: &[],
    };

    /// What the library uses in place of the documents of the servers that an MCP
    /// server names. The first known one of several servers counts.
    pub(crate) fn choice_for<'a>(
        &self,
        mut named: impl Iterator<Item = &'a str>,
    ) -> Option<ProfileChoice> {
        named.find_map(|issuer| {
            let origin = Url::parse(issuer).ok()?.origin.to_string();
            let known = self.servers.iter().find(|known| known.named == origin)?;
            Some(known.choice)
        })
    }

    /// The endpoints that the profile has for one of its servers.
    pub(crate) fn endpoints(&self) -> Option<(&'static str, &'static str)> {
        self.servers.iter().find_map(|known| match known.choice {
            ProfileChoice::Endpoints { authorization, token } => Some((authorization, token)),
            ProfileChoice::Issuer(_) => None,
        })
    }
}

/// All profiles, by name.
static PROFILES: &[ProviderProfile] = &[
    ProviderProfile {
        name: "atlassian",
        // The path of the named server is missing in its issuer.
        servers: &[
            KnownServer {
                named: "https://auth.atlassian.com",
                choice: ProfileChoice::Issuer("https://auth.atlassian.com"),
            },
            // The older address passes on the document of another host.
            KnownServer {
                named: "https://mcp.atlassian.com",
                choice: ProfileChoice::Issuer("https://cf.mcp.atlassian.com"),
            },
        ],
        // 127.0.0.1 was refused for clients that had registered it.
        redirect: Some(LOCALHOST),
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "auth0",
        // "resource" counts only if the tenant switched that on. "audience" has the
        // same purpose and the same value; without it the token is for no API.
        authorization_parameters: &[("audience", ProfileValue::Resource)],
        // The grants without a person have no authorization request.
        token_parameters: &[("audience", ProfileValue::Resource)],
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "cognito",
        // S256 is checked, and not declared.
        assumes_pkce: true,
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "entra",
        // S256 is checked, and not declared.
        assumes_pkce: true,
        // Version 2 of the endpoints refuses "resource" beside the scope, which
        // names the resource itself.
        authorization_parameters: &[("resource", ProfileValue::LeftOut)],
        token_parameters: &[("resource", ProfileValue::LeftOut)],
        // The portal registers http for localhost alone, for which any port counts.
        redirect: Some(LOCALHOST),
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "github",
        // The metadata lists no method, and the documents of the token endpoint
        // describe only this one.
        client_auth: Some(AuthMethod::Post),
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "google",
        // Google's MCP servers name it with a slash at the end.
        servers: &[KnownServer {
            named: "https://accounts.google.com",
            choice: ProfileChoice::Issuer("https://accounts.google.com"),
        }],
        // The only way to a refresh token; after the first sign-in of a person with
        // this client only together with the question for consent.
        authorization_parameters: &[
            ("access_type", ProfileValue::Text("offline")),
            ("prompt", ProfileValue::Text("consent")),
        ],
        ..ProviderProfile::NOTHING
    },
    // Meets the specification for a client that its administrator registered.
    ProviderProfile { name: "keycloak", ..ProviderProfile::NOTHING },
    // Likewise.
    ProviderProfile { name: "okta", ..ProviderProfile::NOTHING },
    ProviderProfile {
        name: "salesforce",
        // The address of the MCP servers passes on the document of the login host.
        servers: &[KnownServer {
            named: "https://api.salesforce.com",
            choice: ProfileChoice::Issuer("https://login.salesforce.com"),
        }],
        // S256 is checked, and not declared everywhere.
        assumes_pkce: true,
        ..ProviderProfile::NOTHING
    },
    ProviderProfile {
        name: "slack",
        // The document names slack.com as the issuer on some days. The document of
        // slack.com itself has the endpoints of another sign-in.
        servers: &[KnownServer {
            named: "https://mcp.slack.com",
            choice: ProfileChoice::Endpoints {
                authorization: "https://slack.com/oauth/v2_user/authorize",
                token: "https://slack.com/api/oauth.v2.user.access",
            },
        }],
        ..ProviderProfile::NOTHING
    },
];

const LOCALHOST: &str = "http://localhost/callback";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::redirect::is_loopback_redirect;
    use crate::auth::oauth::spec::request_edits::RequestEdits;
    use crate::auth::oauth::spec::url_rules::{PlainHttp, check, check_issuer};
    use crate::base::error::Status;

    const NAMES: [&str; 10] = [
        "atlassian",
        "auth0",
        "cognito",
        "entra",
        "github",
        "google",
        "keycloak",
        "okta",
        "salesforce",
        "slack",
    ];

    #[test]
    fn has_each_provider_once_in_order() {
        let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn finds_a_profile_by_its_exact_name() {
        for name in NAMES {
            assert_eq!(profile(name).unwrap().name, name);
        }
        for name in ["", "Entra", "entra ", "google.com", "oidc"] {
            let error = profile(name).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            let text = error.message();
            assert!(NAMES.iter().all(|known| text.contains(known)), "{text}");
        }
    }

    #[test]
    fn has_only_what_an_application_could_set() {
        for profile in PROFILES {
            let all = [profile.authorization_parameters, profile.token_parameters];
            for parameters in all {
                let mut edits = RequestEdits::default();
                for (name, value) in parameters {
                    let value = match value {
                        ProfileValue::Text(text) => Some(*text),
                        ProfileValue::Resource => Some("https://example.com/mcp"),
                        ProfileValue::LeftOut => None,
                    };
                    edits.set(name, value).unwrap();
                }
                assert_eq!(edits.iter().count(), parameters.len(), "{}", profile.name);
            }
            assert!(profile.redirect.is_none_or(is_loopback_redirect));
            for known in profile.servers {
                assert_eq!(Url::parse(known.named).unwrap().origin.to_string(), known.named);
                match known.choice {
                    ProfileChoice::Issuer(issuer) => {
                        check_issuer(issuer, PlainHttp::Refused).unwrap()
                    }
                    ProfileChoice::Endpoints { authorization, token } => {
                        for url in [authorization, token] {
                            check("endpoint", url, PlainHttp::Refused).unwrap();
                        }
                    }
                }
            }
        }
    }

    /// The options that loosen a check of the specification.
    #[test]
    fn loosens_no_more_than_each_provider_needs() {
        let with = |has: fn(&ProviderProfile) -> bool| -> Vec<&str> {
            PROFILES.iter().filter(|one| has(one)).map(|one| one.name).collect()
        };
        let leaves_out_resource = |parameters: &[(&str, ProfileValue)]| {
            parameters.iter().any(|(name, _)| *name == "resource")
        };
        assert_eq!(with(|one| one.assumes_pkce), ["cognito", "entra", "salesforce"]);
        for profile in PROFILES {
            let expected = profile.name == "entra";
            assert_eq!(leaves_out_resource(profile.authorization_parameters), expected);
            assert_eq!(leaves_out_resource(profile.token_parameters), expected);
        }
        let trusts = with(|one| !one.servers.is_empty());
        assert_eq!(trusts, ["atlassian", "google", "salesforce", "slack"]);
    }

    #[test]
    fn replaces_only_the_servers_of_the_provider() {
        let google = profile("google").unwrap();
        let choice = |named: &[&'static str]| google.choice_for(named.iter().copied());
        let issuer = Some(ProfileChoice::Issuer("https://accounts.google.com"));
        assert_eq!(choice(&["https://accounts.google.com/"]), issuer);
        assert_eq!(choice(&["https://proxy.example", "https://accounts.google.com"]), issuer);
        for named in [
            "https://proxy.example",
            "http://accounts.google.com",
            "https://accounts.google.com:8443",
            "https://accounts.google.com.proxy.example",
            "accounts.google.com",
            "",
        ] {
            assert_eq!(choice(&[named]), None, "{named}");
        }
        assert_eq!(choice(&[]), None);
        let salesforce = profile("salesforce").unwrap();
        let named = ["https://api.salesforce.com:443/platform/mcp/v1/platform/sobject-reads"];
        assert_eq!(
            salesforce.choice_for(named.into_iter()),
            Some(ProfileChoice::Issuer("https://login.salesforce.com"))
        );
    }
}
