//! The entries of a store: registrations, tokens, endpoints, client ids.

use crate::auth::oauth::spec::registration::ApplicationType;
use crate::auth::oauth::spec::token_response::TokenType;
use crate::auth::oauth::store::fields::{EntryReader, UnknownMembers, end, key, writer, wrong};
use crate::base::error::Result;
use crate::base::secret::Secret;

/// An entry of the store.
pub(crate) trait StoreEntry: Sized {
    /// Reads the text that [`Self::text`] wrote.
    fn parse(text: &str) -> Result<Self>;

    /// A JSON object. It contains the parts of the key.
    fn text(&self) -> Secret;

    /// The key of this entry.
    fn own_key(&self) -> String;
}

/// A registration at an authorization server (RFC 7591).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) issuer: String,
    pub(crate) kind: ApplicationType,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// In seconds since 1970; `None` for never.
    pub(crate) secret_expires_at: Option<u64>,
    /// The authentication method for the token endpoint.
    pub(crate) auth_method: Option<String>,
    /// The method that the client asked for; `None` in older entries.
    pub(crate) requested_method: Option<String>,
    pub(crate) redirect_uri: String,
    /// The scope of the registration; `None` if the server does not say.
    pub(crate) scope: Option<String>,
    /// When a sign-in with it began that has not ended with an answer, in
    /// seconds since 1970. The server may have forgotten the registration.
    pub(crate) in_doubt_since: Option<u64>,
    pub(crate) unknown: UnknownMembers,
}

impl Registration {
    pub(crate) fn key(issuer: &str, kind: ApplicationType) -> String {
        key("registration", &[issuer, kind.name()])
    }
}

impl Registration {
    /// The secret is not used in the last seconds before its expiry.
    const SPARE: u64 = 300;

    /// Whether its secret, if any, stays valid for a while.
    pub(crate) fn holds(&self, now: u64) -> bool {
        self.client_secret.is_none()
            || self.secret_expires_at.is_none_or(|end| end > now.saturating_add(Self::SPARE))
    }

    /// Whether it was made for the authentication method that the application
    /// chose.
    pub(crate) fn fits(&self, chosen: Option<&str>) -> bool {
        let made_for = self.requested_method.as_deref().or(self.auth_method.as_deref());
        chosen.is_none_or(|chosen| made_for.is_none_or(|made_for| made_for == chosen))
    }
}

impl StoreEntry for Registration {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        Ok(Self {
            issuer: reader.text("issuer")?,
            kind: match reader.text("application_type")?.as_str() {
                "native" => ApplicationType::Native,
                "web" => ApplicationType::Web,
                "device" => ApplicationType::Device,
                _ => return Err(wrong("application_type", "is none of native, web and device")),
            },
            client_id: reader.text("client_id")?,
            client_secret: reader.optional("client_secret")?,
            secret_expires_at: reader.number("secret_expires_at")?,
            auth_method: reader.optional_text("auth_method")?,
            requested_method: reader.optional_text("requested_method")?,
            redirect_uri: reader.text("redirect_uri")?,
            scope: reader.optional_text("scope")?,
            in_doubt_since: reader.number("in_doubt_since")?,
            unknown: reader.unknown(&[
                "issuer",
                "application_type",
                "client_id",
                "client_secret",
                "secret_expires_at",
                "auth_method",
                "requested_method",
                "redirect_uri",
                "scope",
                "in_doubt_since",
            ]),
        })
    }

    fn text(&self) -> Secret {
        let writer = writer()
            .text("issuer", &self.issuer)
            .text("application_type", self.kind.name())
            .text("client_id", &self.client_id)
            .optional_text("client_secret", self.client_secret.as_ref().map(Secret::expose))
            .optional_number("secret_expires_at", self.secret_expires_at)
            .optional_text("auth_method", self.auth_method.as_deref())
            .optional_text("requested_method", self.requested_method.as_deref())
            .text("redirect_uri", &self.redirect_uri)
            .optional_text("scope", self.scope.as_deref())
            .optional_number("in_doubt_since", self.in_doubt_since);
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(&self.issuer, self.kind)
    }
}

/// The tokens for one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) issuer: String,
    pub(crate) resource: String,
    pub(crate) client_id: String,
    pub(crate) access_token: Secret,
    pub(crate) token_type: TokenType,
    /// In seconds since 1970; `None` if the server did not say.
    pub(crate) expires_at: Option<u64>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) requested_scope: Option<String>,
    pub(crate) granted_scope: Option<String>,
    /// The private key that the tokens are bound to (DPoP).
    pub(crate) dpop_key: Option<Secret>,
    /// The thumbprint of that key. The key itself is not stored if the application
    /// set it.
    pub(crate) dpop_jkt: Option<String>,
    /// The secret and the authentication method of the registration to which
    /// they were issued. The registration itself may be replaced before them.
    pub(crate) client_secret: Option<Secret>,
    pub(crate) auth_method: Option<String>,
    /// Where the metadata of the authorization server was found.
    pub(crate) metadata_url: Option<String>,
    /// The token endpoint that issued them, if the application set it. Several
    /// authorization servers may be on its origin, which is their issuer then.
    pub(crate) token_endpoint: Option<String>,
    pub(crate) unknown: UnknownMembers,
}

impl Tokens {
    pub(crate) fn key(issuer: &str, resource: &str, client_id: &str) -> String {
        key("tokens", &[issuer, resource, client_id])
    }
}

impl StoreEntry for Tokens {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        Ok(Self {
            issuer: reader.text("issuer")?,
            resource: reader.text("resource")?,
            client_id: reader.text("client_id")?,
            access_token: reader.secret("access_token")?,
            token_type: match reader.text("token_type")?.as_str() {
                "Bearer" => TokenType::Bearer,
                "DPoP" => TokenType::Dpop,
                _ => return Err(wrong("token_type", "is neither \"Bearer\" nor \"DPoP\"")),
            },
            expires_at: reader.number("expires_at")?,
            refresh_token: reader.optional("refresh_token")?,
            requested_scope: reader.optional_text("requested_scope")?,
            granted_scope: reader.optional_text("granted_scope")?,
            dpop_key: reader.optional("dpop_key")?,
            dpop_jkt: reader.optional_text("dpop_jkt")?,
            client_secret: reader.optional("client_secret")?,
            auth_method: reader.optional_text("auth_method")?,
            metadata_url: reader.optional_text("metadata_url")?,
            token_endpoint: reader.optional_text("token_endpoint")?,
            unknown: reader.unknown(&[
                "issuer",
                "resource",
                "client_id",
                "access_token",
                "token_type",
                "expires_at",
                "refresh_token",
                "requested_scope",
                "granted_scope",
                "dpop_key",
                "dpop_jkt",
                "client_secret",
                "auth_method",
                "metadata_url",
                "token_endpoint",
            ]),
        })
    }

    fn text(&self) -> Secret {
        let writer = writer()
            .text("issuer", &self.issuer)
            .text("resource", &self.resource)
            .text("client_id", &self.client_id)
            .text("access_token", self.access_token.expose())
            .text("token_type", self.token_type.name())
            .optional_number("expires_at", self.expires_at)
            .optional_text("refresh_token", self.refresh_token.as_ref().map(Secret::expose))
            .optional_text("requested_scope", self.requested_scope.as_deref())
            .optional_text("granted_scope", self.granted_scope.as_deref())
            .optional_text("dpop_key", self.dpop_key.as_ref().map(Secret::expose))
            .optional_text("dpop_jkt", self.dpop_jkt.as_deref())
            .optional_text("client_secret", self.client_secret.as_ref().map(Secret::expose))
            .optional_text("auth_method", self.auth_method.as_deref())
            .optional_text("metadata_url", self.metadata_url.as_deref())
            .optional_text("token_endpoint", self.token_endpoint.as_deref());
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(&self.issuer, &self.resource, &self.client_id)
    }
}

/// Which tokens an endpoint uses: they are sent without waiting for a 401.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The URL, which may be secret.
    pub(crate) endpoint: Secret,
    pub(crate) issuer: String,
    pub(crate) resource: String,
    pub(crate) client_id: String,
    /// The number of the grant that issued them.
    pub(crate) grant: Option<u64>,
    pub(crate) unknown: UnknownMembers,
}

impl Endpoint {
    pub(crate) fn key(endpoint: &str) -> String {
        key("endpoint", &[endpoint])
    }

    /// The key of its tokens.
    pub(crate) fn tokens(&self) -> String {
        Tokens::key(&self.issuer, &self.resource, &self.client_id)
    }
}

impl StoreEntry for Endpoint {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        Ok(Self {
            endpoint: reader.secret("endpoint")?,
            issuer: reader.text("issuer")?,
            resource: reader.text("resource")?,
            client_id: reader.text("client_id")?,
            grant: reader.number("grant")?,
            unknown: reader.unknown(&["endpoint", "issuer", "resource", "client_id", "grant"]),
        })
    }

    fn text(&self) -> Secret {
        let writer = writer()
            .text("endpoint", self.endpoint.expose())
            .text("issuer", &self.issuer)
            .text("resource", &self.resource)
            .text("client_id", &self.client_id)
            .optional_number("grant", self.grant);
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(self.endpoint.expose())
    }
}

/// The issuer to which a client id of the application is bound: the first with
/// which it was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) client_id: String,
    pub(crate) issuer: String,
    pub(crate) unknown: UnknownMembers,
}

impl Given {
    pub(crate) fn key(client_id: &str) -> String {
        key("given", &[client_id])
    }
}

impl StoreEntry for Given {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        Ok(Self {
            client_id: reader.text("client_id")?,
            issuer: reader.text("issuer")?,
            unknown: reader.unknown(&["client_id", "issuer"]),
        })
    }

    fn text(&self) -> Secret {
        let writer = writer().text("client_id", &self.client_id).text("issuer", &self.issuer);
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(&self.client_id)
    }
}

/// What an authorization server needs beyond its metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerNeeds {
    pub(crate) issuer: String,
    /// Whether the form has the client id beside a proof that contains it.
    pub(crate) repeats_id: bool,
    pub(crate) unknown: UnknownMembers,
}

impl ServerNeeds {
    pub(crate) fn key(issuer: &str) -> String {
        key("server", &[issuer])
    }
}

impl StoreEntry for ServerNeeds {
    fn parse(text: &str) -> Result<Self> {
        let reader = EntryReader::new(text)?;
        Ok(Self {
            issuer: reader.text("issuer")?,
            repeats_id: reader.is_true("repeats_client_id"),
            unknown: reader.unknown(&["issuer", "repeats_client_id"]),
        })
    }

    fn text(&self) -> Secret {
        let repeats_id = if self.repeats_id { "true" } else { "false" };
        let writer = writer().text("issuer", &self.issuer).json("repeats_client_id", repeats_id);
        end(writer, &self.unknown)
    }

    fn own_key(&self) -> String {
        Self::key(&self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = r#"{"version":1,"issuer":"https://a/","resource":"https://r/mcp",
        "client_id":"é\"","access_token":"at\u0041","token_type":"DPoP","expires_at":1800000000,
        "refresh_token":"rt","requested_scope":"a b","granted_scope":"a",
        "dpop_key":"pem\n","client_secret":"cs","auth_method":"client_secret_post",
        "metadata_url":"https://a/m","token_endpoint":"https://a/t","later":{"x":[1.50]},"version2":1}"#;

    /// Reads, writes and reads again; returns the written text.
    fn survives<E: StoreEntry + PartialEq + std::fmt::Debug>(text: &str) -> String {
        let entry = E::parse(text).unwrap();
        let written = entry.text();
        assert_eq!(E::parse(written.expose()).unwrap(), entry);
        assert!(entry.own_key().len() <= 64);
        let members = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(members(written.expose()), members(text));
        written.expose().to_owned()
    }

    #[test]
    fn uses_a_registration_until_its_secret_expires_soon() {
        let made = |secret: Option<&str>, end: Option<u64>| Registration {
            client_secret: secret.map(Secret::from),
            secret_expires_at: end,
            ..Registration::default()
        };
        let ending = made(Some("s"), Some(1000));
        assert!(ending.holds(699) && !ending.holds(700) && !ending.holds(u64::MAX));
        assert!(made(Some("s"), None).holds(u64::MAX));
        assert!(made(None, Some(1)).holds(u64::MAX));
    }

    #[test]
    fn writes_unknown_members_back() {
        let written = survives::<Tokens>(TOKENS);
        assert!(written.ends_with(r#""later":{"x":[1.50]},"version2":1}"#), "{written}");
        survives::<Tokens>(
            r#"{"version":1,"issuer":"i","resource":"r","client_id":"c","access_token":"a",
                "token_type":"Bearer"}"#,
        );
        survives::<Registration>(
            r#"{"version":1,"issuer":"i","application_type":"web","client_id":"c",
                "client_secret":"s","secret_expires_at":1,"auth_method":"client_secret_basic",
                "redirect_uri":"https://h/","scope":"a b","in_doubt_since":1800000000,
                "x":null}"#,
        );
        survives::<Registration>(
            r#"{"version":1,"issuer":"i","application_type":"native","client_id":"c",
                "redirect_uri":"http://127.0.0.1:1/"}"#,
        );
        survives::<Endpoint>(
            r#"{"version":1,"endpoint":"https://h/?q","issuer":"i","resource":"r",
                "client_id":"c","x":""}"#,
        );
        survives::<Registration>(
            r#"{"version":1,"issuer":"i","application_type":"device","client_id":"c",
                "requested_method":"none","redirect_uri":""}"#,
        );
        survives::<ServerNeeds>(r#"{"version":1,"issuer":"i","repeats_client_id":true,"x":[]}"#);
        survives::<Given>(r#"{"version":1,"client_id":"c","issuer":"i","x":0}"#);
    }

    #[test]
    fn reads_each_member() {
        let tokens = Tokens::parse(TOKENS).unwrap();
        assert_eq!((&*tokens.issuer, &*tokens.client_id), ("https://a/", "é\""));
        assert_eq!(tokens.access_token.expose(), "atA");
        assert_eq!(tokens.dpop_key, Some("pem\n".into()));
        assert_eq!((tokens.token_type, tokens.expires_at), (TokenType::Dpop, Some(1_800_000_000)));
        let shown = format!("{tokens:?}");
        assert!(!shown.contains("atA") && !shown.contains("rt\"") && !shown.contains("pem"));
    }

    #[test]
    fn refuses_a_text_cut_at_any_byte() {
        for (cut, _) in TOKENS.char_indices() {
            assert!(Tokens::parse(&TOKENS[..cut]).is_err());
        }
        for (from, to) in [
            ("\"DPoP\"", "\"dpop\""),
            ("1800000000", "\"soon\""),
            ("\"rt\"", "[]"),
            ("\"access_token\"", "\"token\""),
            ("\"version\":1,", ""),
            ("\"version\":1,", "\"version\":0,"),
        ] {
            let error = Tokens::parse(&TOKENS.replacen(from, to, 1)).unwrap_err();
            assert!(!error.message().contains("at\\u0041"), "{}", error.message());
        }
    }

    #[test]
    fn finds_the_tokens_of_an_endpoint() {
        let tokens = Tokens::parse(TOKENS).unwrap();
        let endpoint = Endpoint {
            endpoint: "https://r/mcp?key=1".into(),
            issuer: tokens.issuer.clone(),
            resource: tokens.resource.clone(),
            client_id: tokens.client_id.clone(),
            ..Endpoint::default()
        };
        assert_eq!(endpoint.tokens(), tokens.own_key());
    }

    #[test]
    fn uses_a_registration_for_the_method_that_was_asked_for() {
        let made = |requested: Option<&str>, method: Option<&str>| Registration {
            requested_method: requested.map(str::to_owned),
            auth_method: method.map(str::to_owned),
            ..Registration::default()
        };
        let (post, basic) = (Some("client_secret_post"), Some("client_secret_basic"));
        for (requested, method, chosen, fits) in [
            (None, None, None, true),
            (None, None, post, true),
            (None, post, post, true),
            (None, basic, post, false),
            (None, basic, None, true),
            (post, basic, post, true),
            (post, basic, basic, false),
            (basic, None, post, false),
        ] {
            assert_eq!(made(requested, method).fits(chosen), fits, "{requested:?} {chosen:?}");
        }
    }

    #[test]
    fn keeps_the_registrations_of_two_kinds_apart() {
        assert_ne!(
            Registration::key("i", ApplicationType::Native),
            Registration::key("i", ApplicationType::Web)
        );
    }
}
