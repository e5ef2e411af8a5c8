//! AWS JSON 1.1: from a symbolic call to a request body, and from any bytes to an answer.

mod decode;
mod encode;

pub use decode::{Decoded, Finding, RawAnswer, decode, error_code};
pub use encode::{Unresolved, encode};
