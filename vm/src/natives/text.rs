//! Functions of text. Positions count characters (Unicode scalar values).

use sm_bytecode::{Native, Reg};

use crate::heap::layout::Ref;
use crate::interp::{Interp, Stop, above, negative};
use crate::natives::{Given, Sized, check_size, sized_text};

impl Interp<'_> {
    pub(super) fn compute_text(&self, native: Native, args: &[Reg]) -> Result<Sized, Stop> {
        let first = || self.text(args[0]);
        let second = || self.text(args[1]);
        let both = || first().len() + second().len();
        Ok(match native {
            Native::StrLen => (Given::Int(first().chars().count() as i64), first().len()),
            Native::StrFind => (position(first(), first().find(second())), both()),
            Native::StrFindLast => (position(first(), first().rfind(second())), both()),
            Native::StrSlice => {
                let text = slice(first(), self.get_int(args[1]), self.get_int(args[2]))?;
                (Given::Text(text.to_owned()), first().len())
            }
            Native::StrChars => {
                let text = first();
                let ends = || text.char_indices().map(|(at, c)| (at, at + c.len_utf8()));
                let count = ends().count();
                (self.parts(args[0], count, ends())?, count)
            }
            Native::StrLines => {
                let lines = || parts_of(first(), first().lines());
                let count = lines().count();
                (self.parts(args[0], count, lines())?, first().len())
            }
            Native::StrWords => {
                let words = || parts_of(first(), first().split_whitespace());
                let count = words().count();
                (self.parts(args[0], count, words())?, first().len())
            }
            Native::StrSplit => (self.split(args[0], args[1])?, both()),
            Native::StrJoin => self.join(args[0], self.bytes(args[1]))?,
            Native::StrTrim => (Given::Text(first().trim().to_owned()), first().len()),
            Native::StrTrimStart => (Given::Text(first().trim_start().to_owned()), first().len()),
            Native::StrTrimEnd => (Given::Text(first().trim_end().to_owned()), first().len()),
            Native::StrStripPrefix => (rest(first().strip_prefix(second())), both()),
            Native::StrStripSuffix => (rest(first().strip_suffix(second())), both()),
            Native::StrPadStart | Native::StrPadEnd => self.pad(native, args)?,
            Native::StrLower => (Given::Text(first().to_lowercase()), first().len()),
            Native::StrUpper => (Given::Text(first().to_uppercase()), first().len()),
            Native::StrStartsWith => {
                let (all, start) = (self.bytes(args[0]), self.bytes(args[1]));
                (Given::Bool(all.starts_with(start)), start.len())
            }
            Native::StrEndsWith => {
                let (all, end) = (self.bytes(args[0]), self.bytes(args[1]));
                (Given::Bool(all.ends_with(end)), end.len())
            }
            Native::StrContains => (Given::Bool(first().contains(second())), both()),
            Native::StrReplace => {
                let text = replace(first(), second(), self.text(args[2]))?;
                let size = both() + self.text(args[2]).len() + text.len();
                (Given::Text(text), size)
            }
            Native::StrRepeat => return repeat(first(), self.get_int(args[1])),
            Native::StrToInt => (Given::OptInt(first().parse().ok()), first().len()),
            Native::StrToFloat => (Given::OptFloat(first().parse().ok()), first().len()),
            Native::StrCode => {
                let code = first_char(self.bytes(args[0])).map(|c| i64::from(u32::from(c)));
                (Given::OptInt(code), 0)
            }
            Native::StrFromCode => {
                let code = u32::try_from(self.get_int(args[0])).ok();
                let character = code.and_then(char::from_u32);
                (Given::OptText(character.map(String::from)), 0)
            }
            _ => unreachable!("is computed elsewhere"),
        })
    }

    fn pad(&self, native: Native, args: &[Reg]) -> Result<Sized, Stop> {
        let (text, width, fill) = (
            self.text(args[0]),
            self.get_int(args[1]),
            self.text(args[2]),
        );
        let padding = padding(text, width, fill)?;
        let padded = match native {
            Native::StrPadStart => padding + text,
            _ => text.to_owned() + &padding,
        };
        let size = text.len() + fill.len() + padded.len();
        Ok((Given::Text(padded), size))
    }

    fn split(&self, text: Reg, separator: Reg) -> Result<Given, Stop> {
        let (whole, pattern) = (self.bytes(text), self.text(separator));
        let separator = pattern.as_bytes();
        check_size(whole.len())?;
        let mut parts = Vec::new();
        let mut from = 0;
        let each = |at: usize| {
            parts.push(from as u32..at as u32);
            from = at + separator.len();
            self.check_list(parts.len() + 1, 2)
        };
        match separator.len() {
            0 => {}
            1..=SHORT_SEPARATOR => find_short(whole, separator, each)?,
            _ => {
                let found = self.text(text).match_indices(pattern);
                found.map(|(at, _)| at).try_for_each(each)?;
            }
        }
        parts.push(from as u32..whole.len() as u32);
        Ok(Given::Parts(text, parts))
    }

    /// So many parts of a text, from where to where each goes. They are looked at when it is sure
    /// that a list of them can be.
    fn parts(
        &self,
        text: Reg,
        count: usize,
        parts: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Given, Stop> {
        self.check_list(count, 2)?;
        check_size(self.bytes(text).len())?;
        let parts = parts.into_iter().map(|(from, to)| from as u32..to as u32);
        Ok(Given::Parts(text, parts.collect()))
    }

    fn join(&self, list: Reg, separator: &[u8]) -> Result<Sized, Stop> {
        let view = self.view(&[]);
        let words = view.heap.list_elements(self.get_ref(list));
        let parts = || {
            let refs = words.iter().map(|word| Ref::of_word(*word));
            refs.map(|part| view.heap.bytes_of(&view.program.statics, part))
        };
        let gaps = words
            .len()
            .saturating_sub(1)
            .saturating_mul(separator.len());
        let size = parts().map(<[u8]>::len).sum::<usize>().saturating_add(gaps);
        check_size(size)?;
        let mut text = Vec::with_capacity(size);
        for (index, part) in parts().enumerate() {
            if index > 0 {
                text.extend_from_slice(separator);
            }
            text.extend_from_slice(part);
        }
        Ok((Given::Bytes(text), size + words.len()))
    }
}

/// Up to so many bytes of a separator are compared at each place where its first one stands.
pub(super) const SHORT_SEPARATOR: usize = 8;

/// Finds a short separator, eight bytes of the text at a time. No byte within a character is like
/// the first one of a character, so none is cut in two.
pub(super) fn find_short(
    text: &[u8],
    separator: &[u8],
    mut each: impl FnMut(usize) -> Result<(), Stop>,
) -> Result<(), Stop> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let wanted = u64::from_ne_bytes([separator[0]; 8]);
    let (chunks, rest) = text.as_chunks();
    let mut last = [!separator[0]; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut end = 0;
    for (at, chunk) in (0..).step_by(8).zip(chunks.iter().chain([&last])) {
        let other = u64::from_le_bytes(*chunk) ^ wanted;
        // The highest bit of each byte that is the wanted one.
        let mut found = !(((other & LOW) + LOW) | other | LOW);
        while found != 0 {
            let place = at + found.trailing_zeros() as usize / 8;
            found &= found - 1;
            if place >= end && text[place..].starts_with(separator) {
                end = place + separator.len();
                each(place)?;
            }
        }
    }
    Ok(())
}

/// How many characters stand before a byte of a text.
fn position(text: &str, byte: Option<usize>) -> Given {
    Given::OptInt(byte.map(|at| text[..at].chars().count() as i64))
}

/// What is left of a text that may not be there.
fn rest(text: Option<&str>) -> Given {
    Given::OptText(text.map(str::to_owned))
}

/// What a text lacks to be `width` characters long, made of `fill` over and over.
fn padding(text: &str, width: i64, fill: &str) -> Result<String, Stop> {
    let width = usize::try_from(width).unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    let period = fill.chars().count();
    if missing == 0 || period == 0 {
        return Ok(String::new());
    }
    check_size(
        (missing / period + 1)
            .saturating_mul(fill.len())
            .saturating_add(text.len()),
    )?;
    Ok(fill.chars().cycle().take(missing).collect())
}

/// The characters `from..to`.
fn slice(text: &str, from: i64, to: i64) -> Result<&str, Stop> {
    let wrong = || match from > to {
        true => above(from, usize::try_from(to).unwrap_or_default()),
        false => above(if from < 0 { from } else { to }, text.chars().count()),
    };
    let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
        return Err(wrong());
    };
    if from > to {
        return Err(wrong());
    }
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let start = ends.nth(from).ok_or_else(wrong)?;
    let end = match to - from {
        0 => start,
        more => ends.nth(more - 1).ok_or_else(wrong)?,
    };
    Ok(&text[start..end])
}

/// Where slices of a text begin and end in it.
fn parts_of<'a>(
    text: &'a str,
    parts: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (usize, usize)> {
    parts.map(|part| {
        let from = part.as_ptr() as usize - text.as_ptr() as usize;
        (from, from + part.len())
    })
}

/// The first character, without a look at the others.
fn first_char(text: &[u8]) -> Option<char> {
    let start = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(start) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next()
}

fn replace(text: &str, old: &str, new: &str) -> Result<String, Stop> {
    if old.is_empty() {
        return Ok(text.to_owned());
    }
    let count = text.matches(old).count();
    check_size((text.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
    Ok(text.replace(old, new))
}

fn repeat(text: &str, count: i64) -> Result<Sized, Stop> {
    if count < 0 {
        return Err(negative(count));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if text.is_empty() {
        return sized_text(String::new());
    }
    check_size(text.len().saturating_mul(count))?;
    sized_text(text.repeat(count))
}
