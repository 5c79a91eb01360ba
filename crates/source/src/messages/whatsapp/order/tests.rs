//! Days told from months by all dates of a file.

use super::*;

fn decide(year: Option<usize>, dates: &[[i16; 3]]) -> (Order, bool) {
    let mut all = Dates::default();
    for date in dates {
        all.add(*date);
    }
    all.decide(year, '/')
}

#[test]
fn a_day_above_twelve_decides() {
    assert_eq!(decide(None, &[[1, 2, 23], [13, 2, 23]]), (Order::DayMonth, false));
    assert_eq!(decide(None, &[[1, 2, 23], [2, 13, 23]]), (Order::MonthDay, false));
    assert_eq!(decide(None, &[[32, 2, 3], [32, 2, 13]]), (Order::YearFirst, false));
    assert_eq!(decide(Some(0), &[[2023, 2, 3]]), (Order::YearFirst, false));
    assert_eq!(decide(Some(2), &[[1, 13, 2023]]), (Order::MonthDay, false));
}

#[test]
fn time_runs_forwards() {
    assert_eq!(decide(None, &[[1, 2, 23], [2, 2, 23], [1, 3, 23]]), (Order::DayMonth, false));
    assert_eq!(decide(None, &[[1, 2, 23], [1, 3, 23], [2, 1, 23]]), (Order::MonthDay, false));
}

#[test]
fn what_stays_open_is_said() {
    assert_eq!(decide(None, &[[1, 2, 23], [1, 2, 23]]), (Order::DayMonth, true));
    assert_eq!(decide(Some(2), &[[1, 2, 2023], [2, 3, 2023]]), (Order::DayMonth, true));
    assert_eq!(decide(Some(2), &[[2, 2, 2023], [3, 3, 2023]]), (Order::DayMonth, false));
}

#[test]
fn years() {
    let year = |year| Order::DayMonth.day([1, 2, year]).map(Date::year);
    assert_eq!(
        [year(23), year(2566), year(1402), year(1999)],
        [Some(2023), Some(2023), None, Some(1999)]
    );
}
