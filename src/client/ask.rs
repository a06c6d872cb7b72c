//! Asking the program what the server wants to know before it answers.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status, quote};
use crate::client::inbox::Item;
use crate::client::options::Options;
use crate::client::question::{Answers, Question};
use crate::client::{Client, Session};
use crate::protocol::question::{Answered, Kind};
use crate::protocol::{Retry, Round, recognise_all};
use crate::transport::wait::Wait;

impl Client {
    /// Asks all that a round asks, and waits for the answers.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        options: &Options,
        session: &Session,
        round: &Round,
        wait: &Wait,
    ) -> Result<Retry> {
        let asked = recognise_all(round, &session.declared).map_err(|method| {
            Error::new(
                Status::InputRequired,
                format!(
                    "the server asks a question ({}) before it answers, and nobody here \
                     answers it; see mcp_client_set_input_handler()",
                    quote(&method)
                ),
            )
        })?;
        let answers = Answers::new(asked.iter().map(|(key, _)| key.clone()).collect())?;
        // All are open before the first is answered.
        let mut questions = Vec::with_capacity(asked.len());
        for (place, (_, asked)) in asked.into_iter().enumerate() {
            match (&options.roots, asked.kind) {
                (Some(roots), Kind::Roots) => {
                    answers.set(place, Answered::Result(format!("{{\"roots\":{roots}}}")));
                }
                _ => questions.push(Question::of_round(self, &answers, place, asked)),
            }
        }
        for question in questions {
            self.deliver(Item::Question(question), wait);
        }
        wait.until_raised(&answers.all).await?;
        answers.retry(round)
    }
}
