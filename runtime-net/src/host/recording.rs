//! Writing down the life of a node: `.smtrace`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use sm_core::ids::Time;
use sm_core::node::{Boot, Config, Input, Node, Output};
use sm_core::record::Recorder;

use crate::limits;

/// A recording under way. What cannot be written ends it, not the node.
#[derive(Debug)]
pub(super) struct Record {
    recorder: Recorder,
    file: BufWriter<File>,
    inputs: u64,
    broken: Option<io::Error>,
}

impl Record {
    pub(super) fn new(file: File, config: &Config, boot: &Boot) -> io::Result<Self> {
        let mut recorder = Recorder::new(config, boot);
        let mut file = BufWriter::new(file);
        file.write_all(&recorder.take())?;
        Ok(Self {
            recorder,
            file,
            inputs: 0,
            broken: None,
        })
    }

    /// The node is about to handle an input.
    pub(super) fn input(&mut self, now: Time, input: &Input<'_>, node: &Node) {
        self.inputs += 1;
        if self.inputs.is_multiple_of(limits::CHECKPOINT_EVERY) {
            self.recorder.checkpoint(node);
        }
        self.recorder.input(now, input);
        let bytes = self.recorder.take();
        if self.broken.is_none() {
            self.broken = self.file.write_all(&bytes).err();
        }
    }

    /// The node has put something out.
    pub(super) fn output(&mut self, output: &Output) {
        self.recorder.output(output);
    }

    /// The node ends: its last hashes go in as well.
    pub(super) fn end(mut self, node: &Node) -> io::Result<()> {
        self.recorder.checkpoint(node);
        match self.broken {
            Some(error) => Err(error),
            None => {
                self.file.write_all(&self.recorder.take())?;
                self.file.flush()
            }
        }
    }
}
