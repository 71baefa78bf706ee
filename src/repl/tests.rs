//! The engine of a session, without a terminal.
