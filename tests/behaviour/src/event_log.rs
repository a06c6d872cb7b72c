//! The events that a client delivers.

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::{Client, Event, SOON};

/// Each event with the thread that its handler ran on.
#[derive(Clone, Default)]
pub struct EventLog(pub Arc<Mutex<Vec<(ThreadId, Event)>>>);

impl EventLog {
    pub fn by(client: &Client) -> Self {
        let heard = Self::default();
        let shared = heard.clone();
        client
            .set_event_handler(move |event| {
                shared.0.lock().unwrap().push((std::thread::current().id(), event));
            })
            .unwrap();
        heard
    }

    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
    }

    pub fn of(&self, kind: i32) -> Vec<Event> {
        let all = self.0.lock().unwrap();
        all.iter().map(|(_, event)| event).filter(|event| event.kind == kind).cloned().collect()
    }

    /// Dispatches until there are so many of a kind.
    pub fn awaits(&self, client: &Client, kind: i32, count: usize) {
        let start = Instant::now();
        while self.of(kind).len() < count {
            assert!(start.elapsed() < SOON, "{:?}", self.0.lock().unwrap());
            client.dispatch(20).unwrap();
        }
    }

    /// Dispatches for so long, whatever comes.
    pub fn listens(&self, client: &Client, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            client.dispatch(20).unwrap();
        }
    }
}
