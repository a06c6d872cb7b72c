//! What messages are made of is no matter here.

pub(crate) mod jsonrpc {
    #[derive(Debug)]
    pub(crate) struct ResponseBody;
}

pub(crate) mod tape {
    #[derive(Debug)]
    pub(crate) struct Tape;
}
