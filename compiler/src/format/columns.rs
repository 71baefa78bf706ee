//! Comments in columns.
//!
//! A comment at the end of a line stands one space behind the code, unless its author has put it
//! in a column with another one of the file, or far away: then it stays there, if the code leaves
//! it room.

use std::collections::BTreeMap;

/// Spaces that nobody writes by accident.
const FAR: usize = 8;

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
    // The longest line of a column leaves one space, as any other line does.
    let mut apart: BTreeMap<usize, usize> = BTreeMap::new();
    for (comment, place) in comments.iter().zip(&places) {
        if *place != behind(comment) {
            *apart.entry(*place).or_default() += 1;
        }
    }
    for index in 0..places.len() {
        let place = places[index];
        let neighbors = [index.wrapping_sub(1), index + 1];
        let is_shared = neighbors.iter().any(|at| places.get(*at) == Some(&place));
        let is_far = place - comments[index].end >= FAR;
        if apart.get(&place) == Some(&1) && !is_shared && !is_far {
            places[index] = behind(&comments[index]);
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
