//! A client to whom all goes on one stream, over HTTP+SSE or stdio, and the
//! answers that are on their way onto it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::check::meta;
use crate::http::Request;
use crate::mcp::{Answer, Call, HANDSHAKE, Mcp, Said};
use crate::pipe::{Feed, Pipe};
use crate::{Action, Carrier};

#[derive(Debug)]
pub(crate) struct Conversation {
    session: String,
    carrier: Carrier,
    out: Pipe,
    /// Answers that take their time, by the id of the request as JSON.
    running: Mutex<HashMap<String, AbortHandle>>,
}

impl Conversation {
    pub(crate) fn new(session: String, carrier: Carrier, out: Pipe) -> Arc<Self> {
        Arc::new(Self { session, carrier, out, running: Mutex::default() })
    }

    pub(crate) fn out(&self) -> &Pipe {
        &self.out
    }

    /// A message has come; what there is to say to it goes out when it is
    /// time for it.
    pub(crate) fn take(self: &Arc<Self>, mcp: &Mcp, request: &Request) {
        let message = request.json();
        let said = meta(&message, "protocolVersion").as_str();
        // Only stdio has both eras.
        let is_new = self.carrier == Carrier::Stdio
            && said.is_some_and(|version| !HANDSHAKE.contains(&version));
        let named = request.header("mcp-protocol-version").unwrap_or_default();
        let mut call = Call {
            request,
            method: message["method"].as_str().unwrap_or_default().to_owned(),
            params: message["params"].clone(),
            id: message["id"].clone(),
            is_stateless: is_new && mcp.config.is_stateless,
            version: if is_new { said.unwrap_or_default() } else { named }.to_owned(),
            session: self.session.clone(),
            carrier: self.carrier,
        };
        mcp.check_message(&message, is_new, self.carrier);
        if call.method == "notifications/cancelled" {
            self.cancel(&call.params["requestId"]);
        }
        let answer = match mcp.answer(&mut call) {
            Said::Nothing => return,
            Said::NoSession => match self.before_initialize(mcp, &call) {
                Some(answer) => answer,
                None => return,
            },
            Said::Answer(answer) => answer,
        };
        if call.method == "initialize" && !call.is_stateless {
            mcp.stand_on(&self.session, &self.out);
        }
        let actions = match answer {
            Answer::Play(actions) => actions,
            answer => vec![Action::Message(mcp.text(&call, answer))],
        };
        self.play(&call.id, mcp.in_turn(&call, actions));
    }

    /// As the Python servers have it.
    fn before_initialize(&self, mcp: &Mcp, call: &Call) -> Option<Answer> {
        let is_request = !call.id.is_null() && !call.method.is_empty();
        if is_request && call.method == "ping" {
            return Some(Answer::Result(json!({})));
        }
        let is_probe = call.method == "server/discover" && self.carrier == Carrier::Stdio;
        if !is_probe {
            mcp.violation(format!("{}: before initialize", call.method));
        }
        is_request.then(|| Answer::error(-32602, "Invalid request parameters", json!("")))
    }

    fn cancel(&self, id: &Value) {
        if let Some(task) = self.running.lock().unwrap().remove(&id.to_string()) {
            task.abort();
        }
    }

    fn play(self: &Arc<Self>, id: &Value, mut actions: Vec<Action>) {
        if let [Action::Message(_)] = actions[..] {
            actions.into_iter().for_each(|action| self.out.play(action));
            return;
        }
        // A head says nothing here.
        actions.retain(|action| !matches!(action, Action::Begin(_) | Action::End));
        let mut running = self.running.lock().unwrap();
        let (this, key) = (self.clone(), id.to_string());
        let task = tokio::spawn(async move {
            tokio::select! {
                () = relay(actions, &this.out) => {}
                () = this.out.closed() => {}
            }
            this.running.lock().unwrap().remove(&key);
        });
        running.insert(id.to_string(), task.abort_handle());
    }
}

/// Plays an answer onto a stream that it shares with others.
async fn relay(actions: Vec<Action>, out: &Pipe) {
    for action in actions {
        let goes_on = match action {
            Action::Feed(feed) => follow(&feed, out).await,
            action => step(action, out).await,
        };
        if !goes_on {
            return;
        }
    }
}

async fn follow(feed: &Feed, out: &Pipe) -> bool {
    /// However it ends: nobody listens any more.
    struct Closing<'a>(&'a Feed);
    impl Drop for Closing<'_> {
        fn drop(&mut self) {
            self.0.close();
        }
    }
    let _closing = Closing(feed);
    let Some(mut steps) = feed.take() else { return false };
    while let Some(Some(action)) = steps.recv().await {
        if !step(action, out).await {
            return false;
        }
    }
    true
}

/// False when the answer is over.
async fn step(action: Action, out: &Pipe) -> bool {
    match action {
        Action::Message(_) => {
            out.play(action);
            true
        }
        Action::Flood(_) | Action::Close | Action::Reset => {
            out.play(action);
            false
        }
        Action::Pause(pause) => {
            tokio::time::sleep(pause).await;
            true
        }
        Action::Await(gate) => {
            gate.wait().await;
            true
        }
        Action::Open(gate) => {
            gate.open();
            true
        }
        Action::Hang => false,
        // Of HTTP, where an answer has bytes and an end of its own.
        Action::Send(_)
        | Action::Drip(..)
        | Action::Endless(_)
        | Action::AwaitRequests(_)
        | Action::Begin(_)
        | Action::End
        | Action::Feed(_) => true,
    }
}
