//! The one place that waits: for a descriptor, a cancel, a close or a timeout,
//! whichever comes first.
//!
//! Every function that waits is an `async fn` with a [`Wait`]. On a thread of
//! the application, the wait blocks in poll(2), so the future is ready when it
//! is polled first: see [`now`]. On the background thread, the wait lets other
//! tasks run.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll as Step, Waker};
use std::time::{Duration, Instant};

use crate::base::cancel::{Cancel, Generation};
use crate::base::error::{Error, Result, Status};
use crate::base::handle_address::HandleAddress;
use crate::base::seconds::Seconds;
use crate::base::signal::Signal;
use crate::platform::{self, POLLIN, Poll, RawDescriptor};
use crate::transport::background;

/// How long a call may wait, and what ends its wait early.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    /// The number of the call that waits.
    pub(crate) call: u64,
    /// When the call times out without a further sign of life.
    end: Cell<Instant>,
    /// There was a sign of life. `end` is set again when it is read next.
    is_restarted: Cell<bool>,
    limit: TimeLimit,
    /// The deadline of the call, whatever signs of life there are.
    last: Instant,
    close: Option<Arc<Signal>>,
    cancel: Option<(Arc<Cancel>, Generation)>,
    attendant: Option<Arc<dyn Attendant>>,
    /// Ends it like a cancel: the application cancelled or freed the request.
    abort: Option<Arc<Signal>>,
    /// The handle of the application's request that waits, if there is one.
    request: Option<Arc<HandleAddress>>,
    /// Set when a sign of life comes on another stream.
    sign: Option<Arc<AtomicBool>>,
    /// Boxed: few waits have one.
    hurry: Option<Box<Hurry>>,
    pause: Pause,
    is_background: bool,
    /// The waiting thread is the leader: it reads for other threads as well.
    /// It queues everything for the application, because the application's
    /// code may make a call whose response is read here.
    is_leading: bool,
    /// No caller needs the result, so no new token is requested for it.
    is_courtesy: bool,
    /// It counts for the limit of connections of started requests.
    is_queued: bool,
}

/// The work of a thread while it waits: it delivers items to the application that
/// arrived on other streams.
pub(crate) trait Attendant: Send + Sync {
    /// Raised while there is something to do; `None` for never.
    fn arrivals(&self) -> Option<&Signal>;

    /// Delivers the items that have arrived.
    fn attend(&self);

    /// Whether no other thread runs the handlers, and none runs in this wait.
    fn runs_none(&self) -> bool;

    /// Fails if an input request waits for a handler that no thread runs.
    fn check_handled(&self) -> Result<()>;

    /// The input requests that belong to no known call.
    fn open_inputs(&self) -> &OpenInputCount;

    /// Ends the input requests that were not answered in time.
    fn expire(&self);
}

// Not a supertrait: that would link the Debug of every field of every
// implementation.
impl fmt::Debug for dyn Attendant + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Attendant")
    }
}

/// Open input requests. The timeout is paused while there are any.
#[derive(Debug, Default)]
pub(crate) struct OpenInputCount {
    open: AtomicUsize,
    begun: AtomicUsize,
    /// Whether the call was given up: the server expects no response then.
    is_abandoned: AtomicBool,
}

impl OpenInputCount {
    pub(crate) fn begin(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn end(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::Acquire)
    }
}

/// What pauses the timeout of one call.
#[derive(Debug, Default)]
struct Pause {
    /// Whether this call may have input requests.
    has_own: bool,
    /// The input requests of this call, once there is one or the wait was
    /// copied: copies share them.
    own: OnceCell<Arc<OpenInputCount>>,
    /// How many input requests of no known call had begun before the wait.
    first: usize,
    /// How many input requests had begun when the timeout was last checked.
    seen: Cell<usize>,
    is_on: Cell<bool>,
}

impl Pause {
    fn own(&self) -> &Arc<OpenInputCount> {
        self.own.get_or_init(Arc::default)
    }
}

impl Clone for Pause {
    fn clone(&self) -> Self {
        let own = if self.has_own { self.own().clone().into() } else { OnceCell::new() };
        let (has_own, first) = (self.has_own, self.first);
        Self { has_own, own, first, seen: self.seen.clone(), is_on: self.is_on.clone() }
    }
}

/// What makes the result of a wait unimportant: it then lasts only a little
/// longer.
#[derive(Clone, Debug)]
struct Hurry {
    signal: Arc<Signal>,
    grace: Duration,
    /// Set when the signal was seen.
    end: Cell<Option<Instant>>,
}

impl Hurry {
    /// The end of the wait, if the signal is raised.
    fn end(&self) -> Option<Instant> {
        if self.end.get().is_none() && self.signal.is_raised() {
            self.end.set(Some(Instant::now() + self.grace));
        }
        self.end.get()
    }

    /// The signal, until it is seen.
    fn awaited(&self) -> Option<&Signal> {
        if self.end().is_none() { Some(&self.signal) } else { None }
    }
}

/// The limit that ends the wait, for the error message.
#[derive(Clone, Copy, Debug)]
enum TimeLimit {
    Request(Duration),
    Connect(Duration),
    /// A limit of the library's own.
    Internal,
}

/// The message of a request that the application cancelled.
pub(crate) const REQUEST_CANCELLED: &str = "cancelled by mcp_request_cancel()";

/// How often a paused wait checks whether an input request was answered, and how
/// often a wait that runs no handlers checks whether there is one.
const GLANCE: Duration = Duration::from_millis(100);

/// Runs a future whose waits all block, so that it is ready at the first poll.
pub(crate) fn now<T, E: From<Error>>(
    future: impl Future<Output = std::result::Result<T, E>>,
) -> std::result::Result<T, E> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Step::Ready(result) => result,
        Step::Pending => {
            Err(Error::new(Status::Internal, "a wait of the library did not block").into())
        }
    }
}

impl Wait {
    /// For a call: `limit` without a sign of life, `whole` in total.
    pub(crate) fn for_request(
        limit: Duration,
        whole: Duration,
        close: Arc<Signal>,
        cancel: Option<Arc<Cancel>>,
    ) -> Self {
        Self::for_call(0, limit, whole, close, cancel)
    }

    /// The same for the call with this number.
    #[inline(always)]
    pub(crate) fn for_call(
        call: u64,
        limit: Duration,
        whole: Duration,
        close: Arc<Signal>,
        cancel: Option<Arc<Cancel>>,
    ) -> Self {
        let now = Instant::now();
        let own = Self::of(TimeLimit::Request(limit), now + limit, now + whole);
        let cancel = cancel.map(|cancel| (cancel.clone(), cancel.generation()));
        Self { call, close: Some(close), cancel, ..own }
    }

    /// For the library itself. Nothing ends it early.
    pub(crate) fn for_at_most(limit: Duration) -> Self {
        let end = Instant::now() + limit;
        Self::of(TimeLimit::Internal, end, end)
    }

    fn of(limit: TimeLimit, end: Instant, last: Instant) -> Self {
        Self {
            call: 0,
            end: Cell::new(end),
            limit,
            last,
            close: None,
            cancel: None,
            abort: None,
            request: None,
            sign: None,
            hurry: None,
            attendant: None,
            is_restarted: Cell::new(false),
            pause: Pause::default(),
            is_background: false,
            is_leading: false,
            is_courtesy: false,
            is_queued: false,
        }
    }

    /// The same on the background thread, where it lets other tasks run.
    pub(crate) fn in_background(self) -> Self {
        Self { is_background: true, ..self }
    }

    /// The same for the leader, which reads for other threads.
    pub(crate) fn leading(&self) -> Self {
        Self { is_leading: true, ..self.clone() }
    }

    /// Takes over the state of a wait that was made from this one: its signs of
    /// life, and the input requests that it has seen.
    pub(crate) fn adopt(&self, other: &Self) {
        self.end.set(other.end.get());
        self.pause.seen.set(other.pause.seen.get());
        self.pause.is_on.set(other.pause.is_on.get());
    }

    /// The same, but it also ends when this signal is raised.
    pub(crate) fn or_abort(self, abort: Arc<Signal>) -> Self {
        Self { abort: Some(abort), ..self }
    }

    /// The same, but the close of the client does not end it.
    pub(crate) fn despite_close(self) -> Self {
        Self { close: None, ..self }
    }

    /// The same for a request of the application.
    pub(crate) fn of_request(self, request: Arc<HandleAddress>) -> Self {
        Self { request: Some(request), ..self }
    }

    /// The same, but it ends `grace` after this signal is raised.
    pub(crate) fn hurried_by(&self, signal: Arc<Signal>, grace: Duration) -> Self {
        let hurry = Some(Box::new(Hurry { signal, grace, end: Cell::new(None) }));
        Self { hurry, ..self.clone() }
    }

    /// The same, but its timeout starts again when `sign` is set.
    pub(crate) fn with_sign(self, sign: Arc<AtomicBool>) -> Self {
        Self { sign: Some(sign), ..self }
    }

    /// The same, but it serves `attendant` meanwhile. Its timeout is paused
    /// while an input request of this call, or of no known call, is open.
    pub(crate) fn attending(&self, attendant: Arc<dyn Attendant>) -> Self {
        let seen = attendant.open_inputs().begun();
        let pause = Pause { has_own: true, first: seen, seen: seen.into(), ..Pause::default() };
        // Each member by itself: every call does this.
        Self {
            call: self.call,
            end: self.end.clone(),
            is_restarted: self.is_restarted.clone(),
            limit: self.limit,
            last: self.last,
            close: self.close.clone(),
            cancel: self.cancel.clone(),
            attendant: Some(attendant),
            abort: self.abort.clone(),
            request: self.request.clone(),
            sign: self.sign.clone(),
            hurry: self.hurry.clone(),
            pause,
            is_background: self.is_background,
            is_leading: self.is_leading,
            is_courtesy: self.is_courtesy,
            is_queued: self.is_queued,
        }
    }

    /// The counter for the input requests of this call. `None` if there is no
    /// call, or if the leader waits: its input requests may be of any call.
    pub(crate) fn open_inputs(&self) -> Option<&Arc<OpenInputCount>> {
        self.is_of_one_call().then(|| self.pause.own())
    }

    /// The request that an input request belongs to which arrives during this
    /// wait; `None` if it may belong to another call.
    pub(crate) fn request(&self) -> Option<&Arc<HandleAddress>> {
        self.request.as_ref().filter(|_| self.is_of_one_call())
    }

    fn is_of_one_call(&self) -> bool {
        self.attendant.is_some() && !self.is_leading
    }

    /// The part of this wait that may be used to connect.
    pub(crate) fn for_connecting(&self, limit: Duration) -> Self {
        let end = Instant::now() + limit;
        if end >= self.end() {
            return self.clone();
        }
        Self {
            end: Cell::new(end),
            limit: TimeLimit::Connect(limit),
            attendant: None,
            ..self.clone()
        }
    }

    /// The part of this wait that may be used for something that the caller has
    /// not asked for.
    pub(crate) fn at_most(&self, limit: Duration) -> Self {
        let end = (Instant::now() + limit).min(self.end());
        let end = Cell::new(end);
        Self { end, limit: TimeLimit::Internal, attendant: None, ..self.clone() }
    }

    /// The same, up to a moment.
    pub(crate) fn until(&self, moment: Instant) -> Self {
        self.at_most(moment.saturating_duration_since(Instant::now()))
    }

    /// Half of the time that is left, and at most `limit`.
    pub(crate) fn half(&self, limit: Duration) -> Result<Duration> {
        Ok((self.left()? / 2).min(limit))
    }

    /// This wait with an earlier end, for a response that may not come.
    pub(crate) fn briefly(&self, limit: Duration) -> Self {
        let end = (Instant::now() + limit).min(self.end());
        Self { end: Cell::new(end), limit: TimeLimit::Internal, ..self.clone() }
    }

    /// This wait with another limit, for a person's input.
    pub(crate) fn at_most_beyond(&self, limit: Duration) -> Self {
        let end = (Instant::now() + limit).min(self.last);
        Self { end: Cell::new(end), limit: TimeLimit::Internal, ..self.clone() }
    }

    /// A wait for work that goes on after this wait has ended.
    pub(crate) fn afterwards(&self, limit: Duration) -> Self {
        let own = Self::for_at_most(limit);
        Self { is_background: self.is_background, is_courtesy: true, ..own }
    }

    /// The same for a message that only helps the server.
    pub(crate) fn for_courtesy(self) -> Self {
        Self { is_courtesy: true, ..self }
    }

    /// The same for a request that was started without waiting.
    pub(crate) fn queued(self) -> Self {
        Self { is_queued: true, ..self }
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.is_queued
    }

    /// Whether a cached token is used, and no new token is requested. The leader
    /// must not stop reading to get a token.
    pub(crate) fn uses_only_cached_token(&self) -> bool {
        self.is_courtesy || self.is_leading
    }

    pub(crate) fn is_background(&self) -> bool {
        self.is_background
    }

    pub(crate) fn is_leading(&self) -> bool {
        self.is_leading
    }

    /// The server gave a sign of life, so the timeout starts again.
    ///
    /// It starts at the next wait: to read the clock for each of a hundred
    /// thousand signs would take longer than to read the signs.
    pub(crate) fn restart(&self) {
        self.is_restarted.set(true);
    }

    fn end(&self) -> Instant {
        if let (true, TimeLimit::Request(limit)) = (self.is_restarted.replace(false), self.limit) {
            self.end.set(Instant::now() + limit);
        }
        self.end.get()
    }

    /// Fails if the call was cancelled, the client was closed, or the time is
    /// over.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_at(Instant::now())
    }

    /// The same for a caller that has read the clock.
    pub(crate) fn check_at(&self, now: Instant) -> Result<()> {
        self.interrupted()?;
        self.end_at(now).map(drop)
    }

    /// On the background thread, lets other tasks run.
    pub(crate) async fn give_way(&self) -> Result<()> {
        if self.is_background {
            background::give_way().await;
        }
        self.check()
    }

    /// Waits until the descriptor is ready.
    pub(crate) async fn until_ready(&self, fd: RawDescriptor, events: i16) -> Result<()> {
        let mut entries = [Poll::new(fd, events)];
        if self.is_background {
            while !self.wait(&mut entries, None, Duration::MAX).await? {}
        } else {
            while !self.wait_here(&mut entries, Duration::MAX)? {}
        }
        Ok(())
    }

    /// Waits until a signal is raised.
    pub(crate) async fn until_raised(&self, signal: &Signal) -> Result<()> {
        while !self.raised_within(signal, Duration::MAX).await? {}
        Ok(())
    }

    /// Waits until a signal is raised, or for `pause`. Returns whether it is
    /// raised.
    pub(crate) async fn raised_within(&self, signal: &Signal, pause: Duration) -> Result<bool> {
        if signal.is_raised() {
            return Ok(true);
        }
        if self.is_background {
            self.wait(&mut [], Some(signal), pause).await?;
        } else {
            self.poll(&mut [entry(signal)?], pause).await?;
        }
        Ok(signal.is_raised())
    }

    /// Waits until one of two signals is raised; on an application's thread.
    pub(crate) async fn until_either(&self, one: &Signal, other: &Signal) -> Result<()> {
        while !one.is_raised() && !other.is_raised() {
            let mut entries = [entry(one)?, entry(other)?];
            self.poll(&mut entries, Duration::MAX).await?;
        }
        Ok(())
    }

    /// Waits for the pause to pass.
    pub(crate) async fn pause(&self, pause: Duration) -> Result<()> {
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.poll(&mut [], left).await?;
        }
    }

    /// Waits for one of up to [`Wait::MOST`] descriptors, at most for `pause`.
    /// Returns whether one is ready.
    pub(crate) fn poll<'a>(
        &'a self,
        entries: &'a mut [Poll],
        pause: Duration,
    ) -> impl Future<Output = Result<bool>> + 'a {
        self.wait(entries, None, pause)
    }

    /// The same; on the background thread for a signal as well.
    async fn wait(
        &self,
        entries: &mut [Poll],
        signal: Option<&Signal>,
        pause: Duration,
    ) -> Result<bool> {
        if self.is_background {
            // Boxed: a call that blocks carries no room for it.
            return Box::pin(self.wait_as_task(entries, signal, pause)).await;
        }
        self.wait_here(entries, pause)
    }

    /// On a thread of the application.
    fn wait_here(&self, entries: &mut [Poll], pause: Duration) -> Result<bool> {
        let left = self.begin(pause)?;
        let found = self.block(entries, left);
        self.end_of_wait(entries, found)
    }

    async fn wait_as_task(
        &self,
        entries: &mut [Poll],
        signal: Option<&Signal>,
        pause: Duration,
    ) -> Result<bool> {
        let left = self.begin(pause)?;
        let hurry = self.hurry.as_deref().and_then(Hurry::awaited);
        let signals = [self.close.as_deref(), self.abort.as_deref(), signal, hurry];
        let found = background::poll(entries, signals, self.cancel.as_ref(), left).await;
        self.end_of_wait(entries, found)
    }

    /// The time that a wait may take.
    fn begin(&self, pause: Duration) -> Result<Duration> {
        // Checked first, so that an earlier cancel is never missed, and a server
        // that sends without a pause cannot hide it.
        self.interrupted()?;
        let left = self.left()?.min(pause);
        let glances = self.pause.is_on.get() || self.needs_glances();
        Ok(if glances { left.min(GLANCE) } else { left })
    }

    /// Whether an entry is ready. `found`: whether anything ended the wait.
    fn end_of_wait(&self, entries: &[Poll], found: std::io::Result<bool>) -> Result<bool> {
        if !found.map_err(cannot_wait)? {
            return Ok(false);
        }
        self.interrupted()?;
        Ok(entries.iter().any(Poll::is_ready))
    }

    fn block(&self, entries: &mut [Poll], left: Duration) -> std::io::Result<bool> {
        if entries.len() <= 3 {
            // Most waits.
            return self.block_with(&mut [Poll::NONE; 8], entries, left);
        }
        self.block_with(&mut [Poll::NONE; Self::MOST + 5], entries, left)
    }

    /// `all` has room for the entries and five signals.
    fn block_with(
        &self,
        all: &mut [Poll],
        entries: &mut [Poll],
        left: Duration,
    ) -> std::io::Result<bool> {
        let mut count = 0;
        let mut add = |entry: Poll| {
            if let Some(slot) = all.get_mut(count) {
                *slot = entry;
                count += 1;
            }
        };
        entries.iter().copied().for_each(&mut add);
        let attendant = self.attendant.as_ref().filter(|_| !self.is_leading);
        let arrivals = attendant.and_then(|attendant| attendant.arrivals());
        let hurry = self.hurry.as_deref().and_then(Hurry::awaited);
        let own = [self.close.as_deref(), self.abort.as_deref(), arrivals, hurry];
        for signal in own.into_iter().flatten() {
            add(Poll::new(signal.fd()?, POLLIN));
        }
        let blocked =
            self.cancel.as_ref().map(|(cancel, began)| cancel.block(*began)).transpose()?;
        if let Some(blocked) = &blocked {
            add(Poll::new(blocked.fd(), POLLIN));
        }
        let is_raised = own.iter().flatten().any(|signal| signal.is_raised());
        let left = if is_raised || self.is_cancelled() { Duration::ZERO } else { left };
        if platform::poll(all.get_mut(..count).unwrap_or_default(), left)? == 0 && !is_raised {
            return Ok(false);
        }
        for (entry, result) in entries.iter_mut().zip(all) {
            *entry = *result;
        }
        if let Some(blocked) = &blocked {
            blocked.settle();
        }
        if let (Some(attendant), Some(arrivals)) = (attendant, arrivals)
            && arrivals.is_raised()
        {
            attendant.attend();
        }
        Ok(true)
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|(cancel, began)| cancel.is_fired(*began))
    }

    /// The most descriptors of one wait: two of a listener, sixteen of its
    /// connections, and a signal.
    pub(crate) const MOST: usize = 19;

    fn interrupted(&self) -> Result<()> {
        let is_raised =
            |signal: &Option<Arc<Signal>>| signal.as_ref().is_some_and(|s| s.is_raised());
        if is_raised(&self.close) {
            return Err(Error::new(Status::Closed, "the client was closed"));
        }
        if self.is_cancelled() {
            return Err(Error::new(Status::Cancelled, "cancelled by mcp_cancel_fire()"));
        }
        if is_raised(&self.abort) {
            return Err(Error::new(Status::Cancelled, REQUEST_CANCELLED));
        }
        Ok(())
    }

    /// Whether an input request pauses the timeout, which starts again after it.
    fn is_asking(&self) -> bool {
        let Some(attendant) = &self.attendant else { return false };
        let (pause, others) = (&self.pause, attendant.open_inputs());
        let own = pause.own.get();
        let is_open = || own.is_some_and(|own| own.is_open()) || others.is_open();
        if is_open() {
            attendant.expire();
        }
        // An input request may be answered before this is called.
        let begun = own.map_or(0, |own| own.begun()) + others.begun();
        let was_asking = pause.seen.replace(begun) != begun;
        let is_asking = is_open();
        if (pause.is_on.replace(is_asking) || was_asking) && !is_asking {
            self.restart();
        }
        is_asking
    }

    /// Whether the background thread may queue an input request that ends this
    /// wait: nothing wakes it then.
    fn needs_glances(&self) -> bool {
        let attendant = self.attendant.as_ref().filter(|_| !self.is_background);
        attendant.is_some_and(|attendant| attendant.runs_none())
    }

    /// Fails if this wait is for an input request that no thread will handle.
    #[cold]
    fn check_handled(&self) -> Result<()> {
        let Some(attendant) = self.attendant.as_ref().filter(|_| !self.is_background) else {
            return Ok(());
        };
        // One that was open before need not concern this call.
        let has_own = self.pause.own.get().is_some_and(|own| own.is_open());
        let is_new = has_own || attendant.open_inputs().begun() != self.pause.first;
        if is_new { attendant.check_handled() } else { Ok(()) }
    }

    fn left(&self) -> Result<Duration> {
        let now = Instant::now();
        Ok(self.end_at(now)? - now)
    }

    /// When the wait ends if nothing else happens. Fails if that was before
    /// `now`.
    fn end_at(&self, now: Instant) -> Result<Instant> {
        if self.sign.as_ref().is_some_and(|sign| sign.swap(false, Ordering::Relaxed)) {
            self.restart();
        }
        let hurry = self.hurry.as_deref().and_then(Hurry::end);
        let within = |end: Instant| hurry.map_or(end, |hurry| hurry.min(end));
        if hurry.is_some_and(|end| end <= now) {
            return Err(Error::new(Status::Timeout, "no answer in time"));
        }
        if self.is_asking() && now < self.last {
            self.check_handled()?;
            return Ok(within(self.last));
        }
        let end = self.end().min(self.last);
        if now < end {
            return Ok(within(end));
        }
        Err(match self.limit {
            TimeLimit::Request(_) if self.last < self.end() => Error::new(
                Status::Timeout,
                "no answer before the call's deadline; see mcp_client_set_deadline()",
            ),
            TimeLimit::Request(limit) => Error::new(
                Status::Timeout,
                format!("no answer within {}; see mcp_client_set_timeout()", seconds(limit)),
            ),
            TimeLimit::Connect(limit) => Error::new(
                Status::Connect,
                format!(
                    "no connection within {}; see \
                     MCP_LIMIT_CONNECT_TIME of mcp_client_set_limit()",
                    seconds(limit)
                ),
            ),
            TimeLimit::Internal => Error::new(Status::Timeout, "no answer in time"),
        })
    }
}

/// The poll entry of a signal.
pub(crate) fn entry(signal: &Signal) -> Result<Poll> {
    Ok(Poll::new(signal.fd().map_err(cannot_wait)?, POLLIN))
}

fn cannot_wait(error: std::io::Error) -> Error {
    Error::new(Status::Internal, format!("cannot wait for the server: {error}"))
}

fn seconds(limit: Duration) -> String {
    format!("{} s", Seconds(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn wait(limit: u64) -> (Wait, Arc<Signal>, Arc<Cancel>) {
        let (close, cancel) = (Signal::shared(), Arc::<Cancel>::default());
        let limit = Duration::from_millis(limit);
        (Wait::for_request(limit, LONG, close.clone(), Some(cancel.clone())), close, cancel)
    }

    fn failure(wait: &Wait) -> Error {
        now(wait.until_ready(-1, POLLIN)).unwrap_err()
    }

    #[test]
    fn ends_when_the_time_is_over() {
        let (wait, ..) = wait(10);
        let error = failure(&wait);
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.message().contains("0.01 s"));
    }

    #[test]
    fn starts_again_with_a_sign_of_life_but_not_for_ever() {
        let close = Signal::shared();
        let (limit, whole) = (Duration::from_millis(2000), Duration::from_millis(2400));
        let wait = Wait::for_request(limit, whole, close, None);
        let begin = Instant::now();
        let (error, restarted) = loop {
            let restarted = Instant::now();
            wait.restart();
            if let Err(error) = now(wait.pause(Duration::from_millis(300))) {
                break (error, restarted);
            }
        };
        // A busy machine may let a pause last for the whole time.
        let is_late = restarted.elapsed() >= limit;
        assert!(is_late || begin.elapsed() >= whole && error.message().contains("deadline"));
    }

    #[test]
    fn sees_an_earlier_cancel_and_prefers_a_close() {
        let (wait, close, cancel) = wait(60_000);
        cancel.fire();
        assert_eq!(failure(&wait).status(), Status::Cancelled);
        close.raise();
        assert_eq!(wait.check().unwrap_err().status(), Status::Closed);
    }

    #[test]
    fn is_woken_by_another_thread() {
        let (wait, _close, cancel) = wait(60_000);
        let thread = std::thread::spawn(move || failure(&wait).status());
        cancel.fire();
        assert_eq!(thread.join().unwrap(), Status::Cancelled);
    }

    #[test]
    fn ends_soon_after_its_result_has_become_unimportant() {
        let (wait, ..) = wait(60_000);
        let signal = Signal::shared();
        let hurried = wait.hurried_by(signal.clone(), Duration::from_millis(20));
        assert!(now(hurried.pause(Duration::from_millis(30))).is_ok());
        let begin = Instant::now();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            signal.raise();
        });
        assert_eq!(failure(&hurried).status(), Status::Timeout);
        assert!(begin.elapsed() >= Duration::from_millis(40));
        assert!(begin.elapsed() < Duration::from_secs(20) && wait.check().is_ok());
        thread.join().unwrap();
    }

    #[test]
    fn names_the_limit_that_ended_it() {
        let (wait, ..) = wait(60_000);
        let connect = wait.for_connecting(Duration::from_millis(1));
        assert_eq!(failure(&connect).status(), Status::Connect);
        let (wait, ..) = self::wait(1);
        let connect = wait.for_connecting(Duration::from_secs(10));
        assert_eq!(failure(&connect).status(), Status::Timeout);
    }
}
