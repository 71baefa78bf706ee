//! The standard library of Smart Messages.
