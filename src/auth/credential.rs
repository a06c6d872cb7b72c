//! The interface between a client and whatever gets it a token.

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
/// A client has one, and it goes to the client's own origin alone.
pub(crate) trait Credential: Send + Sync {
    /// The token for the next request, or that there is none; nothing if
    /// [`Self::obtain`] has to find that out.
    fn ready(&self) -> Option<Option<Token>>;

    /// The token for the next request.
    fn obtain<'a>(&'a self, need: Need<'a>) -> Later<'a, Option<Token>>;

    /// The token to send a refused request again with, if that may help.
    fn refused<'a>(&'a self, refusal: TokenRefusal<'a>, need: Need<'a>)
    -> Later<'a, Option<Token>>;

    /// The server took a request with this token.
    fn accepted(&self, _token: &Token) {}

    /// The server wants this value in the proofs that go with its tokens.
    fn heard_nonce(&self, _nonce: &str) {}

    /// What shows that the sender of a request owns its token, where the
    /// token alone does not do.
    fn proof(&self, _token: &Token, _verb: &str, _url: &str) -> Result<Option<Secret>> {
        Ok(None)
    }

    /// The token that is known now. Runs no code of the program.
    fn current(&self) -> Option<Token>;

    /// What is to be masked in messages.
    fn secrets(&self) -> Vec<Secret> {
        self.current().map(|token| Secret::from(token.bare())).into_iter().collect()
    }
}

/// A call that needs a token, and what it has to get one with.
#[derive(Clone, Copy)]
pub(crate) struct Need<'a> {
    pub(crate) wait: &'a Wait,
    pub(crate) caller: &'a dyn Caller,
}

/// The client that a token is for.
pub(crate) trait Caller {
    /// Has work that runs code of the program done on one of its threads.
    fn put(&self, work: Box<dyn FnOnce() + Send>);

    /// Runs code of the program here and now.
    fn run(&self, work: &mut dyn FnMut());

    /// Who speaks with other servers from here. They may be on this machine or
    /// a private network where the client's own server is, or where that is
    /// allowed.
    fn http_client<'a>(&'a self, allows_private: bool, wait: &'a Wait) -> Later<'a, HttpClient>;

    /// The name of the program.
    fn name(&self) -> &str;

    /// The protocol revision that is in use, or is wanted.
    fn revision(&self) -> &'static str;

    /// A store failed, which ends no call.
    fn store_failed(&self);
}

/// A request that the server refused for its token, or for none.
pub(crate) struct TokenRefusal<'a> {
    pub(crate) token: Option<&'a Token>,
    pub(crate) http_status: u16,
    /// The values of WWW-Authenticate.
    pub(crate) challenges: &'a [String],
    /// The refusal brought a value for proofs.
    pub(crate) has_nonce: bool,
    pub(crate) tries: &'a mut Tries,
}

/// How often one request was sent again, and why.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    pub(crate) unauthorized: bool,
    /// A token was taken that was there, without asking for another.
    pub(crate) taken: bool,
    pub(crate) widened: u8,
    pub(crate) nonce: bool,
}

// No supertrait: what every implementor holds would be linked for nobody.
impl fmt::Debug for dyn Credential + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential")
    }
}
