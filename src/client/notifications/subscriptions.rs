//! What the program wants to be told of what belongs to no call, and the
//! stream that stands for it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::notifications::notification_stream::NotificationStream;
use crate::client::options::Options;
use crate::client::{Client, Session, lock};
use crate::protocol::Interest;
use crate::protocol::notification::Kind;
use crate::transport::wait::{Attendant, Wait, now};

#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Numbers of [`Kind`], added together.
    kinds: i32,
    /// Sorted.
    uris: Vec<String>,
    /// The ids of those that were begun or asked for last.
    tasks: VecDeque<String>,
    /// Goes up with each stream that is begun.
    generation: u64,
    stream: Option<Stream>,
}

/// A stream that stands.
#[derive(Debug)]
struct Stream {
    generation: u64,
    stop: Arc<Signal>,
    session: Weak<Session>,
}

/// How the first attempt of a stream went.
#[derive(Debug)]
pub(crate) struct StreamOpening {
    done: Arc<Signal>,
    result: Mutex<Option<Result<()>>>,
}

impl StreamOpening {
    pub(crate) fn tell(&self, result: Result<()>) {
        let mut slot = lock(&self.result);
        if slot.is_none() {
            *slot = Some(result);
            self.done.raise();
        }
    }
}

/// The most tasks that the server is asked to tell of, and the longest id of
/// one: others are asked how they stand.
const TASKS: usize = 64;
const LONGEST_ID: usize = 4096;

/// How long a first call waits for the stream on which its questions come.
const PATIENCE: Duration = Duration::from_secs(2);

impl Subscriptions {
    pub(crate) fn uris(&self) -> Vec<String> {
        lock(&self.0).uris.clone()
    }

    pub(crate) fn wish(&self) -> Interest {
        let state = lock(&self.0);
        let wants = |kind: Kind| state.kinds & kind as i32 != 0;
        Interest {
            tools: wants(Kind::ToolsChanged),
            prompts: wants(Kind::PromptsChanged),
            resources: wants(Kind::ResourcesChanged),
            uris: state.uris.clone(),
            tasks: if wants(Kind::TaskStatus) {
                state.tasks.iter().cloned().collect()
            } else {
                Vec::new()
            },
        }
    }

    /// False for one that is known.
    fn add_task(&self, id: &str) -> bool {
        let tasks = &mut lock(&self.0).tasks;
        if id.len() > LONGEST_ID || tasks.iter().any(|known| known == id) {
            return false;
        }
        if tasks.len() >= TASKS {
            tasks.pop_front();
        }
        tasks.push_back(id.to_owned());
        true
    }

    /// One that is over is not asked for when the next stream is opened.
    pub(crate) fn remove_task(&self, id: &str) {
        lock(&self.0).tasks.retain(|known| known != id);
    }

    pub(crate) fn is_wanted(&self) -> bool {
        let state = lock(&self.0);
        state.kinds != 0 || !state.uris.is_empty()
    }

    pub(crate) fn stands_for(&self, session: &Arc<Session>) -> bool {
        let state = lock(&self.0);
        let stream = state.stream.as_ref();
        stream.is_some_and(|stream| std::ptr::eq(stream.session.as_ptr(), Arc::as_ptr(session)))
    }

    fn stop(&self) {
        let stream = lock(&self.0).stream.take();
        if let Some(stream) = stream {
            stream.stop.raise();
        }
    }

    pub(crate) fn is_current(&self, generation: u64) -> bool {
        lock(&self.0).generation == generation
    }

    /// A stream stands: the one before is not needed any more.
    pub(crate) fn stand(&self, generation: u64, stop: &Arc<Signal>, session: &Arc<Session>) {
        let mut state = lock(&self.0);
        if state.generation != generation {
            return;
        }
        let stream = Stream { generation, stop: stop.clone(), session: Arc::downgrade(session) };
        let old = state.stream.replace(stream);
        drop(state);
        if let Some(old) = old
            && old.generation != generation
        {
            old.stop.raise();
        }
    }

    /// A stream that could not be opened leaves the one before in its place.
    pub(crate) fn give_up(&self, generation: u64) {
        let mut state = lock(&self.0);
        if state.generation != generation {
            return;
        }
        match &state.stream {
            Some(stream) if stream.generation != generation => {
                state.generation = stream.generation;
            }
            _ => state.stream = None,
        }
    }
}

impl Client {
    /// Opens the standing stream for these kinds, or closes it for none.
    pub(crate) fn listen(self: &Arc<Self>, kinds: i32) -> Result<()> {
        let options = self.options();
        let wait = self.attended(self.wait(&options, &Default::default(), false));
        let before = std::mem::replace(&mut lock(&self.subscriptions.0).kinds, kinds);
        now(self.follow_wish(&options, &wait)).map_err(|error| {
            lock(&self.subscriptions.0).kinds = before;
            self.finished(error, "listen", &options)
        })
    }

    /// Asks to be told of changes of a resource, or ends that.
    pub(crate) fn subscribe(self: &Arc<Self>, uri: &str, on: bool) -> Result<()> {
        let options = self.options();
        let wait = self.attended(self.wait(&options, &Default::default(), false));
        let what = if on { "subscribe" } else { "unsubscribe" };
        now(self.subscribe_within(&options, uri, on, &wait))
            .map_err(|error| self.finished(error, what, &options))
    }

    async fn subscribe_within(
        self: &Arc<Self>,
        options: &Arc<Options>,
        uri: &str,
        on: bool,
        wait: &Wait,
    ) -> Result<()> {
        let session = self.connected(options, wait).await?.session;
        if on && !session.server_info.has_capability("resources.subscribe") {
            return Err(Error::new(
                Status::Unsupported,
                "the server does not tell of changes of a resource: it declares no \
                 resources.subscribe",
            ));
        }
        let change = |add: bool| {
            let uris = &mut lock(&self.subscriptions.0).uris;
            let place = uris.binary_search_by(|one| one.as_str().cmp(uri));
            match place {
                Err(at) if add => uris.insert(at, uri.to_owned()),
                Ok(at) if !add => drop(uris.remove(at)),
                _ => return false,
            }
            true
        };
        let has_changed = change(on);
        let result = async {
            if let Some(call) = session.dialect.subscribe(uri, on) {
                // The stream first: what changes at once is not to be lost.
                if on {
                    self.follow_wish(options, wait).await?;
                }
                self.perform_within(options, &call, &Default::default(), wait).await?;
            }
            self.follow_wish(options, wait).await
        };
        let result = result.await;
        if result.is_err() && has_changed {
            change(!on);
        }
        result
    }

    /// Sets from which level on log messages are wanted.
    pub(crate) fn set_log_level(self: &Arc<Self>, level: &'static str) -> Result<()> {
        let options = self.options();
        let wait = self.wait(&options, &Default::default(), false);
        let set = async {
            let session = self.connected(&options, &wait).await?.session;
            if let Some(call) = session.dialect.set_log_level(level) {
                self.perform_within(&options, &call, &Default::default(), &wait).await?;
            }
            *lock(&self.log_level) = Some(level);
            Ok(())
        };
        now(set).map_err(|error| self.finished(error, "set the log level", &options))
    }

    /// The same wait, on which what the background thread needs of the
    /// program is done: it may be asked for a token.
    fn attended(self: &Arc<Self>, wait: Wait) -> Wait {
        let attendant: Arc<dyn Attendant> = self.clone();
        wait.attending(Some(attendant))
    }

    /// Asks to be told of a task, where the standing stream has to name those
    /// that it is to tell of.
    pub(crate) async fn listen_to_task(
        self: &Arc<Self>,
        options: &Arc<Options>,
        session: &Session,
        id: &str,
        wait: &Wait,
    ) {
        let has_changed = self.subscriptions.add_task(id);
        let wants = lock(&self.subscriptions.0).kinds & Kind::TaskStatus as i32 != 0;
        if has_changed && wants && session.server_info.revision.is_stateless() {
            // A task that nobody tells of is asked how it stands.
            let _ = self.follow_wish(options, &wait.at_most(PATIENCE)).await;
        }
    }

    /// Makes the standing stream what is wanted now.
    async fn follow_wish(self: &Arc<Self>, options: &Arc<Options>, wait: &Wait) -> Result<()> {
        let session = self.connected(options, wait).await?.session;
        let is_handshake = !session.server_info.revision.is_stateless();
        let asks = is_handshake && options.declared.is_any();
        if !self.subscriptions.is_wanted() && !asks {
            self.subscriptions.stop();
            return Ok(());
        }
        if is_handshake && self.subscriptions.stands_for(&session) {
            return Ok(());
        }
        let opening = self.open_stream()?;
        wait.until_raised(&opening.done).await?;
        let result = lock(&opening.result).take();
        result.unwrap_or(Ok(()))
    }

    /// Opens the stream on which a server of the handshake dialect asks: before
    /// the first call, because a question that finds none is lost.
    pub(crate) async fn open_for_questions(self: &Arc<Self>, wait: &Wait) -> Result<()> {
        let Some(session) = self.current_session() else { return Ok(()) };
        // On a stream that all calls share, questions come anyway.
        let has_stream = session.transport.channel().is_some() && !self.subscriptions.is_wanted();
        if has_stream || self.subscriptions.stands_for(&session) {
            return Ok(());
        }
        let opening = self.open_stream()?;
        match self.attended(wait.at_most(PATIENCE)).until_raised(&opening.done).await {
            Ok(()) => Ok(()),
            // Servers that offer none, or are slow with it, are none the
            // worse for other calls.
            Err(_) => wait.check(),
        }
    }

    fn open_stream(self: &Arc<Self>) -> Result<Arc<StreamOpening>> {
        let opening = Arc::new(StreamOpening { done: Signal::shared(), result: Mutex::default() });
        let stop = Signal::shared();
        let generation = {
            let mut state = lock(&self.subscriptions.0);
            state.generation += 1;
            state.generation
        };
        let theirs = opening.clone();
        self.spawn(move |client| async move {
            let has_stood = Cell::new(false);
            let task = NotificationStream {
                client: &client,
                generation,
                stop,
                opening: &theirs,
                has_stood,
            };
            if let Err(error) = task.run().await {
                client.subscriptions.give_up(generation);
                theirs.tell(Err(error));
            }
            theirs.tell(Ok(()));
        })?;
        Ok(opening)
    }
}
