use super::*;

fn answered(json: &str) -> AttemptOutcome {
    AttemptOutcome::Answered(Answer::whole(json.to_owned()))
}

fn refused(code: i32, data: Option<&str>) -> AttemptOutcome {
    refused_with(200, code, "refused", data)
}

fn refused_with(http_status: u16, code: i32, words: &str, data: Option<&str>) -> AttemptOutcome {
    let error = RpcError { code, message: words.to_owned(), data: data.map(str::to_owned) };
    let shown = Error::new(Status::Rpc, words).with_http_status(http_status);
    AttemptOutcome::Refused(error, shown.with_rpc(code, data.map(str::to_owned)))
}

fn status(status: u16) -> AttemptOutcome {
    AttemptOutcome::NotMcp(status, Error::new(Status::Http, "status").with_http_status(status))
}

/// An outcome as the driver makes it from an error.
fn failed(status: Status, http_status: u16) -> AttemptOutcome {
    AttemptOutcome::failed(Error::new(status, "failed").with_http_status(http_status))
}

fn begun(
    pinned: Option<Revision>,
    known: Option<Attempt>,
    carriage: Carriage,
) -> (Negotiation, Attempt) {
    Negotiation::new(pinned, known, carriage).unwrap()
}

fn over(carriage: Carriage) -> Negotiation {
    let (negotiation, first) = begun(None, None, carriage);
    assert_eq!(first, PROBE);
    negotiation
}

fn automatic() -> Negotiation {
    over(Carriage::Requests)
}

const PROBE: Attempt = Attempt::Discover(Revision::V2026_07_28);
const INITIALIZE: Attempt = Attempt::Initialize(Revision::V2025_11_25);

/// A negotiation whose probe had an outcome that decides nothing.
fn after_probe(carriage: Carriage, outcome: AttemptOutcome) -> Negotiation {
    let mut negotiation = over(carriage);
    assert_eq!(tries(negotiation.interpret(PROBE, outcome)), INITIALIZE);
    negotiation
}

fn restarts(next: Result<NextAttempt>) -> Attempt {
    match next {
        Ok(NextAttempt::Restart(attempt)) => attempt,
        other => unreachable!("{other:?}"),
    }
}

fn is_agreed(next: Result<NextAttempt>, revision: Revision) -> bool {
    matches!(next, Ok(NextAttempt::Agreed(server_info)) if server_info.revision == revision)
}

fn tries(next: Result<NextAttempt>) -> Attempt {
    match next {
        Ok(NextAttempt::Try(attempt)) => attempt,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn agrees_with_a_stateless_server_after_one_probe() {
    let next = automatic().interpret(PROBE, answered(r#"{"supportedVersions":["2026-07-28"]}"#));
    assert!(
        matches!(next, Ok(NextAttempt::Agreed(server_info)) if server_info.revision == Revision::V2026_07_28)
    );
}

#[test]
fn falls_back_to_the_handshake_on_any_other_answer() {
    for outcome in [
        refused(-32601, None),
        refused(-32600, None),
        refused(-32602, None),
        refused(-32603, None),
        refused(-32001, None),
        refused(-32000, None),
        refused(-32022, None),
        refused(0, None),
        refused_with(404, -32601, "Method not found", None),
        refused_with(500, -32603, "Internal error", None),
        status(400),
        status(404),
        status(405),
        status(406),
        status(410),
        status(415),
        status(500),
        status(501),
        // probe-202, and a body that is HTML.
        status(202),
        status(200),
        answered("{}"),
        answered("[]"),
        answered("5"),
        answered("null"),
        answered(r#"{"supportedVersions":["1999-01-01"]}"#),
        answered(r#"{"supportedVersions":"1999-01-01"}"#),
        answered(r#"{"supportedVersions":null}"#),
        answered(r#"{"supportedVersions":{"2026-07-28":true}}"#),
        answered(r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#),
        // probe-502, and a gateway that refuses what it does not know.
        failed(Status::Unavailable, 502),
        failed(Status::Unavailable, 503),
        failed(Status::Unavailable, 504),
        failed(Status::Forbidden, 403),
        // A redirect within the origin that cannot be followed.
        failed(Status::Redirect, 302),
        failed(Status::Redirect, 0),
        // probe-200-emptyjson, probe-200-emptysse, probe-closes.
        failed(Status::Protocol, 0),
        failed(Status::Protocol, 200),
        failed(Status::TooLarge, 0),
        failed(Status::Io, 0),
        failed(Status::Process, 0),
        // probe-silent.
        AttemptOutcome::Silent(Error::new(Status::Timeout, "no answer in time")),
    ] {
        let shown = format!("{outcome:?}");
        let next = automatic().interpret(PROBE, outcome);
        assert!(matches!(next, Ok(NextAttempt::Try(INITIALIZE))), "{shown}: {next:?}");
    }
}

#[test]
fn agrees_with_a_version_that_is_text() {
    let odd = answered(r#"{"supportedVersions":["2026-07-28",null],"capabilities":5,"_meta":7}"#);
    assert!(is_agreed(automatic().interpret(PROBE, odd), Revision::V2026_07_28));
    let next = automatic().interpret(PROBE, answered(r#"{"supportedVersions":"2026-07-28"}"#));
    assert!(is_agreed(next, Revision::V2026_07_28));
}

#[test]
fn takes_a_version_that_the_server_names() {
    let named = refused(-32022, Some(r#"{"supported":["2025-06-18","2025-03-26"]}"#));
    assert_eq!(
        tries(automatic().interpret(PROBE, named)),
        Attempt::Initialize(Revision::V2025_06_18)
    );
    let listed = answered(r#"{"supportedVersions":["2025-11-25"]}"#);
    assert_eq!(tries(automatic().interpret(PROBE, listed)), INITIALIZE);
}

#[test]
fn repeats_once_an_attempt_that_was_refused_with_its_own_version() {
    let named = || refused(-32022, Some(r#"{"supported":["2026-07-28"]}"#));
    for pinned in [None, Some(Revision::V2026_07_28)] {
        let (mut negotiation, first) = begun(pinned, None, Carriage::Requests);
        assert_eq!(tries(negotiation.interpret(first, named())), PROBE);
        assert!(negotiation.interpret(PROBE, named()).is_err());
    }
}

#[test]
fn names_both_lists_without_a_common_version() {
    let named = refused(-32022, Some(r#"{"supported":["2031-01-01"]}"#));
    let error = automatic().interpret(PROBE, named).unwrap_err();
    assert_eq!(error.status(), Status::Version);
    assert!(error.message().contains("2031-01-01") && error.message().contains("2024-11-05"));
}

#[test]
fn does_not_fall_back_after_an_error_of_the_stateless_dialect() {
    for code in [HEADER_MISMATCH, MISSING_CAPABILITY] {
        assert!(automatic().interpret(PROBE, refused(code, None)).is_err());
    }
}

#[test]
fn leaves_for_another_transport_on_400_404_and_405() {
    for code in [400, 404, 405] {
        for outcome in [status(code), refused_with(code, -32601, "Method not found", None)] {
            let mut negotiation = after_probe(Carriage::Requests, status(405));
            let next = negotiation.interpret(INITIALIZE, outcome);
            let Ok(NextAttempt::Elsewhere(error)) = next else { unreachable!("{next:?}") };
            assert_eq!(error.http_status(), code);
            assert!(error.message().contains("server/discover got"), "{}", error.message());
        }
    }
    for outcome in [status(406), status(500), refused(-32601, None)] {
        let mut negotiation = after_probe(Carriage::Requests, status(405));
        assert!(negotiation.interpret(INITIALIZE, outcome).is_err());
    }
}

#[test]
fn leaves_for_another_transport_at_the_event_endpoint() {
    let endpoint = || AttemptOutcome::Endpoint(Error::new(Status::Transport, "endpoint"));
    let next = automatic().interpret(PROBE, endpoint());
    assert!(matches!(next, Ok(NextAttempt::Elsewhere(_))));
    let next = after_probe(Carriage::Requests, status(500)).interpret(INITIALIZE, endpoint());
    assert!(matches!(next, Ok(NextAttempt::Elsewhere(_))));
}

#[test]
fn falls_back_from_a_server_that_is_silent_or_ends() {
    let error = || Error::new(Status::Timeout, "no answer");
    for carriage in [Carriage::Requests, Carriage::Stream] {
        for outcome in [AttemptOutcome::Silent(error()), AttemptOutcome::Ended(error())] {
            after_probe(carriage, outcome);
        }
        for outcome in [AttemptOutcome::Silent(error()), AttemptOutcome::Ended(error())] {
            let mut negotiation = after_probe(carriage, status(400));
            assert!(negotiation.interpret(INITIALIZE, outcome).is_err());
        }
    }
}

fn silent() -> AttemptOutcome {
    AttemptOutcome::Silent(Error::new(Status::Timeout, "no answer in time"))
}

fn ended() -> AttemptOutcome {
    AttemptOutcome::Ended(Error::new(Status::Process, "the process has ended"))
}

const MODERN: &str = r#"{"supportedVersions":["2026-07-28"]}"#;
const CLASSIC: &str = r#"{"protocolVersion":"2025-11-25"}"#;

/// Servers over stdio that were seen: the outcomes in the order in which they
/// arrive, and what comes of them.
#[test]
fn connects_to_each_stdio_server_that_was_seen() {
    let mut python = after_probe(Carriage::Process, silent());
    assert!(python.is_probe_open() && python.may_restart());
    // It exits at initialize. The open probe ends with the process.
    let next = python.interpret(INITIALIZE, ended());
    assert!(matches!(next, Ok(NextAttempt::Await { is_brief: true })));
    assert_eq!(restarts(python.interpret(PROBE, ended())), INITIALIZE);
    assert!(!python.may_restart(), "once only");
    assert!(is_agreed(python.interpret(INITIALIZE, answered(CLASSIC)), Revision::V2025_11_25));

    // Or it stays silent, or refuses, in place of the exit.
    for outcome in [silent(), refused(-32602, None), failed(Status::Protocol, 0)] {
        let mut python = after_probe(Carriage::Process, silent());
        let next = python.interpret(INITIALIZE, outcome);
        assert!(matches!(next, Ok(NextAttempt::Await { is_brief: true })));
        assert_eq!(restarts(python.interpret(PROBE, silent())), INITIALIZE);
    }

    // The Go SDK after a slow start: the good response to the probe comes first.
    let mut go = after_probe(Carriage::Process, silent());
    assert!(is_agreed(go.interpret(PROBE, answered(MODERN)), Revision::V2026_07_28));
    // The same in the other order.
    let mut go = after_probe(Carriage::Process, silent());
    let duplicate = refused_with(0, -32600, "duplicate \"initialize\" received", None);
    let next = go.interpret(INITIALIZE, duplicate);
    assert!(matches!(next, Ok(NextAttempt::Await { is_brief: true })));
    assert!(is_agreed(go.interpret(PROBE, answered(MODERN)), Revision::V2026_07_28));

    // The TypeScript SDK 2: whichever good response is first.
    let mut typescript = after_probe(Carriage::Process, silent());
    let next = typescript.interpret(INITIALIZE, answered(CLASSIC));
    assert!(is_agreed(next, Revision::V2025_11_25));

    // An old server after a slow start: the error of the probe decides nothing.
    for late in [refused(-32601, None), failed(Status::Protocol, 0), answered("{}")] {
        let mut old = after_probe(Carriage::Process, silent());
        let next = old.interpret(PROBE, late);
        assert!(matches!(next, Ok(NextAttempt::Await { is_brief: false })), "{next:?}");
        let next = old.interpret(INITIALIZE, answered(CLASSIC));
        assert!(is_agreed(next, Revision::V2025_11_25));
    }

    // supergateway spends its initialization on the probe.
    let mut bridge = after_probe(Carriage::Process, refused(-32000, None));
    let next =
        bridge.interpret(INITIALIZE, refused_with(0, -32600, "Server already initialized", None));
    assert_eq!(restarts(next), INITIALIZE);
    // It is started again once.
    let next =
        bridge.interpret(INITIALIZE, refused_with(0, -32600, "Server already initialized", None));
    let error = next.unwrap_err();
    assert!(error.message().contains("already initialized"), "{}", error.message());
    assert!(error.message().contains("server/discover got"), "{}", error.message());

    // A server that ends at the probe.
    let mut strict = over(Carriage::Process);
    assert_eq!(restarts(strict.interpret(PROBE, ended())), INITIALIZE);
    assert!(strict.interpret(INITIALIZE, ended()).is_err());
}

#[test]
fn restarts_no_process_that_has_not_seen_the_probe() {
    for (pinned, known) in [
        (Some(Revision::V2025_11_25), None),
        (None, Some(INITIALIZE)),
        (Some(Revision::V2026_07_28), None),
    ] {
        for outcome in [silent(), ended(), failed(Status::Protocol, 0)] {
            let (mut negotiation, first) = begun(pinned, known, Carriage::Process);
            let next = negotiation.interpret(first, outcome);
            assert!(next.is_err(), "{pinned:?} {known:?} {next:?}");
        }
    }
    // Descriptors cannot be opened again.
    let mut stream = after_probe(Carriage::Stream, silent());
    let next = stream.interpret(INITIALIZE, refused(-32600, None));
    assert!(matches!(next, Ok(NextAttempt::Await { is_brief: true })), "{next:?}");
    let error = stream.interpret(PROBE, silent()).unwrap_err();
    assert_eq!(error.rpc().unwrap().code, -32600);
}

#[test]
fn gives_up_a_process_when_the_caller_does() {
    for (status, http_status) in [(Status::Cancelled, 0), (Status::Closed, 0), (Status::Timeout, 0)]
    {
        for outcome in [silent(), refused(-32601, None)] {
            let mut negotiation = after_probe(Carriage::Process, outcome);
            let error = negotiation.interpret(INITIALIZE, failed(status, http_status)).unwrap_err();
            assert_eq!(error.status(), status);
        }
    }
}

#[test]
fn tries_an_older_revision_once_after_a_refusal_in_words() {
    let words = "unsupported protocol version: 2025-11-25";
    let older = |revision| Attempt::Initialize(revision);
    for (code, message, data, next) in [
        (-32602, words, None, Revision::V2025_06_18),
        (-32600, "Bad Version", None, Revision::V2025_06_18),
        (-32603, "version mismatch, want 2025-03-26", None, Revision::V2025_03_26),
        (-32000, "no", Some(r#"{"protocolVersions":["2024-11-05"]}"#), Revision::V2024_11_05),
        (0, "version", Some(r#""only 2024-10-07""#), Revision::V2024_11_05),
        (-32000, words, Some(r#"{"supported":["2025-03-26"]}"#), Revision::V2025_03_26),
        (-32602, "no", Some(r#"{"supported":["2024-10-07"]}"#), Revision::V2024_11_05),
    ] {
        for carriage in [Carriage::Requests, Carriage::Stream, Carriage::Process] {
            for http_status in [200, 400] {
                let mut negotiation = after_probe(carriage, status(404));
                let refusal = || refused_with(http_status, code, message, data);
                let tried = tries(negotiation.interpret(INITIALIZE, refusal()));
                assert_eq!(tried, older(next), "{message}");
                let error = match negotiation.interpret(tried, refusal()) {
                    Err(error) | Ok(NextAttempt::Elsewhere(error)) => error,
                    other => unreachable!("{other:?}"),
                };
                assert_eq!(error.status(), Status::Version, "{}", error.message());
                assert!(error.message().contains(message), "{}", error.message());
                for revision in Revision::ALL {
                    assert!(error.message().contains(revision.as_str()), "{}", error.message());
                }
            }
        }
    }
    // A 400 without JSON-RPC.
    let text = || {
        let error = Error::new(Status::Http, "the server answered 400 (Unsupported version)");
        AttemptOutcome::NotMcp(400, error.with_http_status(400))
    };
    let mut negotiation = after_probe(Carriage::Requests, text());
    let tried = tries(negotiation.interpret(INITIALIZE, text()));
    assert_eq!(tried, older(Revision::V2025_06_18));
    let next = negotiation.interpret(tried, text());
    assert!(matches!(next, Ok(NextAttempt::Elsewhere(error)) if error.status() == Status::Version));
}

#[test]
fn changes_no_pinned_revision() {
    for carriage in [Carriage::Requests, Carriage::Old, Carriage::Process] {
        let (mut negotiation, first) = begun(Some(Revision::V2025_06_18), None, carriage);
        let error = negotiation.interpret(first, refused_with(200, -32602, "bad version", None));
        let error = error.unwrap_err();
        assert_eq!(error.status(), Status::Version);
        assert!(error.message().contains("bad version"), "{}", error.message());
        let (mut negotiation, first) = begun(Some(Revision::V2025_06_18), None, carriage);
        let named = refused(-32602, Some(r#"{"supported":["2025-03-26"]}"#));
        let error = negotiation.interpret(first, named).unwrap_err();
        assert_eq!(error.status(), Status::Version);
        assert!(error.message().contains("2025-03-26"), "{}", error.message());
    }
}

#[test]
fn takes_the_draft_for_the_oldest_revision() {
    for carriage in [Carriage::Requests, Carriage::Process] {
        let mut negotiation = after_probe(carriage, status(404));
        let next =
            negotiation.interpret(INITIALIZE, answered(r#"{"protocolVersion":"2024-10-07"}"#));
        assert!(is_agreed(next, Revision::V2024_11_05));
    }
    let (mut negotiation, first) = begun(None, None, Carriage::Old);
    let next = negotiation.interpret(first, answered(r#"{"protocolVersion":"2024-10-07"}"#));
    assert!(is_agreed(next, Revision::V2024_11_05));
}

#[test]
fn names_both_lists_whatever_initialize_gets() {
    for outcome in [
        refused(-32601, None),
        refused_with(404, -32601, "Method not found", None),
        refused(-32602, Some(r#"{"supported":["2025-03-26"]}"#)),
        refused_with(200, -32602, "bad version", None),
        status(400),
        status(404),
        status(405),
        status(500),
        failed(Status::Unavailable, 503),
        failed(Status::Protocol, 0),
        failed(Status::Io, 0),
        failed(Status::Timeout, 0),
        silent(),
        ended(),
        answered(r#"{"protocolVersion":"2099-01-01"}"#),
        answered("{}"),
    ] {
        for carriage in [Carriage::Requests, Carriage::Stream, Carriage::Process] {
            let listed = answered(r#"{"supportedVersions":["2099-01-01"]}"#);
            let mut negotiation = after_probe(carriage, listed);
            let error = match negotiation.interpret(INITIALIZE, repeat(&outcome)) {
                Err(error) | Ok(NextAttempt::Foreign(error)) => error,
                other => unreachable!("{outcome:?}: {other:?}"),
            };
            assert_eq!(error.status(), Status::Version, "{outcome:?}");
            assert!(error.message().contains("2099-01-01"), "{}", error.message());
            for revision in Revision::ALL {
                assert!(error.message().contains(revision.as_str()), "{}", error.message());
            }
        }
    }
    // The list is no proof: the handshake may work.
    let mut negotiation =
        after_probe(Carriage::Requests, answered(r#"{"supportedVersions":["2099-01-01"]}"#));
    let next = negotiation.interpret(INITIALIZE, answered(CLASSIC));
    assert!(is_agreed(next, Revision::V2025_11_25));
}

fn repeat(outcome: &AttemptOutcome) -> AttemptOutcome {
    match outcome {
        AttemptOutcome::Answered(answer) => AttemptOutcome::Answered(answer.clone()),
        AttemptOutcome::Refused(rpc, error) => AttemptOutcome::Refused(rpc.clone(), error.clone()),
        AttemptOutcome::NotMcp(status, error) => AttemptOutcome::NotMcp(*status, error.clone()),
        AttemptOutcome::Endpoint(error) => AttemptOutcome::Endpoint(error.clone()),
        AttemptOutcome::Silent(error) => AttemptOutcome::Silent(error.clone()),
        AttemptOutcome::Ended(error) => AttemptOutcome::Ended(error.clone()),
        AttemptOutcome::Failed(failure, error) => AttemptOutcome::Failed(*failure, error.clone()),
    }
}

#[test]
fn never_probes_over_an_older_transport() {
    let (_, first) = begun(None, None, Carriage::Old);
    assert_eq!(first, INITIALIZE);
    for code in [UNSUPPORTED_VERSION, -32601] {
        for data in [None, Some(r#"{"supported":["2026-07-28"]}"#)] {
            let (mut negotiation, _) = begun(None, None, Carriage::Old);
            assert!(negotiation.interpret(INITIALIZE, refused(code, data)).is_err());
        }
    }
    let pinned = Negotiation::new(Some(Revision::STATELESS), None, Carriage::Old).map(drop);
    assert_eq!(pinned.unwrap_err().status(), Status::Version);
}

#[test]
fn takes_any_handshake_version_that_the_server_chose() {
    for revision in Revision::ALL.into_iter().skip(1) {
        let mut negotiation = automatic();
        tries(negotiation.interpret(PROBE, status(400)));
        let json = format!("{{\"protocolVersion\":\"{}\"}}", revision.as_str());
        let next = negotiation.interpret(INITIALIZE, answered(&json));
        assert!(
            matches!(next, Ok(NextAttempt::Agreed(server_info)) if server_info.revision == revision)
        );
    }
    for json in [r#"{"protocolVersion":"1999-01-01"}"#, r#"{"protocolVersion":"2026-07-28"}"#, "{}"]
    {
        let mut negotiation = automatic();
        tries(negotiation.interpret(PROBE, status(400)));
        assert!(matches!(
            negotiation.interpret(INITIALIZE, answered(json)),
            Ok(NextAttempt::Foreign(error)) if error.status() == Status::Version
        ));
    }
}

#[test]
fn never_tries_another_than_the_pinned_version() {
    let (mut negotiation, first) = begun(Some(Revision::V2025_03_26), None, Carriage::Requests);
    assert_eq!(first, Attempt::Initialize(Revision::V2025_03_26));
    let next = negotiation.interpret(first, answered(r#"{"protocolVersion":"2025-11-25"}"#));
    assert!(matches!(next, Ok(NextAttempt::Foreign(_))));

    let (mut negotiation, first) = begun(Some(Revision::V2026_07_28), None, Carriage::Requests);
    assert_eq!(first, PROBE);
    assert!(negotiation.interpret(first, status(400)).is_err());
    let (mut negotiation, first) = begun(Some(Revision::V2026_07_28), None, Carriage::Requests);
    let error = negotiation.interpret(first, refused(-32600, None)).unwrap_err();
    assert_eq!(error.status(), Status::Version);
}

#[test]
fn probes_again_a_server_that_was_not_ready() {
    let mut negotiation = automatic();
    tries(negotiation.interpret(PROBE, status(500)));
    assert_eq!(tries(negotiation.interpret(INITIALIZE, refused(-32022, None))), PROBE);
    let older = tries(negotiation.interpret(PROBE, status(500)));
    assert_eq!(older, Attempt::Initialize(Revision::V2025_06_18));
    assert!(negotiation.interpret(older, status(500)).is_err());
}

#[test]
fn probes_again_a_server_that_was_starting() {
    let mut slow = after_probe(Carriage::Requests, silent());
    let refusal = || refused_with(404, -32601, "Method not found", None);
    assert_eq!(tries(slow.interpret(INITIALIZE, refusal())), PROBE);
    assert!(slow.is_probe_limited());
    assert!(is_agreed(slow.interpret(PROBE, answered(MODERN)), Revision::V2026_07_28));
    // Once: then the refusal of initialize counts.
    let mut old = after_probe(Carriage::Requests, silent());
    assert_eq!(tries(old.interpret(INITIALIZE, refusal())), PROBE);
    let next = old.interpret(PROBE, silent());
    assert!(matches!(next, Ok(NextAttempt::Elsewhere(error)) if error.http_status() == 404));
    let mut old = after_probe(Carriage::Requests, silent());
    assert_eq!(tries(old.interpret(INITIALIZE, refused(-32603, None))), PROBE);
    let error = old.interpret(PROBE, refused(-32601, None)).unwrap_err();
    assert_eq!(error.rpc().unwrap().code, -32603);
}

#[test]
fn ends_with_the_error_of_an_attempt_that_is_final() {
    let challenge = |name: &str| vec![(name.to_owned(), "x".to_owned())];
    let (other, token) = (true, "error");
    let failures = [
        (Status::Unauthorized, 401, "", false, AttemptFailure::Credential),
        (Status::Proxy, 407, "", false, AttemptFailure::Credential),
        (Status::Forbidden, 403, token, false, AttemptFailure::Credential),
        (Status::Forbidden, 403, "scope", false, AttemptFailure::Credential),
        (Status::Forbidden, 403, "resource_metadata", false, AttemptFailure::Credential),
        (Status::RateLimited, 429, "", false, AttemptFailure::RateLimit),
        (Status::Redirect, 302, "", other, AttemptFailure::OtherOrigin),
        (Status::Resolve, 0, "", false, AttemptFailure::NotConnected),
        (Status::Connect, 0, "", false, AttemptFailure::NotConnected),
        (Status::Tls, 0, "", false, AttemptFailure::NotConnected),
        (Status::Proxy, 0, "", false, AttemptFailure::NotConnected),
        (Status::Timeout, 0, "", false, AttemptFailure::Timeout),
        (Status::Cancelled, 0, "", false, AttemptFailure::GivenUp),
        (Status::Closed, 0, "", false, AttemptFailure::GivenUp),
        (Status::Internal, 0, "", false, AttemptFailure::Other),
        (Status::NoMemory, 0, "", false, AttemptFailure::Other),
    ];
    for (status, http_status, parameter, is_other, failure) in failures {
        for known in [None, Some(INITIALIZE)] {
            let mut error = Error::new(status, "x").with_http_status(http_status);
            if !parameter.is_empty() {
                error = error.with_challenge(challenge(parameter));
            }
            if is_other {
                error = error.with_other_origin();
            }
            let outcome = AttemptOutcome::failed(error);
            let row = (status, http_status, known);
            assert!(
                matches!(&outcome, AttemptOutcome::Failed(one, _) if *one == failure),
                "{row:?} {outcome:?}"
            );
            let (mut negotiation, first) = begun(None, known, Carriage::Requests);
            let error = negotiation.interpret(first, outcome).unwrap_err();
            assert_eq!((error.status(), error.http_status()), (status, http_status));
        }
    }
}

#[test]
fn ends_with_the_error_of_a_sign_in() {
    for status in [
        Status::Auth,
        Status::Insecure,
        Status::Denied,
        Status::Untrusted,
        Status::Protocol,
        Status::Redirect,
        Status::Io,
        Status::Timeout,
        Status::Server,
    ] {
        for http_status in [0, 400, 500] {
            let error = Error::new(status, "x").with_http_status(http_status).with_sign_in();
            let outcome = AttemptOutcome::failed(error);
            assert!(matches!(outcome, AttemptOutcome::Failed(AttemptFailure::Credential, _)));
            assert_eq!(automatic().interpret(PROBE, outcome).unwrap_err().status(), status);
        }
    }
}

#[test]
fn reports_why_initialize_failed_and_the_probe_too() {
    for (outcome, status) in [
        (failed(Status::Unauthorized, 401), Status::Unauthorized),
        (failed(Status::RateLimited, 429), Status::RateLimited),
        (failed(Status::Timeout, 0), Status::Timeout),
        (failed(Status::Io, 0), Status::Io),
        (failed(Status::Protocol, 200), Status::Protocol),
        (failed(Status::Unavailable, 502), Status::Unavailable),
        (refused(-32603, None), Status::Rpc),
    ] {
        let mut negotiation =
            after_probe(Carriage::Requests, refused_with(200, -32601, "strange", None));
        let error = negotiation.interpret(INITIALIZE, outcome).unwrap_err();
        assert_eq!(error.status(), status);
        let message = error.message();
        assert!(message.ends_with("server/discover got: strange"), "{message}");
    }
    let mut negotiation = after_probe(Carriage::Requests, failed(Status::Unavailable, 502));
    let error = negotiation.interpret(INITIALIZE, failed(Status::Unavailable, 502)).unwrap_err();
    assert!(error.message().ends_with("server/discover got the same"), "{}", error.message());
}

#[test]
fn ends_whatever_a_server_answers() {
    let hostile = [
        r#"{"supported":["2026-07-28"]}"#,
        r#"{"supported":["2025-11-25"]}"#,
        r#"{"supported":["2025-06-18","2026-07-28"]}"#,
    ];
    for data in hostile {
        let (mut negotiation, mut attempt) = begun(None, None, Carriage::Requests);
        let mut rounds = 0;
        while let Ok(NextAttempt::Try(next)) =
            negotiation.interpret(attempt, refused(-32022, Some(data)))
        {
            attempt = next;
            rounds += 1;
            assert!(rounds < 6, "{data}");
        }
    }
}

#[test]
fn probes_a_known_server_that_refuses_the_handshake() {
    let known = Some(INITIALIZE);
    for code in [-32600, -32601, HEADER_MISMATCH, UNSUPPORTED_VERSION] {
        let (mut negotiation, _) = begun(None, known, Carriage::Requests);
        let first = refused_with(200, code, "the reason", None);
        assert_eq!(tries(negotiation.interpret(INITIALIZE, first)), PROBE);
        assert!(negotiation.is_probe_limited());
        let next = negotiation.interpret(PROBE, refused(code, None));
        if code == UNSUPPORTED_VERSION {
            assert_eq!(tries(next), Attempt::Initialize(Revision::V2025_06_18));
            continue;
        }
        let error = next.unwrap_err();
        if !matches!(code, HEADER_MISMATCH) {
            assert!(error.message().contains("the reason"), "{}", error.message());
        }
    }
    let pinned = Some(Revision::HANDSHAKE);
    let (mut negotiation, first) = begun(pinned, known, Carriage::Requests);
    assert!(negotiation.interpret(first, refused(-32601, None)).is_err(), "one that is pinned");
    // After a refusal in words, an older revision comes first.
    let (mut negotiation, _) = begun(None, known, Carriage::Requests);
    let words = || refused_with(200, -32602, "bad version", None);
    let tried = tries(negotiation.interpret(INITIALIZE, words()));
    assert_eq!(tried, Attempt::Initialize(Revision::V2025_06_18));
    assert_eq!(tries(negotiation.interpret(tried, words())), PROBE);
    let next = negotiation.interpret(PROBE, answered(MODERN));
    assert!(is_agreed(next, Revision::V2026_07_28));
}

#[test]
fn tries_an_older_version_if_the_second_probe_is_refused_too() {
    let mut negotiation = automatic();
    assert_eq!(tries(negotiation.interpret(PROBE, refused(-32601, None))), INITIALIZE);
    let refusal = |data| refused_with(200, UNSUPPORTED_VERSION, "the reason", data);
    let next = negotiation.interpret(INITIALIZE, refusal(Some(r#"{"use":"2025-03-26"}"#)));
    assert_eq!(tries(next), PROBE);
    let older = tries(negotiation.interpret(PROBE, refused(-32601, None)));
    assert_eq!(older, Attempt::Initialize(Revision::V2025_03_26));
    let error = negotiation.interpret(older, refusal(None)).unwrap_err();
    assert_eq!(error.status(), Status::Version);
    assert!(error.message().contains("the reason"), "{}", error.message());
}

#[test]
fn looks_for_no_other_transport_if_no_version_is_common() {
    let mut negotiation = automatic();
    let future = answered(r#"{"supportedVersions":["2099-01-01"]}"#);
    assert_eq!(tries(negotiation.interpret(PROBE, future)), INITIALIZE);
    let endpoint = AttemptOutcome::Endpoint(Error::new(Status::Transport, "an endpoint"));
    let error = negotiation.interpret(INITIALIZE, endpoint).unwrap_err();
    assert_eq!(error.status(), Status::Version);
    assert!(error.message().contains("2099-01-01"), "{}", error.message());
}

#[test]
fn begins_with_the_attempt_that_succeeded_last() {
    for known in [INITIALIZE, Attempt::Initialize(Revision::V2025_06_18), PROBE] {
        let (_, first) = begun(None, Some(known), Carriage::Requests);
        assert_eq!(first, known);
    }
    let (_, first) = begun(None, Some(PROBE), Carriage::Old);
    assert_eq!(first, INITIALIZE);
    let (_, first) = begun(Some(Revision::V2025_03_26), Some(PROBE), Carriage::Requests);
    assert_eq!(first, Attempt::Initialize(Revision::V2025_03_26));
}
