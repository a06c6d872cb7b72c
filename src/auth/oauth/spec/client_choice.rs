//! Who the client is at an authorization server, and how it proves that.

use crate::auth::oauth::spec::redact::{foreign, place};
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check, has_dots};
use crate::base::error::{Error, Result, Status};
use crate::wire::url::UrlParts;

/// Takes the URL of a client's metadata document, which is its id as text.
pub(crate) fn check_metadata_url(text: &str) -> Result<()> {
    let wrong = |what: &str| Err(Error::argument(format!("the client's metadata URL {what}")));
    if check("metadata URL", text, PlainHttp::Refused).is_err() {
        return wrong("is no https URL without user, fragment and blanks");
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

/// What the client may go by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownClient<'a> {
    /// Whether the program gave an id.
    pub(crate) is_given: bool,
    /// The issuer that the given id belongs to: the pinned one, else the
    /// first that it was used with. `None`: not used yet.
    pub(crate) given_to: Option<&'a str>,
    pub(crate) metadata_url: Option<&'a str>,
    /// Whether there is a registration at this issuer that still holds.
    pub(crate) is_registered: bool,
}

/// What the client goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientChoice<'a> {
    Given,
    /// The URL of its metadata.
    Published(&'a str),
    /// As it registered before.
    Registered,
    /// As it is to register, at this URL.
    Register(&'a str),
}

/// Chooses: what is given, then what is published, then a registration.
pub(crate) fn choose<'a>(
    known: &KnownClient<'a>,
    server: &'a ServerMetadata,
    plain: PlainHttp,
) -> Result<ClientChoice<'a>> {
    let issuer = &server.issuer;
    if known.is_given {
        // The secret of one server is nothing for another, nor is a new
        // registration what the program meant.
        return match known.given_to {
            Some(other) if other != issuer => Err(Error::new(
                Status::Untrusted,
                format!(
                    "the client's id belongs to the authorization server \"{other}\", and now the \
                     MCP server names \"{issuer}\": set an id for that one"
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
        Some(_) => "which takes no client metadata URL",
        None if server.takes_metadata_urls => {
            "or the URL of its metadata with mcp_auth_set_client_metadata_url()"
        }
        None => "as it offers no other way",
    };
    Err(Error::new(
        Status::Auth,
        format!(
            "the authorization server {} lets no client register: set an id with \
             mcp_auth_set_client(), {of_url}",
            place(issuer)
        ),
    ))
}

/// What the client could prove itself with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientProofs<'a> {
    /// The method that the answer to its registration names.
    pub(crate) registered: Option<&'a str>,
    pub(crate) has_secret: bool,
    pub(crate) has_key: bool,
}

/// The one method for the token endpoint. A wrong one is counted there, so
/// none is tried after another.
pub(crate) fn auth_method(
    proofs: &ClientProofs<'_>,
    server: &ServerMetadata,
) -> Result<AuthMethod> {
    let has_what = |method: AuthMethod| match method {
        AuthMethod::None => true,
        AuthMethod::Basic | AuthMethod::Post => proofs.has_secret,
        AuthMethod::PrivateKeyJwt => proofs.has_key,
    };
    let lists = |method: AuthMethod| match &server.auth_methods {
        Some(listed) => listed.iter().any(|one| one == method.name()),
        None => server.has_document && method == AuthMethod::Basic,
    };
    if let Some(method) = proofs.registered.and_then(AuthMethod::of)
        && has_what(method)
        && (server.auth_methods.is_none() || lists(method))
    {
        return Ok(method);
    }
    if !server.has_document && !proofs.has_key {
        return Ok(if proofs.has_secret { AuthMethod::Post } else { AuthMethod::None });
    }
    for method in [AuthMethod::PrivateKeyJwt, AuthMethod::Basic, AuthMethod::Post, AuthMethod::None]
    {
        if has_what(method) && lists(method) {
            return Ok(method);
        }
    }
    // A public client proves nothing, whatever the list says.
    if !proofs.has_secret && !proofs.has_key {
        return Ok(AuthMethod::None);
    }
    Err(none_in_common(server))
}

/// The method to register with; a key also wants its public half registered.
pub(crate) fn method_to_register(server: &ServerMetadata, has_key: bool) -> Result<AuthMethod> {
    let Some(listed) = &server.auth_methods else {
        return Ok(if server.has_document { AuthMethod::Basic } else { AuthMethod::None });
    };
    let lists = |method: &AuthMethod| listed.iter().any(|one| one == method.name());
    if has_key && lists(&AuthMethod::PrivateKeyJwt) {
        return Ok(AuthMethod::PrivateKeyJwt);
    }
    if lists(&AuthMethod::None) {
        return Ok(AuthMethod::None);
    }
    // In the server's order: the official Python SDK takes Basic at its token
    // endpoint, but not where tokens are revoked, and lists it last.
    listed
        .iter()
        .filter_map(|name| AuthMethod::of(name))
        .find(|method| matches!(method, AuthMethod::Basic | AuthMethod::Post))
        .ok_or_else(|| none_in_common(server))
}

fn none_in_common(server: &ServerMetadata) -> Error {
    let listed = server.auth_methods.as_deref().map(|all| all.join(", "));
    let shown = foreign(listed.as_deref().unwrap_or(AuthMethod::Basic.name()), &[]);
    Error::new(
        Status::Auth,
        format!(
            "the authorization server {} takes clients by [{}] alone, and there is a secret or a \
             key for none of these",
            place(&server.issuer),
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
    fn takes_metadata_urls_that_may_be_an_id() {
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
    fn goes_by_what_is_given_then_published_then_registered() {
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
    fn keeps_a_given_id_at_its_own_server() {
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
            // What the registration says, if it is listed or nothing is.
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
            // A secret that came unasked.
            (None, SECRET, "none", Some(Nothing)),
            (None, SECRET, "none client_secret_post", Some(Post)),
            (None, SECRET, "client_secret_post client_secret_basic", Some(Basic)),
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
            (None, SECRET, "", None),
        ] {
            let proofs =
                ClientProofs { registered, has_secret: has & SECRET != 0, has_key: has & KEY != 0 };
            let chosen = super::auth_method(&proofs, &listing(listed));
            assert_eq!(chosen.as_ref().ok(), method.as_ref(), "{registered:?} {has} {listed}");
            if let Err(error) = chosen {
                let shown = listed.replace(' ', ", ").replace('-', "client_secret_basic");
                assert!(error.message().contains(&format!("[{shown}]")), "{}", error.message());
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
            ("", false, None),
        ] {
            assert_eq!(method_to_register(&listing(listed), has_key).ok(), method, "{listed}");
        }
        let base = ServerMetadata::without_document("https://as");
        assert_eq!(method_to_register(&base, false).unwrap(), Nothing);
    }
}
