//! Turns: from a resume to the next point where the program lets go.
//!
//! A turn happens at one instant and nothing enters it: drivers' values and the operator's tags
//! wait for its end, and so do expiries. It may take many slices. Its tag writes stand from the
//! moment they are made; everything else it does is released when it has ended, and on a durable
//! node when its record is stored.

use sm_bytecode::{HopCode, TrapKind};
use sm_vm::{Answer, KillKind, Outcome, TagBuf, TrapReport};

use super::host::{Effects, View, name_of};
use super::resident::{Phase, Resident};
use super::{End, Kill, Log, Node, Output, Progress, Step, TimerKind, TraceFrame};
use crate::engine::Engine;
use crate::hop::HopError;
use crate::ids::{LaunchHash, MessageId, NodeId, Span, Time};
use crate::limits;
use crate::tags::Waiter;

/// The turn that is under way.
#[derive(Debug)]
pub(super) struct Turn<E: Engine> {
    pub(super) message: MessageId,
    launch: LaunchHash,
    /// The instant at which all of it happens.
    pub(super) now: Time,
    /// When the lifetime of the message is over.
    expires: Time,
    machine: Box<E::Machine>,
    fuel_left: u64,
    effects: Effects<E>,
}

impl<E: Engine> Turn<E> {
    /// The machine that runs, at a safepoint between two slices.
    pub(super) fn machine(&self) -> &E::Machine {
        &self.machine
    }
}

/// How a turn ended.
enum Next {
    Ready,
    Block {
        tag: TagBuf,
        timeout: Option<u64>,
        after: Option<u64>,
    },
    Move {
        to: NodeId,
        timeout: Option<u64>,
    },
    Copy,
    End(End),
}

impl<E: Engine> Node<E> {
    /// Whether a message can run.
    pub fn is_ready(&self) -> bool {
        self.turn.is_some() || !self.ready.is_empty()
    }

    /// Runs one message for at most this much fuel: goes on with the turn that is under way, or
    /// begins the turn of the message that has been ready for longest.
    ///
    /// A slice ends at the first safepoint at which its fuel is used up, so it may use more.
    pub fn run(&mut self, now: Time, fuel: u64) -> Progress {
        self.now = self.now.max(now);
        let turn = self.turn.take().or_else(|| self.begin_turn());
        let Some(mut turn) = turn else {
            return Progress::default();
        };
        let message = turn.message;
        let (outcome, used) = self.slice(&mut turn, fuel);
        self.counters.fuel += used;
        match self.judge(&mut turn, outcome) {
            Some(next) => self.end_turn(turn, next),
            None => self.turn = Some(turn),
        }
        Progress {
            fuel: used,
            message: Some(message),
        }
    }

    fn begin_turn(&mut self) -> Option<Turn<E>> {
        loop {
            let message = self.ready.pop_front()?;
            // One that has ended can still be in the queue, and its id be here again.
            let ready = |resident: &&mut Box<Resident<E>>| resident.phase == Phase::Ready;
            let Some(resident) = self.messages.get_mut(&message).filter(ready) else {
                continue;
            };
            if resident.port.as_ref().is_some_and(|port| port.is_frozen()) {
                // It is put there again when it may run.
                continue;
            }
            let expires = resident.expires();
            if expires <= self.now {
                self.end_message(message, End::Killed(Kill::Lifetime));
                continue;
            }
            match resident.take() {
                Ok(Some(machine)) => {
                    let fuel = resident.launch.launch.limits.fuel_per_turn;
                    let fuel = fuel.min(self.config.limits.fuel_per_turn);
                    let fuel_left = fuel.min(resident.envelope.budget.fuel);
                    let (now, effects) = (self.now, Effects::default());
                    return Some(Turn {
                        message,
                        launch: resident.envelope.launch,
                        now,
                        expires,
                        machine,
                        fuel_left,
                        effects,
                    });
                }
                Ok(None) => {}
                Err(_) => self.end_message(message, End::Killed(Kill::Corrupt)),
            }
        }
    }

    /// Runs the machine; answers why it stopped and the fuel it used.
    fn slice(&mut self, turn: &mut Turn<E>, fuel: u64) -> (Outcome, u64) {
        let room = self.room_for(&turn.launch);
        let Some(resident) = self.messages.get_mut(&turn.message) else {
            return (Outcome::Yield, 0);
        };
        let fuel = fuel.min(turn.fuel_left);
        let before = E::fuel_used(&turn.machine);
        let mut view = View {
            now: turn.now,
            node: self.config.node,
            tracing: self.config.tracing,
            peers: &self.peers,
            tags: &mut self.tags,
            resident,
            effects: &mut turn.effects,
            room,
        };
        let outcome = E::run(&mut turn.machine, fuel, &mut view);
        let used = E::fuel_used(&turn.machine).saturating_sub(before);
        turn.fuel_left = turn.fuel_left.saturating_sub(used);
        let budget = &mut resident.envelope.budget;
        budget.fuel = budget.fuel.saturating_sub(used);
        (outcome, used)
    }

    /// How the turn ends, or `None` if it only used up its slice.
    fn judge(&self, turn: &mut Turn<E>, outcome: Outcome) -> Option<Next> {
        let doomed = self.doomed.contains(&turn.message);
        let next = match outcome {
            Outcome::OutOfFuel if turn.fuel_left > 0 && !doomed => return None,
            Outcome::OutOfFuel if doomed => Next::Ready,
            Outcome::OutOfFuel => Next::End(self.out_of_fuel(turn)),
            Outcome::Yield => Next::Ready,
            Outcome::Done(data) => Next::End(done(data)),
            Outcome::Trap(report) => Next::End(trap(report)),
            Outcome::Kill(kind) => Next::End(End::Killed(kill_of(kind))),
            Outcome::Move { hop, timeout } => Next::Move {
                to: NodeId(hop),
                timeout,
            },
            Outcome::MoveAll => Next::Copy,
            Outcome::Block {
                tag,
                timeout,
                after,
            } => Next::Block {
                tag,
                timeout,
                after,
            },
        };
        let expired = turn.expires <= self.now;
        let alive = !matches!(next, Next::End(_));
        Some(match (alive, expired, doomed) {
            (true, true, _) => Next::End(End::Killed(Kill::Lifetime)),
            (true, _, true) => Next::End(End::Killed(Kill::Operator)),
            _ => next,
        })
    }

    fn out_of_fuel(&self, turn: &mut Turn<E>) -> End {
        match self.messages.get(&turn.message) {
            Some(resident) if resident.envelope.budget.fuel > 0 => {
                trap(E::trap(&mut turn.machine, TrapKind::TurnTooLong))
            }
            _ => End::Killed(Kill::Fuel),
        }
    }

    fn end_turn(&mut self, turn: Turn<E>, next: Next) {
        let Turn {
            message,
            machine,
            effects,
            ..
        } = turn;
        let Effects {
            outputs,
            spawned,
            left_out,
            ..
        } = effects;
        self.counters.turns += 1;
        self.held.extend(outputs);
        if left_out > 0 {
            self.hold(Output::Log(Log::LeftOut { message, left_out }));
        }
        // A machine that has ended has no state to keep.
        if let (false, Some(resident)) = (
            matches!(next, Next::End(_)),
            self.messages.get_mut(&message),
        ) {
            resident.park(machine, self.config.parking, &mut self.buffer);
            self.recount(message);
            self.time_life(message);
        }
        for child in spawned {
            self.trace(child.envelope.message, || Step::Spawned { parent: message });
            self.place(child);
        }
        // Who waited is woken before this message may begin to wait itself.
        self.wake();
        match next {
            Next::Ready => self.make_ready(message),
            Next::Block {
                tag,
                timeout,
                after,
            } => self.block(message, &tag, timeout, after),
            Next::Move { to, timeout } if self.is_carried(message) => {
                self.ask_to_move(message, to, timeout);
            }
            Next::Copy if self.is_carried(message) => self.stay(message, HopError::Refused),
            Next::Move { to, timeout } => self.depart(message, to, timeout),
            Next::Copy => self.send_copies(message),
            Next::End(end) => self.end_message(message, end),
        }
        self.end_turn_of_service(message);
        self.note_change(message);
        self.after_turn();
        self.commit();
    }

    fn is_carried(&self, message: MessageId) -> bool {
        let resident = self.messages.get(&message);
        resident.is_some_and(|resident| resident.is_carried())
    }

    /// What waited for the end of the turn happens now, in the order in which it came.
    fn after_turn(&mut self) {
        while let Some(deferred) = self.deferred.pop_front() {
            self.catch_up(deferred);
        }
        self.expire_tags();
    }

    pub(super) fn block(
        &mut self,
        message: MessageId,
        tag: &TagBuf,
        timeout: Option<u64>,
        after: Option<u64>,
    ) {
        let name = name_of(&tag.as_ref());
        let Some(resident) = self.messages.get_mut(&message) else {
            return;
        };
        let waiter = Waiter {
            message,
            actor: resident.actor(),
        };
        if let Some(value) = self.tags.block(self.now, &name, waiter, after) {
            if self.answer(message, Answer::Tag(Some(value.into_vec()))) {
                self.make_ready(message);
            }
            return;
        }
        let deadline = timeout.map(|nanoseconds| self.now + Span(nanoseconds));
        resident.phase = Phase::Blocked(deadline);
        if let Some(at) = deadline {
            self.timers.insert((at, TimerKind::Wake(message)));
        }
        self.trace(message, || Step::Blocked {
            display: tag.decl.name.clone(),
            tag: name,
        });
    }

    /// Those whose tag was written go on.
    pub(super) fn wake(&mut self) {
        for wake in self.tags.take_woken() {
            self.go_on(wake.message, Answer::Tag(Some(wake.value.into_vec())));
        }
    }

    /// A block ends.
    pub(super) fn go_on(&mut self, message: MessageId, answer: Answer) {
        let phase = self.messages.get(&message).map(|resident| resident.phase);
        let Some(Phase::Blocked(deadline)) = phase else {
            return;
        };
        if let Some(at) = deadline {
            self.timers.remove(&(at, TimerKind::Wake(message)));
        }
        self.trace(message, || Step::Woken);
        if self.answer(message, answer) {
            self.make_ready(message);
        }
    }

    /// A hop did not take place.
    pub(super) fn stay(&mut self, message: MessageId, error: HopError) {
        self.trace(message, || Step::Stayed { error });
        let Some(resident) = self.messages.get(&message) else {
            return;
        };
        if resident.expires() <= self.now {
            return self.end_message(message, End::Killed(Kill::Lifetime));
        }
        if self.doomed.contains(&message) {
            return self.end_message(message, End::Killed(Kill::Operator));
        }
        let code = HopCode::from_code(error.code()).unwrap_or(HopCode::Refused);
        if self.answer(message, Answer::Hop(code)) {
            self.make_ready(message);
        }
    }

    pub(super) fn make_ready(&mut self, message: MessageId) {
        if let Some(resident) = self.messages.get_mut(&message) {
            resident.phase = Phase::Ready;
            self.ready.push_back(message);
            self.note_change(message);
        }
    }

    /// Answers what a message stopped for; whether it can go on.
    pub(super) fn answer(&mut self, message: MessageId, answer: Answer) -> bool {
        let Some(resident) = self.messages.get_mut(&message) else {
            return false;
        };
        let answered = resident.answer(answer).is_ok();
        if !answered {
            self.end_message(message, End::Killed(Kill::Corrupt));
        }
        answered
    }
}

/// The result of a program, unless it is too long to report.
fn done(data: sm_vm::Data) -> End {
    let value = if data.bytes.len() <= limits::RESULT_BYTES {
        data.bytes
    } else {
        Vec::new()
    };
    End::Done { ty: data.ty, value }
}

fn trap(report: TrapReport) -> End {
    let frame = |place: sm_vm::CodePlace| TraceFrame {
        brick: place.at.brick.0,
        function: place.at.function,
        pc: place.pc,
    };
    let frames = report
        .frames
        .into_iter()
        .take(limits::REPORT_FRAMES)
        .map(frame)
        .collect();
    let message = report.message.map(|text| cut(text, limits::TEXT_BYTES));
    End::Trap {
        kind: report.kind.code(),
        message,
        frames,
    }
}

/// The text up to so many bytes, whole characters.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.truncate(end);
    }
    text
}

fn kill_of(kind: KillKind) -> Kill {
    match kind {
        KillKind::Heap => Kill::Heap,
        KillKind::Frames => Kill::Frames,
    }
}
