//! How an operator talks to a node: a Unix socket that only its owner may open.
//!
//! One connection carries one request and its answers. Each side first says which version it
//! speaks; what follows are values of [`protocol`] in postcard, each after its length.

mod client;
pub mod protocol;
mod server;
mod wire;

pub use client::{Client, ControlError};
pub use server::{Order, Server};
pub use wire::{decode, encode};
