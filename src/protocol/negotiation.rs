//! The choice of the revision: a state machine without I/O.
//!
//! The machine names an attempt. The driver makes the attempt and reports every
//! outcome, failures of the network included. The machine answers with the next
//! attempt or with the result.

use serde::Deserialize;

use crate::base::error::{Error, Result, Status};
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_PARAMS, MISSING_CAPABILITY, UNSUPPORTED_VERSION,
};
use crate::protocol::http_status::StatusClass;
use crate::protocol::revision::Revision;
use crate::protocol::server_info::{HandshakeReply, ServerInfo};
use crate::wire::jsonrpc::{Answer, RpcError};

/// The request to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Discover(Revision),
    Initialize(Revision),
}

/// The outcome of an attempt. Every `Error` is the one that the application
/// gets if no other attempt follows.
#[derive(Debug)]
pub(crate) enum AttemptOutcome {
    Answered(Answer),
    /// A JSON-RPC error under an HTTP status that is about the request.
    Refused(RpcError, Error),
    /// An HTTP status that is about the request, without a JSON-RPC error; or a
    /// response that is not MCP.
    NotMcp(u16, Error),
    /// No response on a shared connection within the time for the first one.
    Silent(Error),
    /// The server's process, or its stream, has ended. Some servers end at a
    /// request that they do not know. The library starts them again for the
    /// next attempt.
    Ended(Error),
    /// No response that says anything about the revision.
    Failed(AttemptFailure, Error),
}

/// The ways in which an attempt fails without a response from MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptFailure {
    /// An HTTP status that says nothing about the protocol.
    Http(StatusClass),
    /// The library did not get a connection to the server.
    NotConnected,
    /// The connection broke.
    Broken,
    /// The time for the call is over.
    Timeout,
    /// The application cancelled the call or closed the client.
    GivenUp,
    /// The library got no token for the request.
    NotAuthorized,
    /// A response that is malformed or too long.
    Malformed,
    /// A failure of the library or of its environment.
    Other,
}

impl AttemptFailure {
    fn of(error: &Error) -> Self {
        let class = StatusClass::of(error.http_status());
        match error.status() {
            Status::Cancelled | Status::Closed => Self::GivenUp,
            Status::Timeout => Self::Timeout,
            _ if !class.is_about_request() => Self::Http(class),
            Status::Redirect => Self::Http(StatusClass::Redirect),
            Status::Resolve | Status::Connect | Status::Tls | Status::Proxy => Self::NotConnected,
            Status::Io | Status::Process => Self::Broken,
            Status::Unauthorized
            | Status::Forbidden
            | Status::Auth
            | Status::Insecure
            | Status::Denied
            | Status::Untrusted => Self::NotAuthorized,
            Status::Protocol | Status::TooLarge => Self::Malformed,
            _ => Self::Other,
        }
    }
}

impl AttemptOutcome {
    /// The outcome of a request that ended with an error.
    pub(crate) fn failed(error: Error) -> Self {
        Self::Failed(AttemptFailure::of(&error), error)
    }
}

/// The result of an attempt.
#[derive(Debug)]
pub(crate) enum NextAttempt {
    Try(Attempt),
    /// Both sides speak the revision.
    Agreed(Box<ServerInfo>),
    /// The handshake made a session in a revision that the library does not
    /// speak. The driver ends the session and fails.
    Foreign(Error),
    /// The URL does not accept messages over this transport. If no other
    /// transport is left, the call ends with this error.
    Elsewhere(Error),
}

#[derive(Debug)]
pub(crate) struct Negotiation {
    pinned: Option<Revision>,
    /// The transport is older than the stateless dialect.
    is_old: bool,
    discovered: u8,
    initialized: u8,
}

impl Negotiation {
    /// `known` is the revision of the session that was lost. It saves the probe.
    pub(crate) fn new(pinned: Option<Revision>, known: Option<Revision>) -> (Self, Attempt) {
        let mut this = Self { pinned, is_old: false, discovered: 0, initialized: 0 };
        let first = match pinned.or(known) {
            Some(revision) if !revision.is_stateless() => {
                // Not the known revision: the server may speak a newer one now.
                this.initialize(pinned.unwrap_or(Revision::HANDSHAKE))
            }
            other => this.discover(other.unwrap_or(Revision::STATELESS)),
        };
        (this, first)
    }

    /// The same for a transport without the probe `server/discover`.
    pub(crate) fn of_handshake(pinned: Option<Revision>) -> Result<(Self, Attempt)> {
        if let Some(revision) = pinned.filter(|revision| revision.is_stateless()) {
            return Err(Error::new(
                Status::Version,
                format!(
                    "version {} is pinned, which does not go over HTTP with SSE",
                    revision.as_str()
                ),
            ));
        }
        let (negotiation, first) = Self::new(pinned, Some(Revision::HANDSHAKE));
        Ok((Self { is_old: true, ..negotiation }, first))
    }

    pub(crate) fn interpret(
        &mut self,
        attempt: Attempt,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        match attempt {
            Attempt::Discover(revision) => self.interpret_discover(revision, outcome),
            Attempt::Initialize(revision) => self.interpret_initialize(revision, outcome),
        }
    }

    fn interpret_discover(
        &mut self,
        revision: Revision,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        match outcome {
            AttemptOutcome::Answered(answer) => {
                let reply = HandshakeReply::parse(&answer)?;
                let names = reply.supported_versions.clone().unwrap_or_default();
                if names.iter().any(|name| name == revision.as_str()) {
                    return Ok(NextAttempt::Agreed(Box::new(reply.introduce(revision, &answer))));
                }
                // Without a common version the list is no proof: some servers
                // name the versions of one dialect only.
                self.choose(revision, &names, false).or_else(|error| self.fall_back(error))
            }
            AttemptOutcome::Refused(error, shown) => match error.code {
                UNSUPPORTED_VERSION => {
                    let names = supported(&error);
                    if names.is_empty() {
                        self.fall_back(shown)
                    } else {
                        self.choose(revision, &names, true)
                    }
                }
                // Only servers of this dialect send these codes.
                HEADER_MISMATCH | MISSING_CAPABILITY => Err(shown),
                // Every server of this dialect answers the probe.
                _ if self.pinned.is_some() => Err(unsupported_revision(revision, &error, &shown)),
                _ => self.fall_back(shown),
            },
            AttemptOutcome::NotMcp(405, shown) => Ok(NextAttempt::Elsewhere(shown)),
            AttemptOutcome::NotMcp(_, shown) => self.fall_back(shown),
            AttemptOutcome::Silent(shown) | AttemptOutcome::Ended(shown) => self.fall_back(shown),
            AttemptOutcome::Failed(failure, shown) => Err(after_failure(failure, shown)),
        }
    }

    fn interpret_initialize(
        &mut self,
        revision: Revision,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        match outcome {
            AttemptOutcome::Answered(answer) => {
                let reply = HandshakeReply::parse(&answer)?;
                let name = reply.protocol_version.clone().unwrap_or_default();
                match Revision::parse(&name) {
                    Some(theirs) if !theirs.is_stateless() && self.allows(theirs) => {
                        Ok(NextAttempt::Agreed(Box::new(reply.introduce(theirs, &answer))))
                    }
                    _ => Ok(NextAttempt::Foreign(self.nothing_common(&[name]))),
                }
            }
            AttemptOutcome::Refused(error, shown) => match error.code {
                INVALID_PARAMS if !supported(&error).is_empty() => {
                    self.choose(revision, &supported(&error), true)
                }
                UNSUPPORTED_VERSION => {
                    let names = supported(&error);
                    if names.is_empty() && self.may_discover() && self.discovered < 2 {
                        // A server of the stateless dialect that was not ready
                        // for the first probe.
                        return Ok(NextAttempt::Try(self.discover(Revision::STATELESS)));
                    }
                    if names.is_empty() { Err(shown) } else { self.choose(revision, &names, true) }
                }
                // The server may speak only the stateless dialect now.
                _ if self.discovered == 0 && self.may_discover() => {
                    Ok(NextAttempt::Try(self.discover(Revision::STATELESS)))
                }
                _ => Err(shown),
            },
            AttemptOutcome::NotMcp(400 | 404 | 405, shown) => Ok(NextAttempt::Elsewhere(shown)),
            AttemptOutcome::NotMcp(_, shown)
            | AttemptOutcome::Silent(shown)
            | AttemptOutcome::Ended(shown) => Err(shown),
            AttemptOutcome::Failed(failure, shown) => Err(after_failure(failure, shown)),
        }
    }

    /// Takes the newest common revision, each dialect at most twice.
    fn choose(
        &mut self,
        tried: Revision,
        names: &[String],
        is_refused: bool,
    ) -> Result<NextAttempt> {
        let stateless = Revision::newest_common(names, true)
            .filter(|revision| self.allows(*revision) && !self.is_old && self.discovered < 2);
        let handshake = Revision::newest_common(names, false)
            .filter(|revision| self.allows(*revision) && self.initialized < 2);
        match (stateless, handshake) {
            // The refused revision as well: the server may have been starting.
            (Some(revision), _) if revision != tried || is_refused => {
                Ok(NextAttempt::Try(self.discover(revision)))
            }
            (_, Some(revision)) if revision != tried || is_refused => {
                Ok(NextAttempt::Try(self.initialize(revision)))
            }
            _ => Err(self.nothing_common(names)),
        }
    }

    /// Tries the handshake after the probe.
    fn fall_back(&mut self, shown: Error) -> Result<NextAttempt> {
        if self.pinned.is_some() || self.initialized > 0 {
            return Err(shown);
        }
        Ok(NextAttempt::Try(self.initialize(Revision::HANDSHAKE)))
    }

    fn discover(&mut self, revision: Revision) -> Attempt {
        self.discovered += 1;
        Attempt::Discover(revision)
    }

    fn initialize(&mut self, revision: Revision) -> Attempt {
        self.initialized += 1;
        Attempt::Initialize(revision)
    }

    fn may_discover(&self) -> bool {
        self.pinned.is_none() && !self.is_old
    }

    fn allows(&self, revision: Revision) -> bool {
        self.pinned.is_none_or(|pinned| pinned == revision)
    }

    fn nothing_common(&self, names: &[String]) -> Error {
        let theirs: Vec<String> =
            names.iter().take(16).map(|name| crate::base::error::quote(name)).collect();
        let ours = match self.pinned {
            Some(pinned) => format!("{} is pinned", pinned.as_str()),
            None => {
                let all: Vec<&str> = Revision::ALL.iter().map(|one| one.as_str()).collect();
                format!("this library speaks {}", all.join(", "))
            }
        };
        let theirs = if theirs.iter().all(String::is_empty) {
            "none that it names".to_owned()
        } else {
            theirs.join(", ")
        };
        Error::new(
            Status::Version,
            format!("no protocol version in common: the server speaks {theirs}; {ours}"),
        )
    }
}

/// The result after an attempt that says nothing about the revision. Every
/// failure ends the negotiation.
fn after_failure(failure: AttemptFailure, shown: Error) -> Error {
    match failure {
        AttemptFailure::Http(
            StatusClass::Redirect
            | StatusClass::Credential
            | StatusClass::RateLimit
            | StatusClass::Unavailable
            | StatusClass::Request,
        )
        | AttemptFailure::NotConnected
        | AttemptFailure::Broken
        | AttemptFailure::Timeout
        | AttemptFailure::GivenUp
        | AttemptFailure::NotAuthorized
        | AttemptFailure::Malformed
        | AttemptFailure::Other => shown,
    }
}

/// The versions in the data of an error.
fn supported(error: &RpcError) -> Vec<String> {
    #[derive(Deserialize)]
    struct Data {
        supported: Vec<String>,
    }
    error
        .data
        .as_deref()
        .and_then(|data| serde_json::from_str::<Data>(data).ok())
        .map(|data| data.supported)
        .unwrap_or_default()
}

/// The error for a pinned revision that the server does not speak.
fn unsupported_revision(pinned: Revision, rpc: &RpcError, shown: &Error) -> Error {
    Error::new(
        Status::Version,
        format!(
            "the server does not speak version {}, which is pinned: {}",
            pinned.as_str(),
            shown.message()
        ),
    )
    .with_http_status(shown.http_status())
    .with_rpc(rpc.code, rpc.data.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(json: &str) -> AttemptOutcome {
        AttemptOutcome::Answered(Answer::whole(json.to_owned()))
    }

    fn refused(code: i32, data: Option<&str>) -> AttemptOutcome {
        let error = RpcError { code, message: String::new(), data: data.map(str::to_owned) };
        AttemptOutcome::Refused(error, Error::new(Status::Rpc, "refused"))
    }

    fn status(status: u16) -> AttemptOutcome {
        AttemptOutcome::NotMcp(status, Error::new(Status::Http, "status").with_http_status(status))
    }

    fn automatic() -> Negotiation {
        let (negotiation, first) = Negotiation::new(None, None);
        assert_eq!(first, PROBE);
        negotiation
    }

    const PROBE: Attempt = Attempt::Discover(Revision::V2026_07_28);
    const INITIALIZE: Attempt = Attempt::Initialize(Revision::V2025_11_25);

    fn tries(next: Result<NextAttempt>) -> Attempt {
        match next {
            Ok(NextAttempt::Try(attempt)) => attempt,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn agrees_with_a_stateless_server_after_one_probe() {
        let next =
            automatic().interpret(PROBE, answered(r#"{"supportedVersions":["2026-07-28"]}"#));
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
            refused(-32001, None),
            refused(-32000, None),
            refused(-32022, None),
            status(400),
            status(404),
            status(406),
            status(415),
            status(500),
            status(202),
            answered("{}"),
            answered(r#"{"supportedVersions":["1999-01-01"]}"#),
        ] {
            assert_eq!(tries(automatic().interpret(PROBE, outcome)), INITIALIZE);
        }
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
            let (mut negotiation, first) = Negotiation::new(pinned, None);
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
        let Ok(NextAttempt::Elsewhere(error)) = automatic().interpret(PROBE, status(405)) else {
            unreachable!()
        };
        assert_eq!(error.http_status(), 405);
        for code in [400, 404, 405] {
            let mut negotiation = automatic();
            negotiation.interpret(PROBE, status(400)).unwrap();
            let next = negotiation.interpret(INITIALIZE, status(code));
            assert!(matches!(next, Ok(NextAttempt::Elsewhere(_))), "{code}");
        }
    }

    #[test]
    fn falls_back_from_a_server_that_is_silent_or_ends() {
        let error = || Error::new(Status::Timeout, "no answer");
        for outcome in [AttemptOutcome::Silent(error()), AttemptOutcome::Ended(error())] {
            assert_eq!(tries(automatic().interpret(PROBE, outcome)), INITIALIZE);
        }
        for outcome in [AttemptOutcome::Silent(error()), AttemptOutcome::Ended(error())] {
            let mut negotiation = automatic();
            negotiation.interpret(PROBE, status(400)).unwrap();
            assert!(negotiation.interpret(INITIALIZE, outcome).is_err());
        }
    }

    #[test]
    fn never_probes_over_an_older_transport() {
        let (_, first) = Negotiation::of_handshake(None).unwrap();
        assert_eq!(first, INITIALIZE);
        for code in [UNSUPPORTED_VERSION, -32601] {
            for data in [None, Some(r#"{"supported":["2026-07-28"]}"#)] {
                let (mut negotiation, _) = Negotiation::of_handshake(None).unwrap();
                assert!(negotiation.interpret(INITIALIZE, refused(code, data)).is_err());
            }
        }
        let pinned = Negotiation::of_handshake(Some(Revision::STATELESS)).map(drop);
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
        for json in
            [r#"{"protocolVersion":"1999-01-01"}"#, r#"{"protocolVersion":"2026-07-28"}"#, "{}"]
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
        let (mut negotiation, first) = Negotiation::new(Some(Revision::V2025_03_26), None);
        assert_eq!(first, Attempt::Initialize(Revision::V2025_03_26));
        let next = negotiation.interpret(first, answered(r#"{"protocolVersion":"2025-11-25"}"#));
        assert!(matches!(next, Ok(NextAttempt::Foreign(_))));

        let (mut negotiation, first) = Negotiation::new(Some(Revision::V2026_07_28), None);
        assert_eq!(first, PROBE);
        assert!(negotiation.interpret(first, status(400)).is_err());
        let (mut negotiation, first) = Negotiation::new(Some(Revision::V2026_07_28), None);
        let error = negotiation.interpret(first, refused(-32600, None)).unwrap_err();
        assert_eq!(error.status(), Status::Version);
    }

    #[test]
    fn probes_again_a_server_that_was_not_ready() {
        let mut negotiation = automatic();
        tries(negotiation.interpret(PROBE, status(500)));
        assert_eq!(tries(negotiation.interpret(INITIALIZE, refused(-32022, None))), PROBE);
        assert!(negotiation.interpret(PROBE, status(500)).is_err());
    }

    #[test]
    fn ends_with_the_error_of_an_attempt_without_a_response() {
        let failures = [
            (Status::Unauthorized, 401, AttemptFailure::Http(StatusClass::Credential)),
            (Status::Forbidden, 403, AttemptFailure::Http(StatusClass::Credential)),
            (Status::Proxy, 407, AttemptFailure::Http(StatusClass::Credential)),
            (Status::RateLimited, 429, AttemptFailure::Http(StatusClass::RateLimit)),
            (Status::Unavailable, 502, AttemptFailure::Http(StatusClass::Unavailable)),
            (Status::Unavailable, 503, AttemptFailure::Http(StatusClass::Unavailable)),
            (Status::Redirect, 302, AttemptFailure::Http(StatusClass::Redirect)),
            (Status::Redirect, 0, AttemptFailure::Http(StatusClass::Redirect)),
            (Status::Resolve, 0, AttemptFailure::NotConnected),
            (Status::Connect, 0, AttemptFailure::NotConnected),
            (Status::Tls, 0, AttemptFailure::NotConnected),
            (Status::Proxy, 0, AttemptFailure::NotConnected),
            (Status::Io, 0, AttemptFailure::Broken),
            (Status::Process, 0, AttemptFailure::Broken),
            (Status::Timeout, 0, AttemptFailure::Timeout),
            (Status::Timeout, 503, AttemptFailure::Timeout),
            (Status::Cancelled, 0, AttemptFailure::GivenUp),
            (Status::Closed, 0, AttemptFailure::GivenUp),
            (Status::Auth, 0, AttemptFailure::NotAuthorized),
            (Status::Insecure, 0, AttemptFailure::NotAuthorized),
            (Status::Protocol, 200, AttemptFailure::Malformed),
            (Status::TooLarge, 0, AttemptFailure::Malformed),
            (Status::Internal, 0, AttemptFailure::Other),
        ];
        for (status, http_status, failure) in failures {
            for known in [None, Some(Revision::HANDSHAKE)] {
                let error = Error::new(status, "x").with_http_status(http_status);
                let outcome = AttemptOutcome::failed(error);
                let row = (status, http_status, known);
                assert!(
                    matches!(&outcome, AttemptOutcome::Failed(one, _) if *one == failure),
                    "{row:?}"
                );
                let (mut negotiation, first) = Negotiation::new(None, known);
                let error = negotiation.interpret(first, outcome).unwrap_err();
                assert_eq!((error.status(), error.http_status()), (status, http_status));
            }
        }
    }

    #[test]
    fn ends_whatever_a_server_answers() {
        let hostile = [
            r#"{"supported":["2026-07-28"]}"#,
            r#"{"supported":["2025-11-25"]}"#,
            r#"{"supported":["2025-06-18","2026-07-28"]}"#,
        ];
        for data in hostile {
            let (mut negotiation, mut attempt) = Negotiation::new(None, None);
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
        let known = Some(Revision::HANDSHAKE);
        for code in [-32600, -32601, HEADER_MISMATCH, UNSUPPORTED_VERSION] {
            let (mut negotiation, _) = Negotiation::new(None, known);
            assert_eq!(tries(negotiation.interpret(INITIALIZE, refused(code, None))), PROBE);
            assert!(negotiation.interpret(PROBE, refused(code, None)).is_err());
        }
        let (mut negotiation, first) = Negotiation::new(known, known);
        assert!(negotiation.interpret(first, refused(-32601, None)).is_err(), "one that is pinned");
    }

    #[test]
    fn skips_the_probe_after_a_lost_session() {
        let (_, first) = Negotiation::new(None, Some(Revision::V2025_03_26));
        assert_eq!(first, INITIALIZE);
        let (_, first) = Negotiation::new(None, Some(Revision::V2026_07_28));
        assert_eq!(first, PROBE);
    }
}
