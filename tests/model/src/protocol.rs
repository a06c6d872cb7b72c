//! Stand-ins for the parts of `src/protocol`: the models need no progress.

pub(crate) mod notification {
    use std::borrow::Cow;

    pub(crate) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

    #[derive(Debug)]
    #[allow(dead_code)]
    pub(crate) struct ProgressParams<'a> {
        pub(crate) message: Option<Cow<'a, str>>,
    }
}
