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
        needs_consent: false,
        dpop_jkt: None,
    }
}

const PLAIN: &str = "response_type=code&client_id=https%3A%2F%2Fc%2Fm.json\
    &redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcallback&code_challenge=E9-_\
    &code_challenge_method=S256&state=st&resource=https%3A%2F%2Fh%2Fa+b";

#[test]
fn writes_the_request_behind_what_the_endpoint_has() {
    let state = Secret::from("st");
    for (endpoint, front) in [
        ("https://as/authorize", "https://as/authorize?"),
        ("https://as", "https://as?"),
        ("https://as/a?", "https://as/a?"),
        ("https://as/a?p=%20x", "https://as/a?p=%20x&"),
        ("http://localhost:1/a", "http://localhost:1/a?"),
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

#[test]
fn opens_no_url_of_another_kind() {
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
