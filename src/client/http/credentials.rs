//! The parts of a client that its credential needs.

use crate::auth::credential::{Caller, Later};
use crate::auth::oauth::host::http_client::{HttpClient, HttpClientOptions};
use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::counters::Counter;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::reentrancy::{CallbackKind, InCallback};
use crate::client::options::Options;
use crate::protocol::notification::NotificationKind;
use crate::protocol::revision::Revision;
use crate::transport::address_policy::AddressPolicy;
use crate::transport::trace::TraceLine;
use crate::transport::wait::Wait;
use crate::wire::json_members;

/// The client and the options of a call, as the credential sees them.
pub(crate) struct CredentialContext<'a> {
    pub(crate) client: &'a Client,
    pub(crate) options: &'a Options,
}

impl Caller for CredentialContext<'_> {
    fn put(&self, work: Box<dyn FnOnce() + Send>) {
        self.client.event_queue.push(QueuedItem::Work(work));
    }

    fn runs_here(&self) -> Result<bool> {
        self.client.dispatcher.check_elsewhere()?;
        Ok(!self.client.dispatcher.is_alone())
    }

    fn run(&self, work: &mut dyn FnMut()) {
        let _in_callback = InCallback::enter(self.client.id(), CallbackKind::Credential);
        work();
    }

    fn http_client<'a>(&'a self, allows_private: bool, wait: &'a Wait) -> Later<'a, HttpClient> {
        let options = self.options;
        Box::pin(async move {
            let route = options.current_route()?;
            let url = &options.address()?.url;
            let zone = options.http.network_zone(url, &route, wait).await?;
            let allows_plain_http = options.allows_plain_http;
            Ok(HttpClient::new(HttpClientOptions {
                origin: url.origin.clone(),
                unix_socket: options.route.unix_socket.clone(),
                tls: options.route.tls.clone(),
                proxy: options.proxy.clone(),
                address_policy: AddressPolicy { zone, allows_private, allows_plain_http },
                connect_timeout: options.connect_timeout,
                user_agent: options.user_agent.clone(),
                trace: options.trace.clone(),
            }))
        })
    }

    fn name(&self) -> &str {
        &self.options.identity.name
    }

    fn revision(&self) -> &'static str {
        let session = self.client.current_session();
        let used = session.map(|session| session.server_info.revision);
        used.or(self.options.pinned).unwrap_or(Revision::STATELESS).as_str()
    }

    fn store_failed(&self) {
        self.client.count_one(Counter::StoreFailures);
    }

    fn notice(&self, text: &str, wait: &Wait) {
        if let Some(trace) = &self.options.trace {
            trace.line(TraceLine::Notice, text, &[]);
        }
        let params = json_members::object(|json| json.string("message", text));
        self.client.deliver_own_event(NotificationKind::SignInNotice, &params, wait);
    }
}
