//! Lines of bounded length from a process that may write anything.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::limits;

/// Cuts what comes into lines. What is too long for one is let go while it is read.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// The line has become too long; the rest of it is passed over.
    passing: bool,
}

/// What came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that is too long.
    TooLong,
    /// Nothing will come any more.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::new(input),
            line: Vec::new(),
            passing: false,
        }
    }

    /// The next line. Nothing is lost if the wait is given up.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let Ok(bytes) = self.input.fill_buf().await else {
                return Heard::End;
            };
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let over = bytes.is_empty();
            if self.line.len() + part.len() > limits::LINE_BYTES {
                self.passing = true;
                self.line.clear();
            }
            if !self.passing {
                self.line.extend_from_slice(part);
            }
            let read = part.len() + usize::from(end.is_some());
            self.input.consume(read);
            if end.is_some() || over {
                return self.complete(over);
            }
        }
    }

    fn complete(&mut self, over: bool) -> Heard {
        let line = std::mem::take(&mut self.line);
        match (std::mem::take(&mut self.passing), over) {
            (true, _) => Heard::TooLong,
            (false, true) if line.is_empty() => Heard::End,
            (false, _) => Heard::Line(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8]) -> Vec<Heard> {
        let mut lines = Lines::new(text);
        let mut heard = Vec::new();
        loop {
            match lines.next().await {
                Heard::End => return heard,
                other => heard.push(other),
            }
        }
    }

    fn line(text: &str) -> Heard {
        Heard::Line(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn the_last_line_needs_no_end() {
        assert_eq!(all(b"a\n\nb").await, [line("a"), line(""), line("b")]);
        assert_eq!(all(b"").await, []);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_passed_over() {
        let text = [&[b'x'; 1 << 20][..], b"\nshort\n", &[b'y'; 1 << 20]].concat();
        let heard = all(&text).await;
        assert_eq!(heard, [Heard::TooLong, line("short"), Heard::TooLong]);
    }

    #[tokio::test]
    async fn the_longest_line_is_a_line() {
        let longest = "z".repeat(limits::LINE_BYTES);
        assert_eq!(all(longest.as_bytes()).await, [line(&longest)]);
    }
}
