//! After how much silence an end of M-TCP asks whether the other is there.

use clap::Args;
use sm_core::ids::Span;
use sm_core::limits::{MTCP_HEARTBEAT, MTCP_HEARTBEATS};
use sm_net::mtcp::Timing;

use crate::arguments::span;

#[derive(Debug, Args)]
pub(super) struct Pulse {
    /// After how much silence it asks whether the other end is there; after as much
    /// again without an answer the link is lost [default: 5s]
    #[arg(long, env = "SM_HEARTBEAT", value_name = "DURATION", value_parser = heartbeat)]
    #[arg(verbatim_doc_comment)]
    heartbeat: Option<Span>,
}

impl Pulse {
    pub(super) fn timing(&self) -> Timing {
        Timing::of_heartbeat(self.heartbeat.unwrap_or(MTCP_HEARTBEAT))
    }
}

fn heartbeat(text: &str) -> Result<Span, String> {
    let (least, most) = MTCP_HEARTBEATS;
    let wanted = u64::try_from(span(text)?.as_nanos()).map(Span);
    wanted
        .ok()
        .filter(|wanted| (least..=most).contains(wanted))
        .ok_or_else(|| "a heartbeat is from 10ms to 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_have_bounds() {
        for (text, wanted) in [("200ms", 200), ("10ms", 10), ("1h", 3_600_000)] {
            assert_eq!(heartbeat(text), Ok(Span::millis(wanted)), "{text}");
        }
        for text in ["9ms", "61min", "0s", "-5s", "200", ""] {
            assert!(heartbeat(text).is_err(), "{text}");
        }
    }
}
