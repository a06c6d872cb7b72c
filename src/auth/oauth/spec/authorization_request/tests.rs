use super::*;

fn request<'a>(endpoint: &'a str, state: &'a Secret) -> AuthorizationRequest<'a> {
    AuthorizationRequest {
        endpoint,
        client_id: "https://c/m.json",
        redirect_uri: "http://127.0.0.1:7/callback",
        code_challenge: "E9-_",
        state,
        resource: "https://h/a b",
        scope: None,
        excludes_scope: false,
        needs_consent: false,
        dpop_jkt: None,
        edits: Box::leak(Box::default()),
    }
}

const PLAIN: &str = "response_type=code&client_id=https%3A%2F%2Fc%2Fm.json\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcallback&code_challenge=E9-_\
    &code_challenge_method=S256&state=st&resource=https%3A%2F%2Fh%2Fa+b";

#[test]
fn appends_the_request_to_the_query_of_the_endpoint() {
    let state = Secret::from("st");
    for (endpoint, front) in [
        ("https://as/authorize", "https://as/authorize?"),
        ("https://as", "https://as?"),
        ("https://as/a?", "https://as/a?"),
        ("https://as/a?p=%20x", "https://as/a?p=%20x&"),
        ("http://localhost:1/a", "http://localhost:1/a?"),
        // No parameter occurs twice.
        ("https://as/a?p=b2c&state=x&%72esource=y&q", "https://as/a?p=b2c&q&"),
        ("https://as/a?client_id=x", "https://as/a?"),
        ("https://as/a?client_id=x&response_type=token&scope=a", "https://as/a?scope=a&"),
    ] {
        let url = request(endpoint, &state).url(PlainHttp::Loopback).unwrap();
        assert_eq!(url.expose(), format!("{front}{PLAIN}"));
    }
    let full = AuthorizationRequest {
        scope: Some("a b:c"),
        needs_consent: true,
        dpop_jkt: Some("0Zc"),
        ..request("https://as", &state)
    };
    assert_eq!(
        full.url(PlainHttp::Refused).unwrap().expose(),
        format!("https://as?{PLAIN}&scope=a+b%3Ac&prompt=consent&dpop_jkt=0Zc")
    );
    let empty = AuthorizationRequest { scope: Some(""), ..request("https://as", &state) };
    assert_eq!(empty.url(PlainHttp::Refused).unwrap().expose(), format!("https://as?{PLAIN}"));
}

/// The query of the URL for these changes, without what never changes.
fn changed(endpoint: &str, changes: &[(&str, Option<&str>)]) -> String {
    let state = Secret::from("st");
    let mut edits = RequestEdits::default();
    for (name, value) in changes {
        edits.set(name, *value).unwrap();
    }
    let request = AuthorizationRequest {
        scope: Some("a"),
        needs_consent: true,
        edits: &edits,
        ..request(endpoint, &state)
    };
    let url = request.url(PlainHttp::Refused).unwrap();
    let fixed = "response_type=code&client_id=https%3A%2F%2Fc%2Fm.json\
        &redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcallback&code_challenge=E9-_\
        &code_challenge_method=S256&state=st";
    let (before, after) = url.expose().split_once(fixed).unwrap();
    format!("{before}{after}")
}

#[test]
fn applies_the_changes_of_the_application() {
    for (endpoint, changes, url) in [
        ("https://as", &[("resource", None)][..], "https://as?&scope=a&prompt=consent"),
        (
            "https://as",
            &[("resource", Some("x y")), ("prompt", Some("login"))],
            "https://as?&resource=x+y&scope=a&prompt=login",
        ),
        (
            "https://as",
            &[("prompt", None), ("access_type", Some("offline")), ("resource", None)],
            "https://as?&scope=a&access_type=offline",
        ),
        (
            "https://as",
            &[("resource", None), ("a&b", Some("c&d=é")), ("prompt", Some(""))],
            "https://as?&scope=a&prompt=&a%26b=c%26d%3D%C3%A9",
        ),
        // What the endpoint itself has is replaced and left out as well.
        (
            "https://as/a?audience=x&p=1&resource=y&prompt=none&%61udience=z",
            &[("audience", Some("w")), ("resource", None), ("prompt", None)],
            "https://as/a?p=1&&scope=a&audience=w",
        ),
        (
            "https://as/a?resource=y",
            &[("resource", None), ("prompt", None)],
            "https://as/a?&scope=a",
        ),
    ] {
        assert_eq!(changed(endpoint, changes), url, "{changes:?}");
    }
}

#[test]
fn leaves_out_the_scope_of_the_endpoint_if_the_application_wants_none() {
    let state = Secret::from("st");
    for (excludes_scope, front) in [(false, "https://as/a?scope=x&"), (true, "https://as/a?")] {
        let request =
            AuthorizationRequest { excludes_scope, ..request("https://as/a?scope=x", &state) };
        let url = request.url(PlainHttp::Refused).unwrap();
        assert_eq!(url.expose(), format!("{front}{PLAIN}"));
    }
}

#[test]
fn refuses_urls_of_other_schemes() {
    for url in [
        "javascript:alert(1)",
        "javascript://as/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "app://as/authorize",
        "//as/authorize",
        "http://as/authorize",
        "https://user@as/authorize",
        "https://as/a#b",
        "https://as/a b",
        "https://as/a\"b",
        "https://as/a`b`",
        "https://as/a\\b",
        "https://as/a|b",
        "https://as/<b>",
        "https://as/{b}",
        "https://as/^b",
        "https://as/é",
        "https://as/a\nb",
        "https://as/%",
        "https://as/%4",
        "https://as/%4g",
        "",
    ] {
        let error = check_for_browser(url, PlainHttp::Loopback).unwrap_err();
        assert_eq!(error.status(), Status::Untrusted, "{url}");
    }
    for url in ["https://as/a;b=(c)!$&'*+,@~", "https://[::1]:1/a", "http://127.0.0.1:1/?a=%4F"] {
        assert!(check_for_browser(url, PlainHttp::Loopback).is_ok(), "{url}");
    }
    assert!(check_for_browser("http://localhost/", PlainHttp::Refused).is_err());
}
