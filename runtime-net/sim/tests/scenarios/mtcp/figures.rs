//! What a migration costs the stream.
