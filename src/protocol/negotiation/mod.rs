//! The choice of the revision: a state machine without I/O.
//!
//! The machine names an attempt. The driver makes the attempt and reports every
//! outcome, failures of the network included. The machine answers with the next
//! attempt or with the result.
//!
//! `server/discover` never costs a connection that `initialize` would have
//! made: unless its outcome proves a server of the stateless dialect, or is
//! final for every request, `initialize` follows.

mod outcome;
#[cfg(test)]
mod tests;
mod versions;

use crate::base::error::{Error, Result, Status, quote};
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_PARAMS, MISSING_CAPABILITY, UNSUPPORTED_VERSION,
};
use crate::protocol::revision::Revision;
use crate::protocol::server_info::{HandshakeReply, ServerInfo};
use crate::wire::jsonrpc::{Answer, RpcError};

pub(crate) use outcome::{AttemptFailure, AttemptOutcome};
use versions::{is_about_version, older, supported};

/// The request to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Discover(Revision),
    Initialize(Revision),
}

/// The result of an attempt.
#[derive(Debug)]
pub(crate) enum NextAttempt {
    Try(Attempt),
    /// The server's process is started again, and the attempt is its first
    /// request.
    Restart(Attempt),
    /// An attempt is still open, and its response may decide. `is_brief`: for a
    /// short time only, because the other attempt has failed.
    Await {
        is_brief: bool,
    },
    /// Both sides speak the revision.
    Agreed(Box<ServerInfo>),
    /// The handshake made a session in a revision that the library does not
    /// speak. The driver ends the session and fails.
    Foreign(Error),
    /// The URL does not accept messages over this transport. If no other
    /// transport is left, the call ends with this error.
    Elsewhere(Error),
}

/// What the transport can do in a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carriage {
    /// Streamable HTTP: each attempt is a request of its own.
    Requests,
    /// HTTP with SSE, which is older than the stateless dialect.
    Old,
    /// Descriptors that the application has opened.
    Stream,
    /// A process, which the library can start again.
    Process,
}

#[derive(Debug)]
pub(crate) struct Negotiation {
    pinned: Option<Revision>,
    carriage: Carriage,
    discovered: u8,
    initialized: u8,
    /// The version of the last `initialize`.
    handshake: Revision,
    /// The process in use has received `server/discover`.
    has_seen_probe: bool,
    /// The process was started again because of that.
    is_restarted: bool,
    /// `server/discover` was not answered yet, and `initialize` was sent.
    is_probe_open: bool,
    /// `server/discover` got no response, and none will be read.
    is_probe_lost: bool,
    /// Why `server/discover` decided nothing.
    probe_error: Option<Error>,
    /// The versions that `server/discover` named without one in common.
    named: Vec<String>,
    /// The first refusal of the version in `initialize`.
    refusal: Option<Error>,
    /// Why `initialize` failed, while another attempt may still succeed.
    initialize_error: Option<Error>,
}

impl Negotiation {
    /// `known` is the attempt that succeeded last. It saves the probe.
    pub(crate) fn new(
        pinned: Option<Revision>,
        known: Option<Attempt>,
        carriage: Carriage,
    ) -> Result<(Self, Attempt)> {
        let is_old = carriage == Carriage::Old;
        if let Some(revision) = pinned.filter(|revision| is_old && revision.is_stateless()) {
            return Err(Error::new(
                Status::Version,
                format!(
                    "version {} is pinned, which does not go over HTTP with SSE",
                    revision.as_str()
                ),
            ));
        }
        let mut this = Self {
            pinned,
            carriage,
            discovered: 0,
            initialized: 0,
            handshake: Revision::HANDSHAKE,
            has_seen_probe: false,
            is_restarted: false,
            is_probe_open: false,
            is_probe_lost: false,
            probe_error: None,
            named: Vec::new(),
            refusal: None,
            initialize_error: None,
        };
        let known = match (pinned, known) {
            (Some(revision), _) if revision.is_stateless() => Attempt::Discover(revision),
            (Some(revision), _) => Attempt::Initialize(revision),
            (None, Some(Attempt::Initialize(revision))) => Attempt::Initialize(revision),
            (None, _) if is_old => Attempt::Initialize(Revision::HANDSHAKE),
            (None, Some(Attempt::Discover(revision))) => Attempt::Discover(revision),
            (None, None) => Attempt::Discover(Revision::STATELESS),
        };
        let first = match known {
            Attempt::Discover(revision) => this.discover(revision),
            Attempt::Initialize(revision) => this.initialize(revision),
        };
        Ok((this, first))
    }

    /// Whether `server/discover` may only use a part of the call's time,
    /// because the negotiation goes on without its response.
    pub(crate) fn is_probe_limited(&self) -> bool {
        self.may_fall_back() || self.initialize_error.is_some()
    }

    /// Whether `initialize` follows if `server/discover` decides nothing.
    fn may_fall_back(&self) -> bool {
        self.pinned.is_none() && self.initialized == 0
    }

    /// Whether a process that is silent now may be silent because of the probe,
    /// so that another one may answer.
    pub(crate) fn may_restart(&self) -> bool {
        self.carriage == Carriage::Process
            && self.has_seen_probe
            && !self.is_restarted
            && self.named.is_empty()
    }

    /// Whether the server has named its versions, and speaks none of this side.
    /// Only a success of `initialize` would show something else.
    pub(crate) fn has_failed(&self) -> bool {
        !self.named.is_empty()
    }

    /// Whether `server/discover` was not answered yet.
    pub(crate) fn is_probe_open(&self) -> bool {
        self.is_probe_open
    }

    pub(crate) fn interpret(
        &mut self,
        attempt: Attempt,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        match attempt {
            Attempt::Discover(_) if self.is_probe_open => self.interpret_late(attempt, outcome),
            Attempt::Discover(revision) => self.interpret_discover(revision, outcome),
            Attempt::Initialize(revision) => self.interpret_initialize(revision, outcome),
        }
    }

    fn interpret_discover(
        &mut self,
        revision: Revision,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        self.has_seen_probe = true;
        match outcome {
            AttemptOutcome::Answered(answer) => match discovered(revision, &answer) {
                Ok(DiscoverMeaning::Agreed(server_info)) => Ok(NextAttempt::Agreed(server_info)),
                // Without a common version the list is no proof: some servers
                // name the versions of one dialect only.
                Ok(DiscoverMeaning::Others(names)) => match self.choose(revision, &names, false) {
                    Ok(next) => Ok(next),
                    Err(error) => {
                        self.named = names;
                        self.fall_back(error)
                    }
                },
                Err(error) => self.fall_back(error),
            },
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
                _ if self.pinned.is_some() => Err(self.refused_version(&shown)),
                _ => self.fall_back(shown),
            },
            AttemptOutcome::NotMcp(400, shown)
                if self.pinned.is_some() && is_about_version(&[shown.message()]) =>
            {
                Err(self.refused_version(&shown))
            }
            AttemptOutcome::NotMcp(_, shown) => self.fall_back(shown),
            AttemptOutcome::Endpoint(shown) => Ok(NextAttempt::Elsewhere(shown)),
            AttemptOutcome::Silent(shown) => {
                self.is_probe_lost = self.carriage == Carriage::Requests;
                self.is_probe_open = self.may_fall_back() && !self.is_probe_lost;
                self.fall_back(shown)
            }
            AttemptOutcome::Ended(shown) if self.may_fall_back() && self.may_restart() => {
                self.probe_error = Some(shown);
                Ok(self.restart())
            }
            AttemptOutcome::Ended(shown) => self.fall_back(shown),
            AttemptOutcome::Failed(failure, shown) if failure.is_final() => Err(shown),
            AttemptOutcome::Failed(_, shown) => self.fall_back(shown),
        }
    }

    /// The outcome of a probe that was open when `initialize` was sent. A usable
    /// result decides, and an error decides nothing.
    fn interpret_late(&mut self, attempt: Attempt, outcome: AttemptOutcome) -> Result<NextAttempt> {
        let Attempt::Discover(revision) = attempt else {
            return Ok(NextAttempt::Await { is_brief: false });
        };
        self.is_probe_open = false;
        let error = match outcome {
            AttemptOutcome::Answered(answer) => match discovered(revision, &answer) {
                Ok(DiscoverMeaning::Agreed(server_info)) => {
                    return Ok(NextAttempt::Agreed(server_info));
                }
                Ok(DiscoverMeaning::Others(names)) => {
                    let error = self.nothing_common(&names);
                    if Revision::newest_common(&names, false).is_none() {
                        self.named = names;
                    }
                    error
                }
                Err(error) => error,
            },
            AttemptOutcome::Failed(failure, shown) if failure.is_final() => return Err(shown),
            AttemptOutcome::Refused(_, shown)
            | AttemptOutcome::NotMcp(_, shown)
            | AttemptOutcome::Endpoint(shown)
            | AttemptOutcome::Silent(shown)
            | AttemptOutcome::Ended(shown)
            | AttemptOutcome::Failed(_, shown) => shown,
        };
        self.probe_error = Some(error);
        match self.initialize_error.take() {
            Some(error) => self.failed(error),
            None => Ok(NextAttempt::Await { is_brief: false }),
        }
    }

    fn interpret_initialize(
        &mut self,
        revision: Revision,
        outcome: AttemptOutcome,
    ) -> Result<NextAttempt> {
        match outcome {
            AttemptOutcome::Answered(answer) => {
                let reply = match HandshakeReply::parse(&answer) {
                    Ok(reply) => reply,
                    Err(error) => return self.failed(error),
                };
                let name = reply.protocol_version.clone().unwrap_or_default();
                match Revision::of_server(&name) {
                    Some(theirs) if !theirs.is_stateless() && self.allows(theirs) => {
                        Ok(NextAttempt::Agreed(Box::new(reply.introduce(theirs, &answer))))
                    }
                    _ => {
                        let mut names = std::mem::take(&mut self.named);
                        if !names.contains(&name) {
                            names.push(name);
                        }
                        Ok(NextAttempt::Foreign(self.nothing_common(&names)))
                    }
                }
            }
            AttemptOutcome::Refused(error, shown) => self.refused(revision, &error, shown),
            AttemptOutcome::NotMcp(400, shown)
                if self.named.is_empty() && is_about_version(&[shown.message()]) =>
            {
                let text = shown.message().to_owned();
                self.try_older(revision, &[&text], shown)
            }
            AttemptOutcome::NotMcp(_, shown) => self.no_handshake(shown),
            AttemptOutcome::Endpoint(shown) if self.named.is_empty() => {
                Ok(NextAttempt::Elsewhere(shown))
            }
            AttemptOutcome::Endpoint(shown)
            | AttemptOutcome::Silent(shown)
            | AttemptOutcome::Ended(shown) => self.failed(shown),
            AttemptOutcome::Failed(AttemptFailure::GivenUp | AttemptFailure::Other, shown) => {
                Err(shown)
            }
            AttemptOutcome::Failed(failure, shown) if failure.is_final() => {
                Err(self.explained(shown))
            }
            AttemptOutcome::Failed(_, shown) => self.failed(shown),
        }
    }

    /// `initialize` was answered with a JSON-RPC error.
    fn refused(
        &mut self,
        revision: Revision,
        error: &RpcError,
        shown: Error,
    ) -> Result<NextAttempt> {
        if !self.named.is_empty() {
            return self.failed(shown);
        }
        let data = error.data.as_deref().unwrap_or_default();
        let is_about_version = is_about_version(&[&error.message, data]);
        let names = supported(error);
        match error.code {
            UNSUPPORTED_VERSION
                if names.is_empty() && self.may_discover() && self.discovered < 2 =>
            {
                // A server of the stateless dialect that was not ready for the
                // first probe.
                self.initialize_error = Some(shown);
                return Ok(NextAttempt::Try(self.discover(Revision::STATELESS)));
            }
            INVALID_PARAMS | UNSUPPORTED_VERSION if !names.is_empty() => {
                return self.choose_or_fail(revision, &names, shown);
            }
            _ if is_about_version && !names.is_empty() => {
                return self.choose_or_fail(revision, &names, shown);
            }
            _ if is_about_version || self.refusal.is_some() => {
                return self.try_older(revision, &[&error.message, data], shown);
            }
            _ => {}
        }
        if self.may_discover_after_refusal() {
            self.initialize_error = Some(shown);
            return Ok(NextAttempt::Try(self.discover(Revision::STATELESS)));
        }
        self.no_handshake(shown)
    }

    fn choose_or_fail(
        &mut self,
        revision: Revision,
        names: &[String],
        shown: Error,
    ) -> Result<NextAttempt> {
        match self.choose(revision, names, true) {
            Ok(next) => {
                self.refusal = Some(shown);
                Ok(next)
            }
            Err(error) => Err(self.with_words(error, &shown)),
        }
    }

    /// Tries an older revision after the server refused one in words, once.
    fn try_older(
        &mut self,
        revision: Revision,
        texts: &[&str],
        shown: Error,
    ) -> Result<NextAttempt> {
        let is_first = self.pinned.is_none() && self.refusal.is_none();
        if let Some(next) = older(revision, texts).filter(|_| is_first) {
            self.refusal = Some(shown);
            return Ok(NextAttempt::Try(self.initialize(next)));
        }
        if self.may_discover_after_refusal() {
            self.initialize_error = Some(shown);
            return Ok(NextAttempt::Try(self.discover(Revision::STATELESS)));
        }
        let error = self.refused_version(&shown);
        // An older transport may still be there.
        if self.may_be_elsewhere(&error) { Ok(NextAttempt::Elsewhere(error)) } else { Err(error) }
    }

    /// `initialize` was refused, and not for its version.
    fn no_handshake(&mut self, shown: Error) -> Result<NextAttempt> {
        if self.named.is_empty() && self.may_be_elsewhere(&shown) {
            return Ok(NextAttempt::Elsewhere(self.explained(shown)));
        }
        self.failed(shown)
    }

    /// Whether the HTTP status is one of a server with another transport only.
    fn may_be_elsewhere(&self, error: &Error) -> bool {
        matches!(error.http_status(), 400 | 404 | 405)
            && (self.carriage == Carriage::Requests
                || self.carriage == Carriage::Old && error.rpc().is_none())
    }

    /// `initialize` has failed. The open probe, or another process that has not
    /// seen the probe, may still answer.
    fn failed(&mut self, shown: Error) -> Result<NextAttempt> {
        if self.is_probe_open {
            self.initialize_error = Some(shown);
            return Ok(NextAttempt::Await { is_brief: true });
        }
        if self.may_restart() {
            self.initialize_error = None;
            return Ok(self.restart());
        }
        Err(self.explained(shown))
    }

    /// The error for the application: that of `initialize`, with the outcome of
    /// `server/discover`.
    fn explained(&mut self, shown: Error) -> Error {
        if !self.named.is_empty() {
            let names = std::mem::take(&mut self.named);
            let error = self.nothing_common(&names).with_http_status(shown.http_status());
            let what = format!("initialize got: {}", quote(shown.message()));
            return error.with_advice(&what);
        }
        match self.probe_error.take() {
            Some(probe) if probe.message() == shown.message() => {
                shown.with_advice("server/discover got the same")
            }
            Some(probe) => {
                shown.with_advice(&format!("server/discover got: {}", quote(probe.message())))
            }
            None => shown,
        }
    }

    /// Takes the newest common revision. `server/discover` is sent at most twice,
    /// and `initialize` once more after a refusal.
    fn choose(
        &mut self,
        tried: Revision,
        names: &[String],
        is_refused: bool,
    ) -> Result<NextAttempt> {
        let stateless = Revision::newest_common(names, true).filter(|revision| {
            self.allows(*revision) && self.may_have_probe() && self.discovered < 2
        });
        let handshake = Revision::newest_common(names, false)
            .filter(|_| self.pinned.is_none() && self.refusal.is_none());
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
        if self.may_fall_back() {
            self.probe_error = Some(shown);
            return Ok(NextAttempt::Try(self.initialize(Revision::HANDSHAKE)));
        }
        match self.initialize_error.take() {
            Some(error) => {
                self.probe_error = Some(shown);
                match error.rpc().map(|rpc| (rpc.code, rpc.data.clone())) {
                    Some((UNSUPPORTED_VERSION, data)) => {
                        let text = error.message().to_owned();
                        let texts = [&*text, data.as_deref().unwrap_or_default()];
                        self.try_older(self.handshake, &texts, error)
                    }
                    _ => self.no_handshake(error),
                }
            }
            None => Err(shown),
        }
    }

    fn restart(&mut self) -> NextAttempt {
        (self.has_seen_probe, self.is_probe_open, self.is_restarted) = (false, false, true);
        NextAttempt::Restart(self.initialize(Revision::HANDSHAKE))
    }

    fn discover(&mut self, revision: Revision) -> Attempt {
        self.discovered += 1;
        Attempt::Discover(revision)
    }

    fn initialize(&mut self, revision: Revision) -> Attempt {
        self.initialized += 1;
        self.handshake = revision;
        Attempt::Initialize(revision)
    }

    /// The server may speak only the stateless dialect now, or it was starting
    /// when the first probe came.
    fn may_discover_after_refusal(&self) -> bool {
        let is_unknown = self.discovered == 0 || self.is_probe_lost && self.discovered == 1;
        is_unknown && self.may_discover()
    }

    fn may_discover(&self) -> bool {
        self.pinned.is_none() && self.may_have_probe()
    }

    fn may_have_probe(&self) -> bool {
        self.carriage != Carriage::Old
    }

    fn allows(&self, revision: Revision) -> bool {
        self.pinned.is_none_or(|pinned| pinned == revision)
    }

    /// The error for a version that the server refused, with its words.
    fn refused_version(&self, shown: &Error) -> Error {
        let what = match self.pinned {
            Some(pinned) => format!(
                "the server does not speak version {}, which is pinned: {}",
                pinned.as_str(),
                shown.message()
            ),
            None => format!(
                "the server refuses the protocol version: {}; {}",
                shown.message(),
                self.ours()
            ),
        };
        let error = Error::new(Status::Version, what).with_http_status(shown.http_status());
        let error = match shown.rpc() {
            Some(rpc) => error.with_rpc(rpc.code, rpc.data.clone()),
            None => error,
        };
        match &self.refusal {
            Some(first) if first.message() != shown.message() => {
                let what = format!("it refused a newer one before: {}", quote(first.message()));
                error.with_advice(&what)
            }
            _ => error,
        }
    }

    /// The error for a list of versions, with the server's words.
    fn with_words(&self, error: Error, shown: &Error) -> Error {
        let error = error.with_http_status(shown.http_status());
        let error = match shown.rpc() {
            Some(rpc) => error.with_rpc(rpc.code, rpc.data.clone()),
            None => error,
        };
        error.with_advice(&format!("initialize got: {}", quote(shown.message())))
    }

    fn nothing_common(&self, names: &[String]) -> Error {
        let theirs: Vec<String> =
            names.iter().filter(|name| !name.is_empty()).take(16).map(|name| quote(name)).collect();
        let theirs =
            if theirs.is_empty() { "none that it names".to_owned() } else { theirs.join(", ") };
        Error::new(
            Status::Version,
            format!("no protocol version in common: the server speaks {theirs}; {}", self.ours()),
        )
    }

    /// The versions of this side, for an error.
    fn ours(&self) -> String {
        match self.pinned {
            Some(pinned) => format!("{} is pinned", pinned.as_str()),
            None => {
                let all: Vec<&str> = Revision::ALL.iter().map(|one| one.as_str()).collect();
                format!("this library speaks {}", all.join(", "))
            }
        }
    }
}

/// The meaning of a result of `server/discover`.
enum DiscoverMeaning {
    /// The server speaks the revision.
    Agreed(Box<ServerInfo>),
    /// The versions that it names instead.
    Others(Vec<String>),
}

fn discovered(revision: Revision, answer: &Answer) -> Result<DiscoverMeaning> {
    let reply = HandshakeReply::parse(answer)?;
    let names = reply.supported_versions.clone().unwrap_or_default();
    if names.iter().any(|name| name == revision.as_str()) {
        return Ok(DiscoverMeaning::Agreed(Box::new(reply.introduce(revision, answer))));
    }
    Ok(DiscoverMeaning::Others(names))
}
