//! How a request gets its credential.

pub(crate) mod bearer;

use std::fmt;

use crate::auth::bearer::Token;
use crate::base::error::Result;

/// Where the token of a request comes from.
///
/// A client has one, and it goes to the client's own origin alone.
pub(crate) trait Credential: Send + Sync {
    /// The token for the next request. May run code of the program.
    fn token(&self) -> Result<Option<Token>>;

    /// Another token than the one that the server answered 401 to, if there
    /// is one to try. May run code of the program.
    fn refused(&self, token: Option<&Token>) -> Result<Option<Token>>;

    /// Whether [`Self::token`] or [`Self::refused`] may run code of the
    /// program, which has a thread of its own for that.
    fn asks(&self) -> bool;

    /// What is known now, to be masked in messages. Runs no code of the
    /// program.
    fn current(&self) -> Option<Token>;
}

// No supertrait: what every implementor holds would be linked for nobody.
impl fmt::Debug for dyn Credential + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential")
    }
}
