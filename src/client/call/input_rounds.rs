//! Input from the application that the server needs before it completes a call.

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
    /// Puts the requests of the server to the application and waits for the
    /// answers.
    pub(crate) async fn ask(self, session: &Session, input: &InputRequired) -> Result<RetryParams> {
        let Ctx { client, options, wait } = self;
        let asked = recognise(input, session)?;
        let mut round = InputRound::new(asked.iter().map(|(key, _)| key.clone()).collect())?;
        for (place, (_, asked)) in asked.into_iter().enumerate() {
            round.take(client, options, place, asked, wait);
        }
        round.deliver_and_wait(client, wait).await?;
        round.responses.retry(input)
    }

    /// Lets a person visit the pages in the data of the server's error
    /// (2025-11-25), and waits for that. False if the person declined.
    pub(crate) async fn open_pages(
        self,
        session: &Arc<Session>,
        data: Option<&str>,
    ) -> Result<bool> {
        let Ctx { client, options, wait } = self;
        let pages = pages(data);
        if pages.is_empty() {
            return Ok(false);
        }
        let mut round = InputRound::new(pages.iter().map(|(id, _)| id.clone()).collect())?;
        for (place, (_, params)) in pages.iter().enumerate() {
            let asked = InputRequest { kind: InputKind::Url, params: params.clone() };
            round.add(client, place, asked, wait);
        }
        round.deliver_and_wait(client, wait).await?;
        if !round.responses.are_all_accepted() {
            return Ok(false);
        }
        // A server with a notification stream sends a notification when a page
        // was visited. Without one, the call is sent again at once.
        if client.subscriptions.is_open_for(session) {
            let patience = wait.at_most_beyond(options.input_timeout);
            for (id, _) in &pages {
                client.input_requests.until_complete(id, &patience).await?;
            }
        }
        Ok(true)
    }
}

/// The requests of the server with their keys, if the client declared all.
pub(crate) fn recognise(
    input: &InputRequired,
    session: &Session,
) -> Result<Vec<(String, InputRequest)>> {
    input.recognise(&session.declared).map_err(|method| {
        Error::new(
            Status::InputRequired,
            format!(
                "the server sent an input request ({}), and the application does not handle \
                 it; see mcp_client_set_input_handler()",
                quote(&method)
            ),
        )
    })
}

/// The pages in the data of an error: the id and the parameters of each.
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
