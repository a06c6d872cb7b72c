//! Stand-ins for the parts of `src/wire`: the models need no contents of
//! messages.

pub(crate) mod jsonrpc {
    #[derive(Debug)]
    pub(crate) struct ResponseBody;
}

pub(crate) mod tape {
    #[derive(Debug)]
    pub(crate) struct Tape;
}
