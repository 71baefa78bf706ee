//! Reports: how messages ended, on their way home.
//!
//! A report is sent once and may be lost. It goes to the home directly where that is a neighbor,
//! and else to the neighbor from which the first message of the launch came: these breadcrumbs
//! lead back along the way that the launch spread.

use super::{End, Kill, Log, Node, Output, Report, Step};
use crate::engine::Engine;
use crate::ids::{LaunchHash, MessageId, NodeId};
use crate::limits;
use crate::wire::Frame;

/// What a node remembers of a launch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Spoor {
    /// How many of its messages stand here.
    live: usize,
    /// The neighbor from which the first of them came.
    from: Option<NodeId>,
}

impl<E: Engine> Node<E> {
    /// A message ends here.
    pub(super) fn end_message(&mut self, message: MessageId, end: End) {
        let Some(resident) = self.remove(message) else {
            return;
        };
        self.trace(message, || Step::Ended(end.clone()));
        self.end_service(&resident, &end);
        let launch = resident.envelope.launch;
        if matches!(end, End::Trap { .. }) {
            let (end, at) = (end.clone(), self.config.node);
            self.hold(Output::Log(Log::Trapped(Report {
                message,
                launch,
                at,
                end,
            })));
        }
        if matters(message == resident.launch.first, &end) {
            self.report(message, launch, end);
        }
    }

    /// A message that stood here ended or was lost: tells its home.
    pub(super) fn report(&mut self, message: MessageId, launch: LaunchHash, end: End) {
        let report = Report {
            message,
            launch,
            at: self.config.node,
            end,
        };
        match self
            .library
            .launch(&launch)
            .map(|signed| signed.launch.home)
        {
            Some(home) => self.pass_on(report, home, limits::REPORT_HOPS),
            None => self.hold(Output::Log(Log::ReportDropped(report))),
        }
    }

    /// A report is here, made or received: its next step home.
    pub(super) fn pass_on(&mut self, report: Report, home: NodeId, hops_left: u8) {
        if home == self.config.node {
            return self.hold(Output::Report(report));
        }
        let crumb = self.spoors.get(&report.launch).and_then(|spoor| spoor.from);
        let next = [Some(home), crumb]
            .into_iter()
            .flatten()
            .find_map(|node| self.peers.get(&node));
        let hops_left = hops_left.min(limits::REPORT_HOPS);
        match (next.copied(), hops_left.checked_sub(1)) {
            (Some(session), Some(hops_left)) => {
                let bytes = Frame::Report {
                    report,
                    home,
                    hops_left,
                }
                .encode();
                self.counters.bytes_out += bytes.len() as u64;
                self.hold(Output::Send { session, bytes });
            }
            _ => self.hold(Output::Log(Log::ReportDropped(report))),
        }
    }

    /// Remembers where a launch came from, if that is new.
    pub(super) fn leave_crumb(&mut self, launch: LaunchHash, from: NodeId) {
        self.spoor(launch).from.get_or_insert(from);
    }

    /// What is remembered of a launch. Those without a message here are forgotten when there are
    /// too many.
    fn spoor(&mut self, launch: LaunchHash) -> &mut Spoor {
        if self.spoors.len() >= limits::BREADCRUMBS && !self.spoors.contains_key(&launch) {
            self.spoors.retain(|_, spoor| spoor.live > 0);
        }
        self.spoors.entry(launch).or_default()
    }

    /// One more message of this launch stands here.
    pub(super) fn count_launch(&mut self, launch: LaunchHash) {
        self.spoor(launch).live += 1;
    }

    /// One less.
    pub(super) fn uncount_launch(&mut self, launch: LaunchHash) {
        if let Some(spoor) = self.spoors.get_mut(&launch) {
            spoor.live = spoor.live.saturating_sub(1);
        }
    }

    /// How many messages of a launch stand here.
    pub(super) fn live_of(&self, launch: &LaunchHash) -> usize {
        self.spoors.get(launch).map_or(0, |spoor| spoor.live)
    }
}

/// Whether anybody waits to hear of this end: the first message is waited for, a bug wants to be
/// seen, and that a spawned message or a copy is done is nobody's news.
fn matters(is_first: bool, end: &End) -> bool {
    match end {
        End::Done { .. } | End::Killed(Kill::Lifetime) => is_first,
        End::Trap { .. } | End::Killed(_) => true,
    }
}
