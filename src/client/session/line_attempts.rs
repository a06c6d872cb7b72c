//! The attempts of a negotiation over lines. `server/discover` may stay open
//! while `initialize` is sent, and the first usable response decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::client::core::context::Ctx;
use crate::client::core::leader_lock::LeaderEntry;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::pending::{Inbound, PendingGuard};
use crate::client::core::rpc_error;
use crate::client::core::session::{Target, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::session::attempt_message::attempt_message;
use crate::client::stream::reader::Reader;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::{Attempt, AttemptOutcome, Negotiation};
use crate::protocol::revision::Revision;
use crate::transport::wait::{self, Wait};
use crate::wire::jsonrpc::{Answer, ResponseBody};

/// How long `server/discover` is waited for before `initialize` is sent, and at
/// most half of the call's time. Servers of older frameworks never answer it.
const PROBE: Duration = Duration::from_millis(2500);
/// How long an open probe is waited for after `initialize` has failed.
const GRACE: Duration = Duration::from_millis(300);
/// How long a process that has read both requests may be silent, and at most
/// half of the call's time. Some servers read before they have started.
const QUIET: Duration = Duration::from_secs(15);
/// How often the library checks whether the process has read its input.
const CHECK: Duration = Duration::from_millis(100);

/// The requests that are not answered yet, the newest last.
pub(super) struct LineAttempts<'a> {
    connection: &'a Arc<SharedConnection>,
    open: Vec<(Attempt, PendingGuard<'a>)>,
}

/// How long a response is waited for, apart from the call's own limits.
#[derive(Clone, Copy, Debug)]
enum WaitLimit {
    None,
    /// From now on.
    Fixed(Duration),
    /// From when the process has begun to read its input. A process that reads
    /// nothing is still starting.
    AfterReading(Duration),
}

impl<'a> LineAttempts<'a> {
    pub(super) fn new(connection: &'a Arc<SharedConnection>) -> Self {
        Self { connection, open: Vec::new() }
    }

    /// Sends an attempt, and returns the next outcome of an open attempt.
    pub(super) async fn answer(
        &mut self,
        ctx: Ctx<'_>,
        transport: &Transport,
        attempt: Attempt,
        negotiation: &Negotiation,
    ) -> Result<(Attempt, AttemptOutcome)> {
        let connection = self.connection;
        let id = ctx.client.next_id();
        let (outgoing, _) = attempt_message(ctx.options, attempt, id)?;
        let dialect = Handshake::new(Revision::HANDSHAKE, None)?;
        let target = Target { transport, dialect: &dialect, session: None };
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, target)
        };
        self.open.push((attempt, connection.pending.open(id, false)));
        let mut limit = self.limit(ctx, false, negotiation);
        if let WaitLimit::AfterReading(quiet) = limit
            && connection.unread_input() == 0
        {
            // It has read the probe. If the probe has broken it, it may read no
            // more.
            limit = WaitLimit::Fixed(quiet);
        }
        let sent = match limit {
            WaitLimit::Fixed(limit) => {
                ctx.within(&ctx.wait.at_most(limit)).send_on(connection, message).await
            }
            WaitLimit::None | WaitLimit::AfterReading(_) => ctx.send_on(connection, message).await,
        };
        if let Err(error) = sent {
            return Ok(self.broken(ctx, error));
        }
        self.until(ctx, target, limit).await
    }

    /// Returns the next outcome of an open attempt. `is_brief`: the newest one
    /// has failed.
    pub(super) async fn next(
        &mut self,
        ctx: Ctx<'_>,
        transport: &Transport,
        is_brief: bool,
        negotiation: &Negotiation,
    ) -> Result<(Attempt, AttemptOutcome)> {
        let dialect = Handshake::new(Revision::HANDSHAKE, None)?;
        let target = Target { transport, dialect: &dialect, session: None };
        // The process has answered, so that it reads.
        let limit = match self.limit(ctx, is_brief, negotiation) {
            WaitLimit::AfterReading(quiet) => WaitLimit::Fixed(quiet),
            other => other,
        };
        self.until(ctx, target, limit).await
    }

    fn limit(&self, ctx: Ctx<'_>, is_brief: bool, negotiation: &Negotiation) -> WaitLimit {
        let is_probe = matches!(self.open.last(), Some((Attempt::Discover(_), _)));
        let half = |most: Duration| ctx.wait.half(most).unwrap_or(Duration::ZERO);
        match is_probe {
            _ if is_brief => WaitLimit::Fixed(GRACE),
            true if negotiation.is_probe_limited() => {
                WaitLimit::Fixed(half(PROBE.min(ctx.options.connect_timeout)))
            }
            false if negotiation.may_restart() && negotiation.is_probe_open() => {
                WaitLimit::AfterReading(half(QUIET))
            }
            // It has answered the probe, so that it is alive.
            false if negotiation.may_restart() => WaitLimit::AfterReading(half(Duration::MAX)),
            _ => WaitLimit::None,
        }
    }

    async fn until(
        &mut self,
        ctx: Ctx<'_>,
        target: Target<'_>,
        limit: WaitLimit,
    ) -> Result<(Attempt, AttemptOutcome)> {
        let Ctx { client, options, wait } = ctx;
        let connection = self.connection;
        let reader = Reader { client, connection, options, target };
        let mut since = Instant::now();
        let unread = connection.unread_input();
        let mut has_begun = false;
        loop {
            let waiting = self.open.iter().enumerate().filter(|(_, (_, one))| one.has_any());
            let found = waiting.min_by_key(|(_, (_, one))| one.arrival()).map(|(at, _)| at);
            if let Some(at) = found {
                if !wait.is_background() {
                    // Items that arrived before it are delivered before it.
                    client.attend();
                }
                let taken = self.open.get(at).and_then(|(_, pending)| pending.take());
                if let Some(outcome) = taken.and_then(outcome) {
                    let (attempt, _) = self.open.remove(at);
                    return Ok((attempt, outcome));
                }
                continue;
            }
            if let Err(error) = connection.check() {
                return Ok(self.broken(ctx, error));
            }
            let brief = match limit {
                WaitLimit::None => wait.clone(),
                WaitLimit::Fixed(limit) => wait.at_most(limit.saturating_sub(since.elapsed())),
                WaitLimit::AfterReading(_) => wait.at_most(CHECK),
            };
            match self.lead(&reader, &brief).await {
                Ok(()) => {
                    if !wait.is_background() {
                        client.attend();
                    }
                }
                Err(error) if error.status() == Status::Timeout => {
                    if let Err(over) = wait.check() {
                        return Ok(self.broken(ctx, over));
                    }
                    let is_over = match limit {
                        WaitLimit::None => false,
                        WaitLimit::Fixed(limit) => since.elapsed() >= limit,
                        WaitLimit::AfterReading(limit) => {
                            has_begun |= connection.unread_input() < unread.max(1);
                            if !has_begun {
                                since = Instant::now();
                            }
                            since.elapsed() >= limit
                        }
                    };
                    if is_over {
                        return Ok(self.silent(error));
                    }
                }
                Err(error) => return Ok(self.broken(ctx, error)),
            }
        }
    }

    /// Reads until a message for an open attempt arrives.
    async fn lead(&self, reader: &Reader<'_>, wait: &Wait) -> Result<()> {
        let Some(((_, newest), older)) = self.open.split_last() else {
            return Err(Error::new(Status::Internal, "there is no open attempt"));
        };
        let signals: Vec<_> = older.iter().map(|(_, pending)| pending.signal()).collect();
        let others =
            signals.iter().map(|signal| wait::entry(signal)).collect::<Result<Vec<_>>>()?;
        let signal = newest.signal();
        match self.connection.source.get_or_queue(&signal) {
            LeaderEntry::Leader(mut source) => {
                reader.lead(&mut source, Some(newest), &others, wait).await
            }
            LeaderEntry::Queued(_place) => {
                wait.until_raised(&signal).await?;
                signal.lower();
                Ok(())
            }
        }
    }

    /// The newest attempt got no response in time. A probe stays open.
    fn silent(&mut self, error: Error) -> (Attempt, AttemptOutcome) {
        let error = error.with_may_have_run(true);
        let newest = match self.open.last() {
            Some((attempt @ Attempt::Discover(_), _)) if self.open.len() == 1 => Some(*attempt),
            _ => self.open.pop().map(|(attempt, _)| attempt),
        };
        attempted(newest, AttemptOutcome::Silent(error))
    }

    /// The newest attempt failed with the connection or with the call.
    fn broken(&mut self, ctx: Ctx<'_>, error: Error) -> (Attempt, AttemptOutcome) {
        let newest = self.open.pop().map(|(attempt, _)| attempt);
        // If the client was closed, the error says so.
        let error = ctx.client.check_open().err().unwrap_or(error).with_may_have_run(true);
        let has_ended = self.connection.is_over() && ctx.wait.check().is_ok();
        let is_silent = error.status() == Status::Timeout && ctx.wait.check().is_ok();
        let outcome = match (has_ended, is_silent) {
            (true, _) => AttemptOutcome::Ended(error),
            (_, true) => AttemptOutcome::Silent(error),
            _ => AttemptOutcome::failed(error),
        };
        attempted(newest, outcome)
    }
}

/// Without an open attempt, there is nothing that a next one could decide.
fn attempted(attempt: Option<Attempt>, outcome: AttemptOutcome) -> (Attempt, AttemptOutcome) {
    (attempt.unwrap_or(Attempt::Initialize(Revision::HANDSHAKE)), outcome)
}

/// The outcome of an attempt that got a message; `None` for one that answers
/// nothing.
fn outcome(inbound: Inbound) -> Option<AttemptOutcome> {
    match inbound {
        Inbound::Response(text, start, tape, ResponseBody::Result(place)) => {
            Some(AttemptOutcome::Answered(Answer::new(text, start, tape, place)))
        }
        Inbound::Response(_, _, _, ResponseBody::Error(rpc)) => {
            let error = rpc_error::error(&rpc, 0);
            Some(AttemptOutcome::Refused(rpc, error))
        }
        Inbound::Malformed(error) => Some(AttemptOutcome::failed(error.with_may_have_run(true))),
        Inbound::Progress(_) | Inbound::Notification(..) => None,
    }
}
