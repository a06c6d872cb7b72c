//! The choice of the client id, and of the authentication method.

use crate::auth::oauth::spec::redact::{display_text, display_url};
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check, has_dots};
use crate::base::error::{Error, Result, Status};
use crate::wire::url::UrlParts;

/// Checks the URL of a client metadata document, which is the client id.
pub(crate) fn check_metadata_url(text: &str) -> Result<()> {
    let wrong = |what: &str| Err(Error::argument(format!("the client's metadata URL {what}")));
    if check("metadata URL", text, PlainHttp::Refused).is_err() {
        return wrong("is no https URL, or has a user name, a fragment or a blank");
    }
    let UrlParts { path, .. } = UrlParts::of(text);
    if path.is_empty() || path == "/" {
        return wrong("has no path: pass one like \"https://example.com/client.json\"");
    }
    if has_dots(path) {
        return wrong("has \".\" or \"..\" in its path: write it without");
    }
    Ok(())
}

/// The client ids to choose from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownClient<'a> {
    /// Whether the application set a client id.
    pub(crate) is_given: bool,
    /// The issuer to which that id is bound: the one that the application set,
    /// else the first with which the id was used. `None`: not used yet.
    pub(crate) given_to: Option<&'a str>,
    pub(crate) metadata_url: Option<&'a str>,
    /// Whether there is a valid registration at this issuer.
    pub(crate) is_registered: bool,
}

/// The chosen client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientChoice<'a> {
    Given,
    /// The URL of the client metadata document.
    Published(&'a str),
    /// The stored registration.
    Registered,
    /// A new registration, at this URL.
    Register(&'a str),
}

/// Chooses: the id of the application, else the metadata URL, else a
/// registration.
pub(crate) fn choose<'a>(
    known: &KnownClient<'a>,
    server: &'a ServerMetadata,
    plain: PlainHttp,
) -> Result<ClientChoice<'a>> {
    let issuer = &server.issuer;
    if known.is_given {
        // A secret must go to its own server only, and the application did not
        // ask for a new registration.
        return match known.given_to {
            Some(other) if other != issuer => Err(Error::new(
                Status::Untrusted,
                format!(
                    "the client id belongs to the authorization server \"{other}\", and the MCP server \
                     now names \"{issuer}\": set a client id for that one, or, if \
                     this id is known there too, confirm that issuer with mcp_auth_set_issuer()"
                ),
            )),
            _ => Ok(ClientChoice::Given),
        };
    }
    if let Some(url) = known.metadata_url
        && server.takes_metadata_urls
    {
        return Ok(ClientChoice::Published(url));
    }
    if known.is_registered {
        return Ok(ClientChoice::Registered);
    }
    if let Some(url) = server.registration_endpoint(plain)? {
        return Ok(ClientChoice::Register(url));
    }
    let of_url = match known.metadata_url {
        Some(_) => "as it accepts no client metadata URL",
        None if server.takes_metadata_urls => {
            "or the URL of its metadata with mcp_auth_set_client_metadata_url()"
        }
        None => "as it offers no other way",
    };
    Err(Error::new(
        Status::Auth,
        format!(
            "the authorization server {} registers no clients: set a client id with \
             mcp_auth_set_client(), {of_url}",
            display_url(issuer)
        ),
    ))
}

/// What the client's authentication method depends on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientProofs<'a> {
    /// The method that the application chose.
    pub(crate) chosen: Option<AuthMethod>,
    /// Whether the client registered itself.
    pub(crate) is_registered: bool,
    /// The method in the response to its registration.
    pub(crate) registered: Option<&'a str>,
    pub(crate) has_secret: bool,
    pub(crate) has_key: bool,
}

impl ClientProofs<'_> {
    /// Whether the client has what the method needs.
    pub(crate) fn has(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::None => true,
            AuthMethod::Basic | AuthMethod::Post => self.has_secret,
            AuthMethod::PrivateKeyJwt => self.has_key,
        }
    }
}

/// The authentication method for the token endpoint. Servers count failed
/// attempts, so only one method is tried.
pub(crate) fn auth_method(
    proofs: &ClientProofs<'_>,
    server: &ServerMetadata,
) -> Result<AuthMethod> {
    if let Some(chosen) = proofs.chosen {
        return chosen_method(chosen, proofs);
    }
    let listed = server.listed_methods();
    let lists = |method: AuthMethod| match listed {
        Some(listed) => listed.iter().any(|one| one == method.name()),
        None => server.has_document && method == AuthMethod::Basic,
    };
    if let Some(method) = proofs.registered.and_then(AuthMethod::of)
        && proofs.has(method)
        && (listed.is_none() || lists(method))
    {
        return Ok(method);
    }
    if !server.has_document && !proofs.has_key {
        return Ok(if proofs.has_secret { AuthMethod::Post } else { AuthMethod::None });
    }
    if proofs.has_key && lists(AuthMethod::PrivateKeyJwt) {
        return Ok(AuthMethod::PrivateKeyJwt);
    }
    if proofs.has_secret {
        let first = match listed {
            Some(listed) => first_with_secret(listed),
            None => Some(AuthMethod::Basic).filter(|method| lists(*method)),
        };
        if let Some(method) = first {
            return Ok(method);
        }
    }
    // A public client has no proof, whatever the server lists.
    if lists(AuthMethod::None) || !proofs.has_secret && !proofs.has_key {
        return Ok(AuthMethod::None);
    }
    Err(none_in_common(server))
}

/// The first method of the server's list that sends the client's secret.
fn first_with_secret(listed: &[String]) -> Option<AuthMethod> {
    let mut known = listed.iter().filter_map(|name| AuthMethod::of(name));
    known.find(|method| method.needs_secret())
}

/// The method that the application chose, also if the server does not list it.
fn chosen_method(chosen: AuthMethod, proofs: &ClientProofs<'_>) -> Result<AuthMethod> {
    if proofs.has(chosen) {
        return Ok(chosen);
    }
    match chosen {
        AuthMethod::PrivateKeyJwt => Err(no_key()),
        // The server registered a public client all the same.
        _ if proofs.is_registered => Ok(AuthMethod::None),
        _ => Err(Error::new(
            Status::Auth,
            format!(
                "the authentication method {} needs a client secret: set one with \
                 mcp_auth_set_client(), or choose another method with \
                 mcp_auth_set_client_auth()",
                chosen.name()
            ),
        )),
    }
}

/// The authentication method to register. With a key, its public half is
/// registered too.
pub(crate) fn method_to_register(
    server: &ServerMetadata,
    chosen: Option<AuthMethod>,
    has_key: bool,
) -> Result<AuthMethod> {
    match chosen {
        Some(AuthMethod::PrivateKeyJwt) if !has_key => return Err(no_key()),
        Some(chosen) => return Ok(chosen),
        None => {}
    }
    let Some(listed) = server.listed_methods() else {
        return Ok(if server.has_document { AuthMethod::Basic } else { AuthMethod::None });
    };
    let lists = |method: &AuthMethod| listed.iter().any(|one| one == method.name());
    if has_key && lists(&AuthMethod::PrivateKeyJwt) {
        return Ok(AuthMethod::PrivateKeyJwt);
    }
    if lists(&AuthMethod::None) {
        return Ok(AuthMethod::None);
    }
    // In the server's order: the official Python SDK accepts Basic at its token
    // endpoint but not at its revocation endpoint, and lists it last.
    first_with_secret(listed).ok_or_else(|| none_in_common(server))
}

fn no_key() -> Error {
    Error::new(
        Status::Auth,
        "the authentication method private_key_jwt needs a key: set one with \
         mcp_auth_set_client_key(), or choose another method with mcp_auth_set_client_auth()",
    )
}

fn none_in_common(server: &ServerMetadata) -> Error {
    let listed = server.listed_methods().map(|all| all.join(", "));
    let shown = display_text(listed.as_deref().unwrap_or(AuthMethod::Basic.name()), &[]);
    Error::new(
        Status::Auth,
        format!(
            "the authorization server {} accepts the authentication methods [{}] only, and the \
             client has the secret or key for none of them; if the list is wrong, choose a \
             method with mcp_auth_set_client_auth()",
            display_url(&server.issuer),
            shown.unwrap_or_default()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::json_document::JsonDocument;

    fn server(members: &str) -> ServerMetadata {
        let body = format!(r#"{{"issuer":"https://as"{members}}}"#);
        let document = JsonDocument::parse(body.as_bytes()).unwrap();
        ServerMetadata::read(&document, "https://as", "https://as").unwrap()
    }

    fn listing(methods: &str) -> ServerMetadata {
        if methods == "-" {
            return server("");
        }
        let names: Vec<String> = methods.split_whitespace().map(|one| format!("{one:?}")).collect();
        server(&format!(r#","token_endpoint_auth_methods_supported":[{}]"#, names.join(",")))
    }

    #[test]
    fn accepts_metadata_urls_that_can_be_a_client_id() {
        for url in ["https://h/c.json", "https://h:8/a/b?v=1", "https://h/a..b/.c"] {
            assert!(check_metadata_url(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "https://h",
            "https://h/",
            "https://h?a",
            "http://h/c.json",
            "http://localhost/c.json",
            "https://u@h/c.json",
            "https://h/c.json#",
            "https://h/./c.json",
            "https://h/a/../c.json",
            "https://h/a/%2E./c.json",
            "https://h/a/%2e",
            "https://h/c json",
        ] {
            let error = check_metadata_url(url).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{url}");
        }
    }

    #[test]
    fn chooses_the_given_id_then_the_metadata_url_then_a_registration() {
        let all = server(
            r#","client_id_metadata_document_supported":true,"registration_endpoint":"https://as/r""#,
        );
        let registers = server(r#","registration_endpoint":"https://as/r""#);
        let none = server("");
        let base = ServerMetadata::without_document("https://as");
        let url = Some("https://c/m.json");
        let plain = KnownClient::default();
        for (known, server, identity) in [
            (
                KnownClient { is_given: true, metadata_url: url, ..plain },
                &all,
                Some(ClientChoice::Given),
            ),
            (
                KnownClient { is_given: true, is_registered: true, ..plain },
                &none,
                Some(ClientChoice::Given),
            ),
            (
                KnownClient { metadata_url: url, is_registered: true, ..plain },
                &all,
                Some(ClientChoice::Published("https://c/m.json")),
            ),
            (plain, &all, Some(ClientChoice::Register("https://as/r"))),
            (
                KnownClient { metadata_url: url, ..plain },
                &registers,
                Some(ClientChoice::Register("https://as/r")),
            ),
            (
                KnownClient { metadata_url: url, is_registered: true, ..plain },
                &registers,
                Some(ClientChoice::Registered),
            ),
            (plain, &base, Some(ClientChoice::Register("https://as/register"))),
            (plain, &none, None),
            (KnownClient { metadata_url: url, ..plain }, &none, None),
        ] {
            let chosen = choose(&known, server, PlainHttp::Refused);
            assert_eq!(chosen.as_ref().ok(), identity.as_ref(), "{known:?}");
            if let Err(error) = chosen {
                assert_eq!(error.status(), Status::Auth);
                assert!(error.message().contains("https://as"), "{}", error.message());
                assert!(error.message().contains("mcp_auth_set_client()"));
            }
        }
    }

    #[test]
    fn binds_a_given_id_to_its_server() {
        let all = server(r#","registration_endpoint":"https://as/r""#);
        let known =
            KnownClient { is_given: true, given_to: Some("https://as"), ..KnownClient::default() };
        assert_eq!(choose(&known, &all, PlainHttp::Refused).unwrap(), ClientChoice::Given);
        for other in ["https://as/", "https://AS", "https://old"] {
            let known = KnownClient { given_to: Some(other), ..known };
            let error = choose(&known, &all, PlainHttp::Refused).unwrap_err();
            assert_eq!(error.status(), Status::Untrusted);
            assert!(error.message().contains(other) && error.message().contains("\"https://as\""));
        }
    }

    #[test]
    fn chooses_one_method_for_the_token_endpoint() {
        use AuthMethod::{Basic, None as Nothing, Post, PrivateKeyJwt};
        const SECRET: u8 = 1;
        const KEY: u8 = 2;
        for (registered, has, listed, method) in [
            // The registered method, if the server lists it or lists nothing.
            (Some("client_secret_post"), SECRET, "-", Some(Post)),
            (
                Some("client_secret_post"),
                SECRET,
                "client_secret_basic client_secret_post",
                Some(Post),
            ),
            (Some("client_secret_post"), SECRET, "client_secret_basic", Some(Basic)),
            (Some("none"), SECRET, "none client_secret_basic", Some(Nothing)),
            (Some("none"), 0, "-", Some(Nothing)),
            (Some("client_secret_basic"), 0, "none", Some(Nothing)),
            (Some("private_key_jwt"), SECRET, "client_secret_basic", Some(Basic)),
            (Some("tls_client_auth"), SECRET, "-", Some(Basic)),
            // The server returned a secret unasked.
            (None, SECRET, "none", Some(Nothing)),
            (None, SECRET, "none client_secret_post", Some(Post)),
            // The order of the list decides among what the secret is good for.
            (None, SECRET, "client_secret_post client_secret_basic", Some(Post)),
            (None, SECRET, "client_secret_basic client_secret_post", Some(Basic)),
            (None, SECRET, "none client_secret_basic", Some(Basic)),
            (None, SECRET, "client_secret_jwt client_secret_post none", Some(Post)),
            (None, SECRET, "private_key_jwt client_secret_post", Some(Post)),
            (None, SECRET, "-", Some(Basic)),
            (None, 0, "-", Some(Nothing)),
            (None, 0, "client_secret_basic", Some(Nothing)),
            (None, KEY, "private_key_jwt client_secret_basic", Some(PrivateKeyJwt)),
            (None, KEY | SECRET, "client_secret_basic private_key_jwt", Some(PrivateKeyJwt)),
            (None, KEY | SECRET, "client_secret_basic", Some(Basic)),
            (None, KEY, "none", Some(Nothing)),
            (None, KEY, "-", None),
            (None, SECRET, "private_key_jwt", None),
            (None, SECRET, "tls_client_auth", None),
            // An empty list says nothing.
            (None, SECRET, "", Some(Basic)),
            (None, 0, "", Some(Nothing)),
        ] {
            let proofs = ClientProofs {
                registered,
                has_secret: has & SECRET != 0,
                has_key: has & KEY != 0,
                ..ClientProofs::default()
            };
            let chosen = super::auth_method(&proofs, &listing(listed));
            assert_eq!(chosen.as_ref().ok(), method.as_ref(), "{registered:?} {has} {listed}");
            if let Err(error) = chosen {
                let shown = listed.replace(' ', ", ").replace('-', "client_secret_basic");
                assert!(error.message().contains(&format!("[{shown}]")), "{}", error.message());
                assert!(error.message().contains("mcp_auth_set_client_auth()"));
            }
        }
        let base = ServerMetadata::without_document("https://as");
        let proofs = ClientProofs { has_secret: true, ..ClientProofs::default() };
        assert_eq!(super::auth_method(&proofs, &base).unwrap(), Post);
        assert_eq!(super::auth_method(&ClientProofs::default(), &base).unwrap(), Nothing);
        let basic = ClientProofs { registered: Some("client_secret_basic"), ..proofs };
        assert_eq!(super::auth_method(&basic, &base).unwrap(), Basic);
    }

    #[test]
    fn uses_the_chosen_method_also_if_it_is_not_listed() {
        use AuthMethod::{Basic, None as Nothing, Post, PrivateKeyJwt};
        let secret = ClientProofs { has_secret: true, ..ClientProofs::default() };
        let key = ClientProofs { has_key: true, ..ClientProofs::default() };
        let both = ClientProofs { has_key: true, ..secret };
        let own = ClientProofs { is_registered: true, ..ClientProofs::default() };
        let is_basic = ClientProofs { registered: Some("client_secret_basic"), ..secret };
        for (chosen, proofs, method) in [
            (Post, secret, Ok(Post)),
            (Basic, secret, Ok(Basic)),
            (Nothing, secret, Ok(Nothing)),
            (Post, both, Ok(Post)),
            (PrivateKeyJwt, both, Ok(PrivateKeyJwt)),
            (Post, is_basic, Ok(Post)),
            // The server made a public client of the one that registered.
            (Post, own, Ok(Nothing)),
            (Post, ClientProofs::default(), Err("mcp_auth_set_client()")),
            (Basic, key, Err("mcp_auth_set_client()")),
            (PrivateKeyJwt, secret, Err("mcp_auth_set_client_key()")),
            (PrivateKeyJwt, own, Err("mcp_auth_set_client_key()")),
        ] {
            for listed in ["-", "client_secret_basic", "client_secret_post", "none", ""] {
                let proofs = ClientProofs { chosen: Some(chosen), ..proofs };
                match (super::auth_method(&proofs, &listing(listed)), method) {
                    (Ok(used), Ok(method)) => assert_eq!(used, method, "{chosen:?} {listed}"),
                    (Err(error), Err(words)) => {
                        assert_eq!(error.status(), Status::Auth);
                        assert!(error.message().contains(words), "{}", error.message());
                        assert!(error.message().contains(chosen.name()), "{}", error.message());
                    }
                    (used, _) => panic!("{chosen:?} {listed} {used:?}"),
                }
            }
        }
        for (chosen, has_key, method) in [
            (Post, false, Some(Post)),
            (Basic, true, Some(Basic)),
            (Nothing, true, Some(Nothing)),
            (PrivateKeyJwt, true, Some(PrivateKeyJwt)),
            (PrivateKeyJwt, false, None),
        ] {
            let made = method_to_register(&listing("none"), Some(chosen), has_key);
            assert_eq!(made.ok(), method, "{chosen:?}");
        }
    }

    #[test]
    fn registers_with_what_the_server_lists() {
        use AuthMethod::{Basic, None as Nothing, Post, PrivateKeyJwt};
        for (listed, has_key, method) in [
            ("client_secret_basic none", false, Some(Nothing)),
            ("client_secret_post client_secret_basic", false, Some(Post)),
            ("client_secret_jwt client_secret_basic client_secret_post", false, Some(Basic)),
            ("private_key_jwt client_secret_post", false, Some(Post)),
            ("private_key_jwt none", true, Some(PrivateKeyJwt)),
            ("none", true, Some(Nothing)),
            ("-", false, Some(Basic)),
            ("private_key_jwt", false, None),
            ("", false, Some(Basic)),
        ] {
            let made = method_to_register(&listing(listed), None, has_key);
            assert_eq!(made.ok(), method, "{listed}");
        }
        let base = ServerMetadata::without_document("https://as");
        assert_eq!(method_to_register(&base, None, false).unwrap(), Nothing);
    }
}
