//! Splitting a window that proved too large.

use std::ops::{Range, RangeInclusive};

use lichen_model::{Extent, Standing};

use super::super::span;
use crate::{Error, Reader};

impl Reader {
    /// `count` windows of about equal bytes that together hold what `extent` holds.
    pub(super) fn parts_of(&self, extent: &Extent, count: usize) -> Result<Vec<Extent>, Error> {
        let wrong = |what: String| Err(Error::Question { what });
        if count < 2 {
            return wrong("a window is split in two at least".to_owned());
        }
        let store = &self.store;
        let counts =
            store.disorder_between(extent.stream, extent.first.place, extent.last.place)?;
        let counted = |places: RangeInclusive<i64>| {
            let sum = |sum: (u32, u32), here: &(u32, u32)| (sum.0 + here.0, sum.1 + here.1);
            counts.range(places).map(|(_, here)| here).fold((0, 0), sum)
        };
        if counted(extent.first.place..=extent.last.place) != (extent.late, extent.replaced) {
            return wrong(
                "messages of the window changed since it was claimed: it is offered again as it is now, so let this run end as \
                 done or failed"
                    .to_owned(),
            );
        }
        let standings = store.standings_between(extent.stream, extent.first, extent.last)?;
        if let [(id, standing)] = standings.as_slice() {
            let text = store.message(*id)?.map(|view| view.message.text).unwrap_or_default();
            let whole = extent.bytes.clone().map_or(0..text.len(), |bytes| {
                bytes.start as usize..(bytes.end as usize).min(text.len())
            });
            let ranges = text_parts(&text, whole.clone(), count);
            if ranges.len() < count {
                return wrong(format!(
                    "the window is {} bytes of one message and cannot be split in {count}",
                    whole.len()
                ));
            }
            let part = |bytes| Extent {
                first: *standing,
                last: *standing,
                bytes: Some(span(&bytes)),
                ..extent.clone()
            };
            return Ok(ranges.into_iter().map(part).collect());
        }
        if standings.len() < count {
            return wrong(format!(
                "the window holds {} messages: split it in so many at most",
                standings.len()
            ));
        }
        let views = store.messages(&standings.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
        let sizes: Vec<usize> = views.iter().map(|view| view.message.text.len()).collect();
        let part = |range: Range<usize>| {
            let (first, last): (Standing, Standing) =
                (standings[range.start].1, standings[range.end - 1].1);
            let (late, replaced) = counted(first.place..=last.place);
            Extent { stream: extent.stream, first, last, late, replaced, bytes: None }
        };
        Ok(even_ranges(&sizes, count).into_iter().map(part).collect())
    }
}

/// `count` ranges over `sizes`, none empty, that come to about the same. There are as many sizes at least.
fn even_ranges(sizes: &[usize], count: usize) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let mut ranges = Vec::with_capacity(count);
    let (mut start, mut sum) = (0, 0);
    for nth in 1..=count {
        // Each of those to come needs one.
        let most = sizes.len() - (count - nth);
        let mut end = start + 1;
        sum += sizes[start];
        while end < most && (nth == count || sum + sizes[end] / 2 < total * nth / count) {
            sum += sizes[end];
            end += 1;
        }
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// `count` ranges of the bytes `whole` of `text` that come to about the same, each a character at least, after a line end
/// where one is near; fewer where there are not so many characters.
fn text_parts(text: &str, whole: Range<usize>, count: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(count);
    let mut start = whole.start;
    for nth in 1..=count {
        let end = if nth == count {
            whole.end
        } else {
            let even = text.floor_char_boundary(whole.start + whole.len() * nth / count);
            let near = text.floor_char_boundary(even - (even - start.min(even)) / 4);
            let line = text[near..even].rfind('\n').map(|at| near + at + 1);
            line.unwrap_or(even)
        };
        if end > start {
            ranges.push(start..end);
            start = end;
        }
    }
    ranges
}

#[cfg(test)]
mod tests;
