//! The input requests that a call has to answer before its result.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::input_request::{InputResponses, OpenInputRequest, QUESTIONS};
use crate::client::options::Options;
use crate::protocol::input_request::{InputKind, InputRequest, InputResponse};
use crate::transport::wait::Wait;

/// What a call is asked before its result. It is over when the call is:
/// nobody would hear an answer.
#[derive(Debug)]
pub(crate) struct InputRound {
    pub(crate) answers: Arc<InputResponses>,
    questions: Vec<Arc<OpenInputRequest>>,
}

impl InputRound {
    pub(crate) fn new(keys: Vec<String>) -> Result<Self> {
        if keys.len() > QUESTIONS {
            return Err(Error::new(
                Status::TooLarge,
                format!("the server asks more than {QUESTIONS} questions at once"),
            ));
        }
        Ok(Self { answers: InputResponses::new(keys), questions: Vec::new() })
    }

    /// One whose answers are told by a signal that is another's as well.
    pub(crate) fn telling(keys: Vec<String>, all: &Arc<Signal>) -> Self {
        Self { answers: InputResponses::telling(keys, all), questions: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        client: &Arc<Client>,
        place: usize,
        asked: InputRequest,
        wait: &Wait,
    ) {
        let question =
            OpenInputRequest::of_round(client.asker(), &self.answers, place, asked, wait);
        self.questions.push(question);
    }

    /// Takes what is asked, and answers at once what needs nobody.
    pub(crate) fn take(
        &mut self,
        client: &Arc<Client>,
        options: &Options,
        place: usize,
        asked: InputRequest,
        wait: &Wait,
    ) {
        match (&options.roots, asked.kind) {
            (Some(roots), InputKind::Roots) => {
                self.answers.set(place, InputResponse::Result(format!("{{\"roots\":{roots}}}")));
            }
            _ => self.add(client, place, asked, wait),
        }
    }

    /// Asks the program. All are open before the first is answered.
    pub(crate) fn put(&self, client: &Client, wait: &Wait) {
        for question in &self.questions {
            client.deliver(QueuedItem::InputRequest(question.clone()), wait);
        }
    }

    /// The same, and waits for all the answers.
    pub(crate) async fn ask(&self, client: &Client, wait: &Wait) -> Result<()> {
        self.put(client, wait);
        wait.until_raised(&self.answers.all).await
    }
}

impl Drop for InputRound {
    fn drop(&mut self) {
        for question in &self.questions {
            question.end();
        }
    }
}
