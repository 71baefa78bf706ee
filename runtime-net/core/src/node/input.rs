//! Everything that can happen to a node, as values: what a driver feeds it, and what a recording
//! of its life consists of.

use super::connection::Happening;
use super::outside::TagChange;
use super::{Node, Progress, Rules};
use crate::content::{ContentError, ContentId, ContentKind};
use crate::engine::Engine;
use crate::ids::{Attachment, MessageId, NodeId, SessionId, StoreToken, Time};
use crate::launch::LaunchError;
use crate::tags::TagName;

/// Something that happens to a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// [`Node::add_content`]
    Content(ContentKind, &'a [u8]),
    /// [`Node::handle_launch`] with the bytes of a signed record.
    Launch(&'a [u8]),
    /// [`Node::handle_session_up`]
    SessionUp(SessionId, NodeId),
    /// [`Node::handle_session_down`]
    SessionDown(SessionId),
    /// [`Node::handle_frame`]
    Frame(SessionId, &'a [u8]),
    /// [`Node::handle_broadcast`]
    Broadcast(NodeId, &'a [u8]),
    /// [`Node::handle_backlog`], in bytes.
    Backlog(SessionId, usize),
    /// [`Node::handle_stored`]
    Stored(StoreToken),
    /// [`Node::handle_timeout`]
    Timeout,
    /// [`Node::run`] for at most so much fuel.
    Run(u64),
    /// [`Node::handle_io`] or [`Node::handle_tag`]
    Tag(Box<TagChange>),
    /// [`Node::handle_tag_gone`]
    TagGone(TagName),
    /// [`Node::handle_kill`]
    Kill(MessageId),
    /// [`Node::handle_date`], in seconds of Unix time.
    Date(u64),
    /// [`Node::handle_connection`]
    Connection(Attachment, Box<Happening>),
    /// [`Node::handle_rules`]
    Rules(Box<Rules>),
}

/// What a node answers at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// Nothing: all that follows comes out as outputs.
    Nothing,
    /// Whether content was taken in.
    Content(Result<ContentId, ContentError>),
    /// Whether a program was started.
    Launch(Result<MessageId, LaunchError>),
    /// What a slice did.
    Ran(Progress),
    /// Whether there was what is to go: a message, a tag.
    Found(bool),
}

impl<E: Engine> Node<E> {
    /// Lets something happen: calls the method that the input stands for.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Reply {
        match input {
            Input::Content(kind, bytes) => return Reply::Content(self.add_content(kind, bytes)),
            Input::Launch(record) => return Reply::Launch(self.handle_launch(now, record)),
            Input::Run(fuel) => return Reply::Ran(self.run(now, fuel)),
            Input::Kill(message) => return Reply::Found(self.handle_kill(now, message)),
            Input::TagGone(name) => return Reply::Found(self.handle_tag_gone(now, &name)),
            Input::SessionUp(session, peer) => self.handle_session_up(now, session, peer),
            Input::SessionDown(session) => self.handle_session_down(now, session),
            Input::Frame(session, bytes) => self.handle_frame(now, session, bytes),
            Input::Broadcast(peer, bytes) => self.handle_broadcast(now, peer, bytes),
            Input::Backlog(session, bytes) => self.handle_backlog(session, bytes),
            Input::Stored(token) => self.handle_stored(now, token),
            Input::Timeout => self.handle_timeout(now),
            Input::Tag(change) => self.change_tag(now, *change),
            Input::Date(unix_seconds) => self.handle_date(now, unix_seconds),
            Input::Connection(attachment, happening) => {
                self.handle_connection(now, attachment, *happening);
            }
            Input::Rules(rules) => self.handle_rules(now, *rules),
        }
        Reply::Nothing
    }
}
