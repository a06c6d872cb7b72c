//! The interface between a client and the source of its tokens.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::token::Token;
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::transport::wait::Wait;

pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// Where the token of a request comes from.
///
/// Its tokens go to the origin of the client's own server only.
pub(crate) trait Credential: Send + Sync {
    /// The token for the next request, `Some(None)` for a request without a
    /// token, `None` if [`Self::obtain`] must be called.
    fn ready(&self) -> Option<Option<Token>>;

    /// The token for the next request.
    fn obtain<'a>(&'a self, need: Need<'a>) -> Later<'a, Option<Token>>;

    /// The token with which a refused request is repeated; `None` if repeating it
    /// cannot help.
    fn refused<'a>(&'a self, refusal: TokenRefusal<'a>, need: Need<'a>)
    -> Later<'a, Option<Token>>;

    /// The server accepted a request with this token.
    fn accepted(&self, _token: &Token) {}

    /// The server requires this nonce in DPoP proofs.
    fn record_nonce(&self, _nonce: &str) {}

    /// The DPoP proof for a request with a bound token.
    fn proof(&self, _token: &Token, _verb: &str, _url: &str) -> Result<Option<Secret>> {
        Ok(None)
    }

    /// The token in use. Runs no callback.
    fn current(&self) -> Option<Token>;

    /// The secrets that no message may show.
    fn secrets(&self) -> Vec<Secret> {
        self.current().map(|token| Secret::from(token.bare())).into_iter().collect()
    }
}

/// The call that needs a token: its time limit, and its client.
#[derive(Clone, Copy)]
pub(crate) struct Need<'a> {
    pub(crate) wait: &'a Wait,
    pub(crate) caller: &'a dyn Caller,
}

/// The client that a token is for.
pub(crate) trait Caller {
    /// Queues a callback for a thread of the application.
    fn put(&self, work: Box<dyn FnOnce() + Send>);

    /// Whether a callback runs on this thread. If not, another thread takes it
    /// from the queue. Fails if no other thread does.
    fn runs_here(&self) -> Result<bool>;

    /// Runs a callback on this thread, at once.
    fn run(&self, work: &mut dyn FnMut());

    /// The HTTP client for requests to authorization servers.
    /// `allows_private`: they may be on a private network even if the MCP server
    /// is not.
    fn http_client<'a>(&'a self, allows_private: bool, wait: &'a Wait) -> Later<'a, HttpClient>;

    /// The name of the application.
    fn name(&self) -> &str;

    /// The protocol revision of the session, or the one to be negotiated.
    fn revision(&self) -> &'static str;

    /// Counts a failure of the token store that ends no call.
    fn store_failed(&self);

    /// Reports to the application what it should know during the sign-in: on this
    /// thread at once, or, for the background thread, when the application next
    /// calls the library.
    fn notice(&self, text: &str, wait: &Wait);
}

/// A request that the server refused for its token, or for having none.
pub(crate) struct TokenRefusal<'a> {
    pub(crate) token: Option<&'a Token>,
    pub(crate) http_status: u16,
    /// The values of WWW-Authenticate.
    pub(crate) challenges: &'a [String],
    /// The response had a DPoP nonce.
    pub(crate) has_nonce: bool,
    pub(crate) tries: &'a mut Tries,
}

/// How often one request was repeated, and why.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pub(crate) unauthorized: bool,
    /// It was repeated with the token of another thread or process.
    pub(crate) took_existing: bool,
    pub(crate) step_ups: u8,
    pub(crate) nonce: bool,
}

// Not a supertrait: that would link the Debug code of every implementor.
impl fmt::Debug for dyn Credential + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential")
    }
}
