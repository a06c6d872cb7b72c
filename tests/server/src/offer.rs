//! What a server has beyond a ping: how its lists come in pages, what it says
//! about caching, which streams it keeps.

use crate::skills::Tamper;

/// How lists are cut into pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pages {
    #[default]
    Plain,
    /// The cursor of the second page is the empty string.
    EmptyCursor,
    /// A page without items, but with a cursor, before each other one.
    EmptyPages,
    /// The last page names the second one as the next.
    Circle,
    /// The same cursor for ever.
    Same,
    /// A new cursor for ever.
    Endless,
    /// The first use of the second page's cursor is refused with -32602.
    ExpiresOnce,
}

/// How a server treats the client that reads, listens and is asked.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Items to a page; 0: all in one.
    pub page: usize,
    pub pages: Pages,
    /// Generated items in addition, in each list.
    pub many: usize,
    /// `ttlMs` and `cacheScope` of lists and reads, in the stateless era.
    pub cache: Option<(i64, &'static str)>,
    /// Whether there is a standing stream: GET, or `subscriptions/listen`.
    pub listens: bool,
    /// Events of standing streams have ids, so that they can be resumed.
    pub event_ids: bool,
    /// The milliseconds that a standing stream says at its beginning.
    pub retry: Option<u64>,
    /// The kinds that `subscriptions/listen` grants, of those that are asked
    /// for; all of them without it.
    pub grants: Option<Vec<&'static str>>,
    /// `skills/list`, with files that may not be what their entry says.
    pub skills: Option<Tamper>,
    /// Whether tools run as tasks.
    pub tasks: bool,
    /// Whether a call without the headers of its marks is refused.
    pub wants_headers: bool,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            page: 0,
            pages: Pages::Plain,
            many: 0,
            cache: None,
            listens: true,
            event_ids: false,
            retry: None,
            grants: None,
            skills: Some(Tamper::None),
            tasks: false,
            wants_headers: true,
        }
    }
}
