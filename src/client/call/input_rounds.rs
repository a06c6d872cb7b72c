//! Asking the program what the server wants to know before it answers.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status, quote};
use crate::client::app::input_round::InputRound;
use crate::client::core::context::Ctx;
use crate::client::core::session::Session;
use crate::protocol::input_request::{InputKind, InputRequest};
use crate::protocol::input_required::{InputRequired, RetryParams};
use crate::wire::object::Members;

impl Ctx<'_> {
    /// Asks all that a round asks, and waits for the answers.
    pub(crate) async fn ask(self, session: &Session, round: &InputRequired) -> Result<RetryParams> {
        let Ctx { client, options, wait } = self;
        let asked = recognised(round, session)?;
        let mut inquiry = InputRound::new(asked.iter().map(|(key, _)| key.clone()).collect())?;
        for (place, (_, asked)) in asked.into_iter().enumerate() {
            inquiry.take(client, options, place, asked, wait);
        }
        inquiry.ask(client, wait).await?;
        inquiry.responses.retry(round)
    }

    /// Asks for what a server wants done on web pages before it runs a call
    /// (2025-11-25), and waits until it is done; false if somebody said no.
    pub(crate) async fn ask_for_pages(
        self,
        session: &Arc<Session>,
        data: Option<&str>,
    ) -> Result<bool> {
        let Ctx { client, options, wait } = self;
        let pages = pages(data);
        if pages.is_empty() {
            return Ok(false);
        }
        let mut inquiry = InputRound::new(pages.iter().map(|(id, _)| id.clone()).collect())?;
        for (place, (_, params)) in pages.iter().enumerate() {
            let asked = InputRequest { kind: InputKind::Url, params: params.clone() };
            inquiry.add(client, place, asked, wait);
        }
        inquiry.ask(client, wait).await?;
        if !inquiry.responses.are_all_accepted() {
            return Ok(false);
        }
        // Where the server can tell that a page was visited, it is asked
        // again when it has; else at once.
        if client.subscriptions.stands_for(session) {
            let patience = wait.at_most_beyond(options.input_timeout);
            for (id, _) in &pages {
                client.questions.until_complete(id, &patience).await?;
            }
        }
        Ok(true)
    }
}

/// The questions of a round, each with its key, if all were declared.
pub(crate) fn recognised(
    round: &InputRequired,
    session: &Session,
) -> Result<Vec<(String, InputRequest)>> {
    round.recognise(&session.declared).map_err(|method| {
        Error::new(
            Status::InputRequired,
            format!(
                "the server asks a question ({}) before it answers, and nobody here \
                 answers it; see mcp_client_set_input_handler()",
                quote(&method)
            ),
        )
    })
}

/// The pages in the data of an error: their ids, and the params of each.
fn pages(data: Option<&str>) -> Vec<(String, String)> {
    let list = data.and_then(|data| Members::parse(data).ok()?.get("elicitations"));
    let list: Vec<&RawValue> =
        list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default();
    let page = |page: &&RawValue| {
        let members = Members::parse(page.get()).ok()?;
        members.string("url")?;
        Some((members.string("elicitationId")?, page.get().to_owned()))
    };
    list.iter().filter_map(page).collect()
}
