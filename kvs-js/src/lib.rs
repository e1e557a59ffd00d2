//! The playground as a package for JavaScript. All of it is in [`kvs_web::js`]; `scripts/package` builds it.

#![forbid(unsafe_code)]

pub use kvs_web::js::*;
