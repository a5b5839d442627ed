//! Logging in (SASL): the mechanisms' messages. How they travel is the connection's business.

mod exchange;
mod oauth;
mod scram;
mod token;

pub(crate) use exchange::{Exchange, Step};
pub(crate) use oauth::extensions;
pub(crate) use token::{Issuer, TokenEndpoint, TokenSource};
