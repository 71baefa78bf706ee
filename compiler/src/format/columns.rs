//! Comments in columns.
//!
//! A comment at the end of a line stands one space behind the code, unless its author has put it
//! in a column with the one before or after it: then it stays there, if the code leaves it room.

/// A comment that was written at the end of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Where in the text the space before it is.
    pub(super) at: usize,
    /// The column of that space.
    pub(super) end: usize,
    /// The column in which its author has put it, apart from the code.
    pub(super) wanted: Option<usize>,
    /// Columns of its first line.
    pub(super) width: usize,
}

/// Moves the comments of `text`, in their order, to their columns, in lines of so many columns.
pub(super) fn align(text: &str, comments: &[Placed], columns: usize) -> String {
    let behind = |comment: &Placed| comment.end + 1;
    let mut places: Vec<usize> = comments
        .iter()
        .map(|comment| match comment.wanted {
            Some(wanted) if wanted > comment.end && wanted + comment.width <= columns => wanted,
            _ => behind(comment),
        })
        .collect();
    // Whoever leaves a column may leave its neighbors alone in it.
    let mut asked: Vec<usize> = (0..comments.len()).collect();
    while let Some(index) = asked.pop() {
        let place = places[index];
        let neighbors = [index.checked_sub(1), Some(index + 1)];
        let mut neighbors = neighbors.into_iter().flatten();
        let is_shared = neighbors.any(|other| places.get(other) == Some(&place));
        if place != behind(&comments[index]) && !is_shared {
            places[index] = behind(&comments[index]);
            asked.extend(index.checked_sub(1));
            asked.extend((index + 1 < comments.len()).then_some(index + 1));
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (comment, place) in comments.iter().zip(places) {
        out.push_str(&text[done..comment.at]);
        out.extend(std::iter::repeat_n(' ', place - behind(comment)));
        done = comment.at;
    }
    out.push_str(&text[done..]);
    out
}
