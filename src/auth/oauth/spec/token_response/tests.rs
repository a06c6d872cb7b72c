use super::*;

fn read_as(step: Step, proof: Proof, status: u16, body: &str) -> Result<Granted, Refusal> {
    let secrets = [Secret::from("c0de"), Secret::from("s3cret")];
    read(&Reply::of(status, body), &Asked { step, proof, secrets: &secrets })
}

fn read_code(status: u16, body: &str) -> Result<Granted, Refusal> {
    read_as(Step::Code, Proof::None, status, body)
}

#[test]
fn takes_a_token_and_what_is_said_of_it() {
    let granted = read_code(
        200,
        r#"{"access_token":"a.b~c+d/e==","token_type":"bEARER","expires_in":"3600",
        "refresh_token":"r t","scope":"b a b \"x\"","id_token":"x","y":[{}]}"#,
    )
    .unwrap();
    assert_eq!(granted.access_token.expose(), "a.b~c+d/e==");
    assert_eq!(granted.token_type, TokenType::Bearer);
    assert_eq!(granted.expires_in, Some(3600));
    assert_eq!(granted.refresh_token.as_ref().unwrap().expose(), "r t");
    assert_eq!(granted.scope.as_deref(), Some("b a"));
    assert!(!format!("{granted:?}").contains("r t"));
    let bare = read_code(201, r#"{"access_token":"t","error":null}"#).unwrap();
    assert_eq!((bare.token_type, bare.expires_in, bare.scope), (TokenType::Bearer, None, None));
    assert!(bare.refresh_token.is_none());
    let odd = r#"{"access_token":"t","expires_in":-1,"refresh_token":"","scope":7}"#;
    let odd = read_code(200, odd).unwrap();
    assert!(odd.expires_in.is_none() && odd.refresh_token.is_none() && odd.scope.is_none());
    assert_eq!(read_code(200, r#"{"access_token":"t","scope":""}"#).unwrap().scope.unwrap(), "");
}

#[test]
fn refuses_what_holds_no_token_and_shows_nothing_of_it() {
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
        assert_eq!(refusal.kind, Kind::Other, "{status} {body}");
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
fn takes_only_the_type_of_token_that_was_asked_for() {
    use TokenType::{Bearer, DPoP, NotApplicable};
    for (name, proof, step, expected) in [
        ("Bearer", Proof::None, Step::Code, Some(Bearer)),
        ("DPoP", Proof::None, Step::Code, None),
        ("DPOP", Proof::Sent, Step::Refresh, Some(DPoP)),
        ("bearer", Proof::Sent, Step::Code, Some(Bearer)),
        ("dpop", Proof::Demanded, Step::Code, Some(DPoP)),
        ("Bearer", Proof::Demanded, Step::Code, None),
        ("N_A", Proof::None, Step::Code, None),
        ("N_A", Proof::None, Step::Assertion, None),
        ("n_a", Proof::None, Step::Exchange, Some(NotApplicable)),
        ("Bearer", Proof::None, Step::Exchange, Some(Bearer)),
        ("mac", Proof::Sent, Step::Exchange, None),
        ("", Proof::None, Step::Code, None),
    ] {
        let body = format!(
            r#"{{"access_token":"t","token_type":"{name}","issued_token_type":"{ID_JAG}"}}"#
        );
        let granted = read_as(step, proof, 200, &body).map(|granted| granted.token_type);
        assert_eq!(granted.ok(), expected, "{name} {proof:?} {step:?}");
    }
    // One that is forgotten is Bearer, which does not do if it must be bound.
    assert!(read_as(Step::Code, Proof::Demanded, 200, r#"{"access_token":"t"}"#).is_err());
}

#[test]
fn takes_only_an_id_jag_from_an_identity_provider() {
    for (member, is_fine) in [
        (format!(r#","issued_token_type":"{ID_JAG}""#), true),
        (r#","issued_token_type":"urn:ietf:params:oauth:token-type:access_token""#.into(), false),
        (String::new(), false),
    ] {
        let body = format!(r#"{{"access_token":"t","token_type":"N_A"{member}}}"#);
        let granted = read_as(Step::Exchange, Proof::None, 200, &body);
        assert_eq!(granted.is_ok(), is_fine, "{member}");
    }
}

#[test]
fn types_each_error() {
    use Kind::{InvalidClient, InvalidDpopProof, InvalidGrant, Other, UseDpopNonce};
    let later = Kind::Unavailable { retry_after: None };
    for (step, code, kind, status) in [
        (Step::Code, "invalid_grant", InvalidGrant, Status::Auth),
        (Step::Refresh, "invalid_grant", InvalidGrant, Status::Unauthorized),
        (Step::Assertion, "invalid_grant", InvalidGrant, Status::Auth),
        (Step::Exchange, "invalid_grant", InvalidGrant, Status::Unauthorized),
        (Step::Code, "invalid_client", InvalidClient, Status::Auth),
        (Step::Code, "unauthorized_client", Other, Status::Auth),
        (Step::Code, "unsupported_grant_type", Other, Status::Auth),
        (Step::Code, "invalid_scope", Other, Status::Auth),
        (Step::Exchange, "invalid_target", Other, Status::Auth),
        (Step::Code, "invalid_request", Other, Status::Auth),
        (Step::Code, "bad_verification_code", Other, Status::Auth),
        (Step::Code, "", Other, Status::Auth),
        (Step::Code, "use_dpop_nonce", UseDpopNonce, Status::Auth),
        (Step::Code, "invalid_dpop_proof", InvalidDpopProof, Status::Auth),
        (Step::Code, "temporarily_unavailable", later, Status::Unavailable),
        (Step::Code, "server_error", later, Status::Unavailable),
        (Step::Exchange, "access_denied", Other, Status::Denied),
        (Step::Exchange, "insufficient_user_authentication", Other, Status::Unauthorized),
        (Step::Exchange, "interaction_required", Other, Status::Unauthorized),
        (Step::Code, "interaction_required", Other, Status::Auth),
    ] {
        for http_status in [400, 401, 200, 403] {
            let body = format!(
                r#"{{"error":"{code}","error_description":"no \"way\"\u001b","access_token":"t"}}"#
            );
            let refusal = read_as(step, Proof::Sent, http_status, &body).unwrap_err();
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
fn leaves_it_for_later_when_the_server_is_not_up() {
    for status in [429, 500, 502, 503, 504] {
        let body = r#"{"error":"invalid_grant"}"#;
        let reply = Reply { retry_after: Some("7"), ..Reply::of(status, body) };
        let asked = Asked { step: Step::Refresh, proof: Proof::None, secrets: &[] };
        let refusal = read(&reply, &asked).unwrap_err();
        assert_eq!(refusal.kind, Kind::Unavailable { retry_after: Some(7000) });
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
fn tells_of_clocks_that_differ() {
    let asked = Asked { step: Step::Code, proof: Proof::Sent, secrets: &[] };
    for (date, words) in [
        ("Sun, 06 Nov 1994 08:47:37 GMT", Some("120 s ahead of the server's")),
        ("Sun, 06 Nov 1994 08:51:38 GMT", Some("121 s behind the server's")),
        ("Sun, 06 Nov 1994 08:48:37 GMT", None),
        ("never", None),
    ] {
        let message = |code: &str| {
            let body = format!(r#"{{"error":"{code}"}}"#);
            let reply = Reply { date: Some(date), ..Reply::of(400, &body) };
            read(&reply, &asked).unwrap_err().error.message().to_owned()
        };
        let told = message("invalid_dpop_proof");
        assert_eq!(told.contains("clock"), words.is_some(), "{told}");
        assert!(words.is_none_or(|words| told.contains(words)), "{told}");
        assert!(!message("invalid_grant").contains("clock"));
    }
}
