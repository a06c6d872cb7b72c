//! Steps that a test, or another request, adds to an answer that is under
//! way: the answer holds a [`Feed`], whoever adds holds its [`Pipe`].

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Action;

/// The end into which steps are put.
#[derive(Clone, Debug)]
pub struct Pipe {
    sender: UnboundedSender<Option<Action>>,
    is_open: Arc<AtomicBool>,
}

/// The end from which an answer goes on, see [`Action::Feed`].
#[derive(Clone, Debug)]
pub struct Feed {
    receiver: Arc<Mutex<Option<UnboundedReceiver<Option<Action>>>>>,
    is_open: Arc<AtomicBool>,
}

pub fn pipe() -> (Pipe, Feed) {
    let (sender, receiver) = unbounded_channel();
    let is_open = Arc::new(AtomicBool::new(true));
    let feed = Feed { receiver: Arc::new(Mutex::new(Some(receiver))), is_open: is_open.clone() };
    (Pipe { sender, is_open }, feed)
}

impl Pipe {
    pub fn play(&self, action: Action) {
        let _ = self.sender.send(Some(action));
    }

    pub fn send(&self, bytes: Vec<u8>) {
        self.play(Action::Send(bytes));
    }

    pub fn message(&self, message: &Value) {
        self.play(Action::message(message));
    }

    /// Nothing more comes; the connection takes its next request.
    pub fn end(&self) {
        let _ = self.sender.send(None);
    }

    /// Until nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Whether the other side still listens.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }
}

impl Feed {
    pub(crate) fn take(&self) -> Option<UnboundedReceiver<Option<Action>>> {
        self.receiver.lock().unwrap().take()
    }

    pub(crate) fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
    }
}
