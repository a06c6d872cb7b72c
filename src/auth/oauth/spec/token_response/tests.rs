use super::*;

fn read_as(
    step: TokenStep,
    proof: DpopUse,
    status: u16,
    body: &str,
) -> Result<TokenResponse, TokenError> {
    let secrets = [Secret::from("c0de"), Secret::from("s3cret")];
    read(
        &EndpointResponse::of(status, body),
        &SentTokenRequest { step, proof, secrets: &secrets, asked: AskedFor::default() },
    )
}

fn read_code(status: u16, body: &str) -> Result<TokenResponse, TokenError> {
    read_as(TokenStep::Code, DpopUse::None, status, body)
}

#[test]
fn reads_a_token_and_its_parameters() {
    let granted = read_code(
        200,
        r#"{"access_token":"a.b~c+d/e==","token_type":"bEARER","expires_in":"3600",
        "refresh_token":"r t","scope":"b a b \"x\"","id_token":"x","y":[{}]}"#,
    )
    .unwrap();
    assert_eq!(granted.access_token.expose(), "a.b~c+d/e==");
    assert_eq!(granted.token_type, Some(TokenType::Bearer));
    assert_eq!(granted.expires_in, Some(3600));
    assert_eq!(granted.refresh_token.as_ref().unwrap().expose(), "r t");
    assert_eq!(granted.scope.as_deref(), Some("b a"));
    assert!(!format!("{granted:?}").contains("r t"));
    let bare = read_code(201, r#"{"access_token":"t","error":null}"#).unwrap();
    assert_eq!(
        (bare.token_type, bare.expires_in, bare.scope),
        (Some(TokenType::Bearer), None, None)
    );
    assert!(bare.refresh_token.is_none());
    let odd = r#"{"access_token":"t","expires_in":-1,"refresh_token":"","scope":7}"#;
    let odd = read_code(200, odd).unwrap();
    assert!(odd.expires_in.is_none() && odd.refresh_token.is_none() && odd.scope.is_none());
    assert_eq!(read_code(200, r#"{"access_token":"t","scope":""}"#).unwrap().scope.unwrap(), "");
}

#[test]
fn refuses_a_response_without_a_token_and_does_not_quote_it() {
    let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(LONGEST + 1));
    let deep = format!(r#"{{"access_token":"t","x":{}}}"#, "[".repeat(50) + &"]".repeat(50));
    for (status, body) in [
        (200, ""),
        (200, "<html>hunter2</html>"),
        (200, "[\"hunter2\"]"),
        (200, "{}"),
        (204, ""),
        (200, r#"{"access_token":""}"#),
        (200, r#"{"access_token":["hunter2"]}"#),
        (200, r#"{"access_token":"hunter2 x"}"#),
        (200, r#"{"access_token":"hunter2\n"}"#),
        (200, r#"{"access_token":"hunter2é"}"#),
        (200, r#"{"access_token":"hunter2","error":{}}"#),
        (200, r#"{"access_token":"hunter2","error":true}"#),
        (200, &long),
        (200, &deep),
        (302, r#"{"access_token":"hunter2"}"#),
        (400, r#"{"access_token":"hunter2"}"#),
        (400, "hunter2"),
        (401, "{}"),
        (404, "<html>"),
    ] {
        let refusal = read_code(status, body).unwrap_err();
        assert_eq!(refusal.kind, TokenErrorKind::Other, "{status} {body}");
        assert_eq!(refusal.error.status(), Status::Protocol, "{status} {body}");
        assert_eq!(refusal.error.http_status(), status);
        let message = refusal.error.message();
        for words in ["https://as/token", &status.to_string(), "application/json"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(!message.contains("hunter2") && !message.contains("s3cret"), "{message}");
    }
}

#[test]
fn quotes_a_refusal_in_another_form_if_an_option_helps() {
    let asked = AskedFor { has_resource: true, ..AskedFor::default() };
    let secrets = [Secret::from("s3cret")];
    let sent =
        SentTokenRequest { step: TokenStep::Code, proof: DpopUse::None, secrets: &secrets, asked };
    for (body, words) in [
        ("<h1>resource is not supported</h1>", "resource is not supported"),
        (r#"{"message":"unknown parameter: resource"}"#, "unknown parameter: resource"),
        (r#"{"error":{"code":"invalid_target","message":"resource"}}"#, "invalid_target"),
        (r#"{"error":"invalid_request","message":"no resource"}"#, "no resource"),
    ] {
        let refused = read(&EndpointResponse::of(400, body), &sent).unwrap_err();
        let message = refused.error.message();
        assert!(message.contains(words) && message.contains("\"resource\" and NULL"), "{message}");
        assert_eq!(refused.error.status(), Status::Auth, "{body}");
    }
    for (status, body) in [(200, "resource hunter2"), (400, "resource s3cret"), (500, "resource")] {
        let refused = read(&EndpointResponse::of(status, body), &sent).unwrap_err();
        let message = refused.error.message();
        assert!(!message.contains("resource"), "{message}");
    }
}

#[test]
fn accepts_only_the_requested_token_type() {
    use TokenType::{Bearer, Dpop};
    for (name, proof, step, expected) in [
        ("Bearer", DpopUse::None, TokenStep::Code, Some(Some(Bearer))),
        ("DPoP", DpopUse::None, TokenStep::Code, None),
        ("DPOP", DpopUse::Sent, TokenStep::Refresh, Some(Some(Dpop))),
        ("bearer", DpopUse::Sent, TokenStep::Code, Some(Some(Bearer))),
        ("dpop", DpopUse::Demanded, TokenStep::Code, Some(Some(Dpop))),
        ("Bearer", DpopUse::Demanded, TokenStep::Code, None),
        ("N_A", DpopUse::None, TokenStep::Code, None),
        ("N_A", DpopUse::None, TokenStep::Assertion, None),
        ("n_a", DpopUse::None, TokenStep::Exchange, Some(None)),
        ("Bearer", DpopUse::None, TokenStep::Exchange, Some(Some(Bearer))),
        ("user", DpopUse::None, TokenStep::Code, Some(Some(Bearer))),
        ("bot", DpopUse::Demanded, TokenStep::Refresh, None),
        ("mac", DpopUse::Sent, TokenStep::Exchange, None),
        ("", DpopUse::None, TokenStep::Code, None),
    ] {
        let body = format!(
            r#"{{"access_token":"t","token_type":"{name}","issued_token_type":"{ID_JAG}"}}"#
        );
        let granted = read_as(step, proof, 200, &body).map(|granted| granted.token_type);
        assert_eq!(granted.ok(), expected, "{name} {proof:?} {step:?}");
    }
    // A missing type means Bearer, which is refused if the token must be bound.
    assert!(read_as(TokenStep::Code, DpopUse::Demanded, 200, r#"{"access_token":"t"}"#).is_err());
}

#[test]
fn takes_only_an_id_jag_from_an_identity_provider() {
    for (member, is_fine) in [
        (format!(r#","issued_token_type":"{ID_JAG}""#), true),
        (r#","issued_token_type":"urn:ietf:params:oauth:token-type:access_token""#.into(), false),
        (String::new(), false),
    ] {
        let body = format!(r#"{{"access_token":"t","token_type":"N_A"{member}}}"#);
        let granted = read_as(TokenStep::Exchange, DpopUse::None, 200, &body);
        assert_eq!(granted.is_ok(), is_fine, "{member}");
    }
}

#[test]
fn maps_each_error_code() {
    use TokenErrorKind::{InvalidClient, InvalidDpopProof, InvalidGrant, Other, UseDpopNonce};
    let later = TokenErrorKind::Unavailable { retry_after: None };
    for (step, code, kind, status) in [
        (TokenStep::Code, "invalid_grant", InvalidGrant, Status::Auth),
        (TokenStep::Refresh, "invalid_grant", InvalidGrant, Status::Unauthorized),
        (TokenStep::Assertion, "invalid_grant", InvalidGrant, Status::Auth),
        (TokenStep::Exchange, "invalid_grant", InvalidGrant, Status::Unauthorized),
        (TokenStep::Code, "invalid_client", InvalidClient, Status::Auth),
        (TokenStep::Code, "unauthorized_client", Other, Status::Auth),
        (TokenStep::Code, "unsupported_grant_type", Other, Status::Auth),
        (TokenStep::Code, "invalid_scope", Other, Status::Auth),
        (TokenStep::Exchange, "invalid_target", Other, Status::Auth),
        (TokenStep::Code, "invalid_request", Other, Status::Auth),
        (TokenStep::Code, "bad_verification_code", Other, Status::Auth),
        (TokenStep::Code, "", Other, Status::Auth),
        (TokenStep::Code, "use_dpop_nonce", UseDpopNonce, Status::Auth),
        (TokenStep::Code, "invalid_dpop_proof", InvalidDpopProof, Status::Auth),
        (TokenStep::Code, "temporarily_unavailable", later, Status::Unavailable),
        (TokenStep::Code, "server_error", later, Status::Unavailable),
        (TokenStep::DeviceCode, "server_error", Other, Status::Auth),
        (TokenStep::DeviceCode, "temporarily_unavailable", Other, Status::Auth),
        (TokenStep::Exchange, "access_denied", Other, Status::Denied),
        (TokenStep::DeviceCode, "authorization_declined", Other, Status::Denied),
        (TokenStep::Exchange, "insufficient_user_authentication", Other, Status::Unauthorized),
        (TokenStep::Exchange, "interaction_required", Other, Status::Unauthorized),
        (TokenStep::Code, "interaction_required", Other, Status::Auth),
    ] {
        for http_status in [400, 401, 200, 403] {
            let body = format!(
                r#"{{"error":"{code}","error_description":"no \"way\"\u001b","access_token":"t"}}"#
            );
            let refusal = read_as(step, DpopUse::Sent, http_status, &body).unwrap_err();
            assert_eq!(refusal.kind, kind, "{code} {step:?}");
            assert_eq!(refusal.error.status(), status, "{code} {step:?}");
            assert_eq!(refusal.error.http_status(), http_status);
            let message = refusal.error.message();
            assert!(message.contains(&format!(": {code} (\"no ?way??\")")), "{message}");
            assert!(message.contains(step.name()) && message.contains("https://as/token"));
        }
    }
}

#[test]
fn says_try_again_if_the_server_is_down() {
    for status in [429, 500, 502, 503, 504] {
        let body = r#"{"error":"invalid_grant"}"#;
        let reply =
            EndpointResponse { retry_after: Some("7"), ..EndpointResponse::of(status, body) };
        let asked = SentTokenRequest {
            step: TokenStep::Refresh,
            proof: DpopUse::None,
            secrets: &[],
            asked: AskedFor::default(),
        };
        let refusal = read(&reply, &asked).unwrap_err();
        assert_eq!(refusal.kind, TokenErrorKind::Unavailable { retry_after: Some(7000) });
        assert_eq!(refusal.error.status(), Status::Unavailable);
        assert_eq!(refusal.error.retry_after(), Some(7000));
    }
}

#[test]
fn shows_no_secret_that_the_server_repeats() {
    for body in [
        r#"{"error":"invalid_grant","error_description":"bad code c0de"}"#,
        r#"{"error":"invalid_grant","error_description":"bad c\u0030de"}"#,
        r#"{"error":"invalid_grant","error_description":"client_secret=s%33cret&x"}"#,
        r#"{"error":"c0de","error_description":"x"}"#,
    ] {
        let refusal = read_code(400, body).unwrap_err();
        let message = refusal.error.message();
        assert!(!message.contains("c0de") && !message.contains("s3cret"), "{message}");
        assert!(!message.contains("cret&"), "{message}");
    }
}

#[test]
fn reports_a_clock_difference() {
    let asked = SentTokenRequest {
        step: TokenStep::Code,
        proof: DpopUse::Sent,
        secrets: &[],
        asked: AskedFor::default(),
    };
    for (date, words) in [
        ("Sun, 06 Nov 1994 08:47:37 GMT", Some("120 s ahead of the server's")),
        ("Sun, 06 Nov 1994 08:51:38 GMT", Some("121 s behind the server's")),
        ("Sun, 06 Nov 1994 08:48:37 GMT", None),
        ("never", None),
    ] {
        let message = |code: &str| {
            let body = format!(r#"{{"error":"{code}"}}"#);
            let reply = EndpointResponse { date: Some(date), ..EndpointResponse::of(400, &body) };
            read(&reply, &asked).unwrap_err().error.message().to_owned()
        };
        let told = message("invalid_dpop_proof");
        assert_eq!(told.contains("clock"), words.is_some(), "{told}");
        assert!(words.is_none_or(|words| told.contains(words)), "{told}");
        assert!(!message("invalid_grant").contains("clock"));
    }
}
