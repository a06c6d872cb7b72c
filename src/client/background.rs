//! Runs the jobs of a client on the background thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::client::core::client::Client;
use crate::client::core::job::Job;
use crate::client::notifications::notification_stream;
use crate::client::session::outbox;

pub(crate) fn run(client: Arc<Client>, job: Job) -> Pin<Box<dyn Future<Output = ()>>> {
    match job {
        Job::SendOutbox(session, kind) => {
            Box::pin(async move { outbox::send_all(&client, &session, kind).await })
        }
        Job::NotificationStream(opening) => {
            Box::pin(async move { notification_stream::run(&client, &opening).await })
        }
    }
}
