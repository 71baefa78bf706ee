//! What the runner answers a test: `Result<T, Str>` in canonical encoding (`docs/STATE.md`).

use sm_bytecode::codec::Writer;

/// The value in an answer.
#[derive(Debug)]
pub(super) enum Answer {
    Int(i64),
    Texts(Vec<String>),
    /// `Result<T, RunError>`, the value of `T` as a node reported it.
    Ended(Result<Vec<u8>, RunError>),
}

/// `RunError` of the library, its variants in their order.
#[derive(Debug)]
pub(super) enum RunError {
    Timeout,
    Trap(String),
    Killed(String),
}

const OK: u64 = 0;
const ERR: u64 = 1;

/// An answer, or a sentence that says why there is none.
pub(super) fn encode(answer: Result<Answer, String>) -> Vec<u8> {
    let mut out = Writer::new();
    match answer {
        Err(why) => {
            out.number(ERR);
            out.text(&why);
        }
        Ok(answer) => {
            out.number(OK);
            value(&mut out, &answer);
        }
    }
    out.into_bytes()
}

fn value(out: &mut Writer, answer: &Answer) {
    match answer {
        Answer::Int(number) => out.signed(*number),
        Answer::Texts(texts) => {
            out.length(texts.len());
            texts.iter().for_each(|text| out.text(text));
        }
        Answer::Ended(Ok(bytes)) => {
            out.number(OK);
            out.raw(bytes);
        }
        Answer::Ended(Err(error)) => {
            out.number(ERR);
            match error {
                RunError::Timeout => out.number(0),
                RunError::Trap(what) => {
                    out.number(1);
                    out.text(what);
                }
                RunError::Killed(why) => {
                    out.number(2);
                    out.text(why);
                }
            }
        }
    }
}
