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

const ISSUER: &str = "https://as.example/t";

fn check_answer(query: &str, sends_iss: bool) -> Result<String> {
    let secrets = [Secret::from("c0de"), Secret::from("v3rifier")];
    let expected = ExpectedResponse { issuer: ISSUER, sends_iss, secrets: &secrets };
    read_answer(query).check(&expected).map(|code| code.expose().to_owned())
}

#[test]
fn takes_the_code_of_an_answer() {
    for (query, code) in [
        ("code=c", "c"),
        ("state=s&code=a%2Bb+c&session_state=x&scope=y&scope=z&code_x=1", "a+b c"),
        ("&&code=c&", "c"),
    ] {
        assert_eq!(check_answer(query, false).unwrap(), code, "{query}");
    }
    let longest = "x".repeat(LONGEST);
    assert_eq!(check_answer(&format!("code={longest}"), false).unwrap(), longest);
    let longer = format!("code=x{longest}");
    for query in ["", "code", "code=", "state=s", "Code=c", "code%00=c", longer.as_str()] {
        let error = check_answer(query, false).unwrap_err();
        assert_eq!(error.status(), Status::Protocol, "{query}");
    }
}

#[test]
fn belongs_to_the_flow_of_its_one_state() {
    let state = Secret::from("a+b c");
    for (query, is_ours) in [
        ("state=a%2Bb+c", true),
        ("code=x&state=a%2bb%20c", true),
        ("state=a+b+c", false),
        ("state=a%2Bb+", false),
        ("state=a%2Bb+cd", false),
        ("state=", false),
        ("state", false),
        ("STATE=a%2Bb+c", false),
        ("code=x", false),
        ("state=a%2Bb+c&state=a%2Bb+c", false),
        ("state=x&state=a%2Bb+c", false),
        ("state=x&state=y&state=a%2Bb+c", false),
    ] {
        assert_eq!(read_answer(query).is_for(&state), is_ours, "{query}");
    }
    assert!(!read_answer("code=x").is_for(&Secret::from("")));
}

#[test]
fn refuses_a_parameter_that_comes_twice() {
    for name in ["code", "iss", "error", "error_description"] {
        let query = format!("{name}=x&{name}=x&iss={ISSUER}");
        let error = check_answer(&query, false).unwrap_err();
        assert_eq!(error.status(), Status::Untrusted, "{name}");
        assert!(error.message().contains("twice"), "{name}");
    }
}

/// The table of RFC 9207, for a code and for an error alike.
#[test]
fn holds_the_answer_to_its_issuer() {
    let right = "iss=https%3A%2F%2Fas.example%2Ft";
    for (iss, promised, not_promised) in [
        (right, true, true),
        ("iss=https://as.example/t", true, true),
        ("", false, true),
        ("iss=", false, false),
        ("iss", false, false),
        ("iss=https%3A%2F%2Fevil.example", false, false),
        ("iss=https%3A%2F%2Fas.example%2Ft%2F", false, false),
        ("iss=https%3A%2F%2Fas.example%2FT", false, false),
        ("iss=https%3A%2F%2FAS.example%2Ft", false, false),
        ("iss=HTTPS%3A%2F%2Fas.example%2Ft", false, false),
        ("iss=https%3A%2F%2Fas.example%3A443%2Ft", false, false),
        ("iss=https%3A%2F%2Fas.example%2F%2574", false, false),
        ("iss=https%3A%2F%2Fas.example", false, false),
        ("iss=+https%3A%2F%2Fas.example%2Ft", false, false),
        ("iss=https%3A%2F%2Fas.example%2Ft%00", false, false),
    ] {
        for (sends_iss, is_fine) in [(true, promised), (false, not_promised)] {
            let code = check_answer(&format!("code=c&{iss}"), sends_iss);
            assert_eq!(code.is_ok(), is_fine, "{iss} {sends_iss}");
            let denied = format!("error=access_denied&error_description=w0rds&{iss}");
            let denied = check_answer(&denied, sends_iss).unwrap_err();
            assert_eq!(denied.status() == Status::Denied, is_fine, "{iss} {sends_iss}");
            let Err(error) = code else { continue };
            assert_eq!(error.status(), Status::Untrusted);
            assert!(error.message().contains(ISSUER), "{}", error.message());
            assert!(!denied.message().contains("w0rds"), "{}", denied.message());
        }
    }
    let error = check_answer("code=c&iss=https://evil%1b", true).unwrap_err();
    assert!(error.message().contains("\"https://evil?\""), "{}", error.message());
    let echoed = check_answer("code=c&iss=https://evil/c0de", true).unwrap_err();
    assert!(!echoed.message().contains("c0de"), "{}", echoed.message());
}

#[test]
fn compares_with_the_base_where_there_is_no_document() {
    let server = ServerMetadata::without_document("http://localhost:1");
    let check = |query: &str| read_answer(query).check(&ExpectedResponse::of(&server, &[]));
    assert!(check("code=c").is_ok());
    assert!(check("code=c&iss=http://localhost:1").is_ok());
    for iss in ["", "http://localhost:1/", "http://localhost:2"] {
        assert!(check(&format!("code=c&iss={iss}")).is_err(), "{iss}");
    }
}

#[test]
fn types_each_refusal() {
    for (code, status) in [
        ("access_denied", Status::Denied),
        ("invalid_request", Status::Auth),
        ("unauthorized_client", Status::Auth),
        ("unsupported_response_type", Status::Auth),
        ("invalid_scope", Status::Auth),
        ("invalid_target", Status::Auth),
        ("something_else", Status::Auth),
        ("", Status::Auth),
        ("server_error", Status::Unavailable),
        ("temporarily_unavailable", Status::Unavailable),
        ("login_required", Status::Unavailable),
        ("consent_required", Status::Unavailable),
        ("interaction_required", Status::Unavailable),
    ] {
        // Also beside a code, which then counts for nothing.
        let query = format!("code=c&error={code}&error_description=no+%22way%22%0a");
        let error = check_answer(&query, false).unwrap_err();
        assert_eq!(error.status(), status, "{code}");
        assert!(
            error.message().contains(&format!("{code} (\"no ?way??\")")),
            "{}",
            error.message()
        );
        assert!(error.message().contains(ISSUER));
    }
    let echo = check_answer("error=invalid_request&error_description=v3rifier", false).unwrap_err();
    assert!(echo.message().ends_with(": invalid_request"), "{}", echo.message());
}

#[test]
fn reads_any_text() {
    let hostile = "state=%&code=%zz&iss=\u{e9}%ff+%&error=&=&&error_description=%C3&?#code=x";
    for end in (0..=hostile.len()).filter(|end| hostile.is_char_boundary(*end)) {
        let answer = read_answer(hostile.get(..end).unwrap());
        let expected = ExpectedResponse { issuer: ISSUER, sends_iss: true, secrets: &[] };
        assert!(answer.check(&expected).is_err());
    }
}

#[test]
fn prints_nothing_secret() {
    let text = format!("{:?}", read_answer("state=hunter2&code=hunter2"));
    assert!(!text.contains("hunter2"), "{text}");
}
