//! Which sealed runs of passages to join, so that many small seals leave few files.

use std::ops::Range;

/// The runs at the end of `lens` to join into one, if any: the longest tail of the list whose first run is no
/// longer than all after it together, and whose sum is at most `max`.
///
/// Joining so keeps every run longer than all after it: their number grows with the logarithm of the passages,
/// and a passage is copied as often.
pub(crate) fn to_join(lens: &[u32], max: u32) -> Option<Range<usize>> {
    let mut after = 0u32;
    let mut start = None;
    for (at, len) in lens.iter().enumerate().rev() {
        let Some(sum) = after.checked_add(*len).filter(|sum| *sum <= max) else { break };
        if after > 0 && *len <= after {
            start = Some(at);
        }
        after = sum;
    }
    start.map(|start| start..lens.len())
}

#[cfg(test)]
mod tests;
