use super::*;

const ISSUER: &str = "https://as.example/t";

fn check_answer(query: &str, sends_iss: bool) -> Result<String> {
    let secrets = [Secret::from("c0de"), Secret::from("v3rifier")];
    let expected = ExpectedResponse {
        issuer: ISSUER,
        sends_iss,
        secrets: &secrets,
        asked: AskedFor::default(),
    };
    read_response(query).code(&expected).map(|code| code.expose().to_owned())
}

#[test]
fn reads_the_code_of_a_response() {
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
fn matches_the_request_with_its_state() {
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
        assert_eq!(read_response(query).is_for(&state), is_ours, "{query}");
    }
    assert!(!read_response("code=x").is_for(&Secret::from("")));
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

/// The table of RFC 9207, for a code and for an error.
#[test]
fn checks_the_issuer_of_the_response() {
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
fn compares_the_issuer_with_the_origin_without_metadata() {
    let server = ServerMetadata::without_document("http://localhost:1");
    let check = |query: &str| {
        read_response(query).code(&ExpectedResponse::of(&server, &[], AskedFor::default()))
    };
    assert!(check("code=c").is_ok());
    assert!(check("code=c&iss=http://localhost:1").is_ok());
    for iss in ["", "http://localhost:1/", "http://localhost:2"] {
        assert!(check(&format!("code=c&iss={iss}")).is_err(), "{iss}");
    }
}

#[test]
fn maps_each_error_code() {
    for (code, status) in [
        ("access_denied", Status::Denied),
        ("invalid_request", Status::Auth),
        ("unauthorized_client", Status::Auth),
        ("unsupported_response_type", Status::Auth),
        ("invalid_scope", Status::Auth),
        ("invalid_target", Status::Auth),
        ("something_else", Status::Auth),
        ("server_error", Status::Unavailable),
        ("temporarily_unavailable", Status::Unavailable),
        ("login_required", Status::Unavailable),
        ("consent_required", Status::Unavailable),
        ("interaction_required", Status::Unavailable),
    ] {
        // An error beside a code: the code does not count.
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
    assert!(check_answer("code=c&error=&error_description=", false).is_ok());
    let none = check_answer("code=&error=", false).unwrap_err();
    assert_eq!(none.status(), Status::Protocol);
    let echo = check_answer("error=invalid_request&error_description=v3rifier", false).unwrap_err();
    assert!(echo.message().ends_with(": invalid_request"), "{}", echo.message());
}

#[test]
fn reads_any_text() {
    let hostile = "state=%&code=%zz&iss=\u{e9}%ff+%&error=&=&&error_description=%C3&?#code=x";
    for end in (0..=hostile.len()).filter(|end| hostile.is_char_boundary(*end)) {
        let answer = read_response(hostile.get(..end).unwrap());
        let expected = ExpectedResponse {
            issuer: ISSUER,
            sends_iss: true,
            secrets: &[],
            asked: AskedFor::default(),
        };
        assert!(answer.code(&expected).is_err());
    }
}

#[test]
fn prints_nothing_secret() {
    let text = format!("{:?}", read_response("state=hunter2&code=hunter2"));
    assert!(!text.contains("hunter2"), "{text}");
}
