//! What of the command line reads bytes from outside, for the fuzz targets.

use std::path::Path;

use sm_net::control::protocol::Answer;

use crate::remote::tags;
use crate::remote::tell::Teller;
use crate::{project, settings};

/// Reads a settings file.
pub fn settings(text: &str) {
    let _ = settings::parse(text, Path::new(""));
}

/// Reads a project file.
pub fn project(text: &str) {
    let _ = project::Manifest::parse(text);
}

/// Reads and shows what a node answers.
pub fn answer(bytes: &[u8]) {
    let Ok(answer) = sm_net::control::decode::<Answer>(bytes) else {
        return;
    };
    let mut teller = Teller::default();
    match &answer {
        Answer::Event(event) => {
            teller.words(event);
            teller.json("node", event);
        }
        Answer::Tags(all) => {
            for tag in all {
                teller.tags.of(tag);
                tags::shown_type(&tag.descriptor);
                tags::shown(&tag.descriptor, &tag.value);
            }
        }
        _ => {}
    }
    let again = sm_net::control::encode(&answer).expect("it was read");
    let again = sm_net::control::decode(&again);
    assert_eq!(again.ok(), Some(answer), "what was written is read");
}
