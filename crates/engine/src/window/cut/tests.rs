//! Windows against a naive cut of a list of messages.

use lichen_model::Standing;
use lichen_store::{Disorder, Late, Measure};
use proptest::prelude::*;

use super::{Cut, Cutter, Piece};

const MEASURES: [Measure; 4] = [Measure::Bytes, Measure::Tokens, Measure::Count, Measure::Time];

/// A stream as a list: where each message stands, its size (its time, for time), whether it was replaced.
type List = Vec<(Standing, i64, bool)>;

/// The windows of `list`, whose sums come `step` at a time.
fn cut(list: &List, cut: Cut, step: usize) -> Vec<Piece> {
    let mut disorder = Disorder::default();
    for &(at, size, replaced) in list {
        if at.late > 0 {
            disorder.late.push(Late { at, size, replaced });
        } else if replaced {
            disorder.replaced.push(at.place);
        }
    }
    let mut cutter = Cutter::new(cut, disorder);
    for sums in sums(list, cut.measure).chunks(step) {
        cutter.take(sums);
    }
    cutter.finish()
}

fn sums(list: &List, measure: Measure) -> Vec<i64> {
    let mut sum = 0;
    let timely = list.iter().filter(|(at, ..)| at.late == 0);
    timely
        .map(|&(_, size, _)| {
            sum = if measure == Measure::Time { size } else { sum + size };
            sum
        })
        .collect()
}

fn stream(measure: Measure) -> impl Strategy<Value = List> {
    prop::collection::vec((0..40_i64, 0..4_u32, any::<[bool; 4]>()), 1..60).prop_map(move |rows| {
        let mut list = List::new();
        let mut clock = 0;
        for (place, (size, late, replaced)) in (0..).zip(rows) {
            clock += size;
            let value = match measure {
                Measure::Time => clock,
                Measure::Count => 1,
                Measure::Bytes | Measure::Tokens => size,
            };
            let rare = |flag: bool, other: bool| flag && other;
            list.push((Standing { place, late: 0 }, value, rare(replaced[0], replaced[1])));
            for nth in 1..=late.saturating_sub(2) {
                let flag = rare(replaced[2], replaced[3]);
                list.push((Standing { place, late: nth }, value, flag));
            }
        }
        list
    })
}

proptest! {
    #[test]
    fn windows_hold_all_messages_in_order_within_their_size(
        (measure, list) in prop::sample::select(&MEASURES[..])
            .prop_flat_map(|measure| stream(measure).prop_map(move |list| (measure, list))),
        size in 1..90_i64,
        share in 0..90_i64,
        step in 1..20_usize,
    ) {
        let overlap = size * share / 100;
        let pieces = cut(&list, Cut { measure, size, overlap }, step);
        let alive: Vec<(Standing, i64)> = list
            .iter()
            .filter(|(_, _, replaced)| !replaced)
            .map(|&(at, size, _)| (at, size))
            .collect();
        let mut covered = vec![false; alive.len()];
        let mut last_start = None;
        for piece in &pieces {
            let there = |at: Standing| (piece.first.place..=piece.last.place).contains(&at.place);
            let late = list.iter().filter(|(at, ..)| at.late > 0 && there(*at)).count();
            let replaced = list.iter().filter(|(at, _, replaced)| *replaced && there(*at)).count();
            prop_assert_eq!((late, replaced), (piece.late as usize, piece.replaced as usize));
            let inside: Vec<usize> = (0..alive.len())
                .filter(|&nth| (piece.first..=piece.last).contains(&alive[nth].0))
                .collect();
            prop_assert_eq!(inside.len(), piece.count);
            let told = if measure == Measure::Time {
                alive[*inside.last().unwrap()].1 - alive[inside[0]].1
            } else {
                inside.iter().map(|&nth| alive[nth].1).sum::<i64>()
            };
            prop_assert_eq!(told, piece.size);
            // Only one message alone may be larger than asked, with nothing but empty ones beside it.
            let large = inside.iter().filter(|&&nth| alive[nth].1 > 0).count() <= 1;
            prop_assert!(piece.size <= size || large && measure != Measure::Time, "{piece:?}");
            prop_assert!(last_start.is_none_or(|start| start < piece.first), "order is kept");
            last_start = Some(piece.first);
            for nth in inside {
                covered[nth] = true;
            }
        }
        prop_assert!(covered.iter().all(|&seen| seen), "every message is in a window");
        // Neighbours share no more timely messages than was asked; late ones between those come with them.
        for pair in pieces.windows(2) {
            let shared: i64 = alive
                .iter()
                .filter(|(at, _)| at.late == 0 && *at >= pair[1].first && *at <= pair[0].last)
                .map(|(_, size)| *size)
                .sum();
            prop_assert!(measure == Measure::Time || shared <= overlap, "{pair:?} share {shared}");
        }
    }

    #[test]
    fn a_late_message_changes_only_the_windows_it_touches(
        list in stream(Measure::Bytes),
        size in 1..90_i64,
        nth in 0..60_usize,
    ) {
        let mut list: List =
            list.into_iter().filter(|(at, ..)| at.late == 0).map(|(at, size, _)| (at, size, false)).collect();
        let cut_of = |list: &List| {
            cut(list, Cut { measure: Measure::Bytes, size, overlap: size / 10 }, 7)
        };
        let before = cut_of(&list);
        let place = list[nth % list.len()].0.place;
        list.push((Standing { place, late: 1 }, 7, false));
        list.sort_unstable();
        let after = cut_of(&list);
        for piece in before {
            let touched = (piece.first.place..=piece.last.place).contains(&place);
            prop_assert!(touched || after.contains(&piece), "{piece:?}");
        }
    }
}

#[test]
fn memory_goes_with_the_windows() {
    let spec = Cut { measure: Measure::Count, size: 10, overlap: 1 };
    let mut cutter = Cutter::new(spec, Disorder::default());
    let sums: Vec<i64> = (1..=3_000_000).collect();
    let mut held = 0;
    for chunk in sums.chunks(2048) {
        cutter.take(chunk);
        held = held.max(cutter.sums.len());
    }
    assert!(held <= super::HELD + 2 * 2048, "{held}");
    assert_eq!(cutter.finish().len(), 333_334);
}
