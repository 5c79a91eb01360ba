//! Which number of a date is the day: told by the dates of the whole file.

use jiff::civil::Date;

/// The order of a date's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Day, month, year.
    DayMonth,
    /// Month, day, year.
    MonthDay,
    /// Year, month, day.
    YearFirst,
}

/// In the order in which one is preferred to another that fits as well: years of two digits hardly ever come first.
const ORDERS: [Order; 3] = [Order::DayMonth, Order::MonthDay, Order::YearFirst];

impl Order {
    /// The day that three numbers name.
    pub(super) fn day(self, [a, b, c]: [i16; 3]) -> Option<Date> {
        let (year, month, day) = match self {
            Self::DayMonth => (c, b, a),
            Self::MonthDay => (c, a, b),
            Self::YearFirst => (a, b, c),
        };
        let year = match year {
            0..=99 => year + 2000,
            1970..=2400 => year,
            // The Buddhist calendar of Thai phones.
            2401..=2999 => year - 543,
            _ => return None,
        };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

/// What the dates of a file tell about their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Dates {
    /// Dates that do not exist in each order.
    wrong: [u64; 3],
    /// Steps back in time in each order: exports are sorted, but for messages that arrived late.
    back: [u64; 3],
    last: [Option<Date>; 3],
    /// Whether days and months differ anywhere.
    differ: bool,
}

impl Dates {
    pub(super) fn add(&mut self, date: [i16; 3]) {
        self.differ |= date[0] != date[1];
        for (place, order) in ORDERS.into_iter().enumerate() {
            match order.day(date) {
                Some(day) => {
                    self.back[place] += u64::from(self.last[place].is_some_and(|last| last > day));
                    self.last[place] = Some(day);
                }
                None => self.wrong[place] += 1,
            }
        }
    }

    /// The order, and whether the dates leave open what is the day and what the month. `year` is the place of years of
    /// four digits. No language puts months first and dots between.
    pub(super) fn decide(&self, year: Option<usize>, separator: char) -> (Order, bool) {
        let fits = |order: &Order| match (order, year) {
            (Order::YearFirst, Some(place)) => place == 0,
            (_, Some(0)) => false,
            (Order::MonthDay, _) => separator != '.',
            _ => true,
        };
        let score = |place: usize| (self.wrong[place], self.back[place]);
        let candidates = (0..3).filter(|&place| fits(&ORDERS[place]));
        let best = candidates.min_by_key(|&place| score(place)).unwrap_or_default();
        let open = best == 0 && fits(&Order::MonthDay) && score(0) == score(1) && self.differ;
        (ORDERS[best], open)
    }
}

#[cfg(test)]
mod tests;
