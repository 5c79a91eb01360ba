//! What asks mean to the engine.

use std::path::PathBuf;

use lichen_engine::{
    AnyId, AskedSymbol, At, Blame, Error, FileOf, FilePlace, Get, HistoryOf, LinksOf, Measure,
    NextWindow, ParseIdError, PassageKind, Reader, Recall, Review, Spot, SymbolList, WindowSpec,
    parse_until, parse_when,
};

use super::quoted::{path_of, word_of};
use super::{
    AtAsk, BlameAsk, ClaimAsk, CutAsk, GetAsk, HistoryAsk, LinksAsk, RecallAsk, ReviewAsk,
    SymbolsAsk,
};

pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::Question { what: what.into() }
}

/// The words of a list that is joined by commas.
fn words(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Where a question about code is asked: where it says so, else in the folder whose memory this is.
fn folder(asked: Option<&String>, reader: &Reader) -> PathBuf {
    asked.map_or_else(|| reader.home(), |folder| path_of(folder))
}

impl RecallAsk {
    pub(crate) fn recall(&self, reader: &Reader) -> Result<Recall, Error> {
        let now = reader.now();
        let kind = |word: &str| {
            PassageKind::from_name(word).ok_or_else(|| {
                let names: Vec<&str> = PassageKind::ALL.iter().map(|kind| kind.name()).collect();
                wrong(format!("`{word}` is no kind of text: choose from {}", names.join(", ")))
            })
        };
        let field = |text: &String| match text.split_once('=') {
            Some((field, value)) if !field.is_empty() => Ok((field.to_owned(), value.to_owned())),
            _ => Err(wrong(format!("`{text}` is not of the form FIELD=VALUE"))),
        };
        Ok(Recall {
            query: self.query.clone(),
            kinds: words(self.kinds.as_deref()).map(kind).collect::<Result<_, _>>()?,
            path: self.path.clone(),
            tag: self.tag.clone(),
            stream: self.stream.clone(),
            fields: self.fields.iter().map(field).collect::<Result<_, _>>()?,
            since: self.since.as_ref().map(|text| parse_when(text, now)).transpose()?,
            until: self.until.as_ref().map(|text| parse_until(text, now)).transpose()?,
            as_of: self.as_of.clone(),
            limit: self.limit,
        })
    }
}

/// One of the things that a `get` asks for.
pub(crate) enum Thing {
    Id(AnyId),
    File(FilePlace),
}

impl GetAsk {
    pub(crate) fn things(&self) -> Result<Vec<Thing>, Error> {
        let thing = |word: &str| {
            let word = word_of(word);
            match FilePlace::parse(&word) {
                Some(place) => Ok(Thing::File(place)),
                None => word
                    .parse()
                    .map(Thing::Id)
                    .map_err(|error: ParseIdError| wrong(format!("`{word}` is no id: {error}"))),
            }
        };
        let things: Vec<Thing> = words(Some(&self.ids)).map(thing).collect::<Result<_, _>>()?;
        if things.is_empty() {
            return Err(wrong("name at least one id"));
        }
        Ok(things)
    }

    pub(crate) fn get(&self, id: AnyId, budget: usize) -> Get {
        Get { ids: vec![id], around: self.around, offset: self.offset, budget }
    }

    pub(crate) fn file(&self, place: FilePlace, budget: usize, reader: &Reader) -> FileOf {
        let folder = folder(self.folder.as_ref(), reader);
        FileOf { folder, place, offset: self.offset, budget }
    }
}

impl LinksAsk {
    pub(crate) fn links(&self, reader: &Reader) -> LinksOf {
        let folder = folder(self.folder.as_ref(), reader);
        LinksOf { folder, of: self.of.clone(), count: self.limit }
    }
}

impl AtAsk {
    pub(crate) fn at(&self, reader: &Reader) -> At {
        At {
            folder: folder(self.folder.as_ref(), reader),
            spot: Spot { file: path_of(&self.file), line: self.line, column: self.column },
            rev: self.sha.clone(),
            symbol: self.symbol.clone(),
            changes: self.limit,
        }
    }
}

impl HistoryAsk {
    pub(crate) fn history(&self, reader: &Reader) -> HistoryOf {
        HistoryOf {
            folder: folder(self.folder.as_ref(), reader),
            of: AskedSymbol::parse(&path_of(&self.of)),
            rev: self.sha.clone(),
            diffs: self.diff,
            changes: self.limit,
        }
    }
}

impl BlameAsk {
    pub(crate) fn blame(&self, reader: &Reader) -> Blame {
        let lines = match (self.first, self.last) {
            (None, None) => None,
            (first, last) => Some((first.unwrap_or(1), last.unwrap_or(u32::MAX))),
        };
        Blame {
            folder: folder(self.folder.as_ref(), reader),
            file: path_of(&self.file),
            lines,
            rev: self.sha.clone(),
        }
    }
}

impl SymbolsAsk {
    pub(crate) fn list(&self, reader: &Reader) -> SymbolList {
        SymbolList {
            folder: folder(self.folder.as_ref(), reader),
            as_of: self.as_of.clone(),
            changed_since: self.changed_since.clone(),
            path: self.path.clone(),
            kinds: words(self.kinds.as_deref()).map(str::to_owned).collect(),
            name: self.name.clone(),
            limit: self.limit,
        }
    }
}

impl ReviewAsk {
    pub(crate) fn review(&self, reader: &Reader) -> Review {
        Review { folder: folder(self.folder.as_ref(), reader), range: self.range.clone() }
    }
}

impl CutAsk {
    pub(crate) fn spec(&self) -> Result<WindowSpec, Error> {
        let by = match self.by.as_str() {
            "bytes" => Measure::Bytes,
            "tokens" => Measure::Tokens,
            "count" => Measure::Count,
            "time" => Measure::Time,
            other => {
                let what = format!("`{other}` is no measure: choose bytes, tokens, count or time");
                return Err(wrong(what));
            }
        };
        let size = size(&self.size, by).ok_or_else(|| {
            wrong(format!(
                "`{}` is not a size by {by:?}: write `64KiB`, `500`, or for time `12h` or `7d`",
                self.size
            ))
        })?;
        let share = self.overlap.trim_end_matches('%').parse::<f64>().ok();
        let overlap = share
            .map(|share| share / 100.0)
            .ok_or_else(|| wrong(format!("`{}` is not a share: write `10%`", self.overlap)))?;
        Ok(WindowSpec { by, size, overlap })
    }
}

impl ClaimAsk {
    pub(crate) fn next(&self, reader: &Reader) -> Result<NextWindow, Error> {
        let stream = self.stream.as_deref().map(|asked| reader.stream(asked)).transpose()?;
        let cut =
            CutAsk { by: self.by.clone(), size: self.size.clone(), overlap: self.overlap.clone() };
        let time = |text: &str| {
            size(text, Measure::Time).ok_or_else(|| {
                wrong(format!("`{text}` is not a length of time: write `90s`, `10m` or `2h`"))
            })
        };
        Ok(NextWindow {
            consumer: self.consumer.clone(),
            signature: self.signature.clone(),
            stream: stream.map(|stream| stream.id),
            spec: cut.spec()?,
            lease_millis: time(&self.lease)?,
            idle_millis: self.idle.as_deref().map(time).transpose()?,
            attempts_max: self.max_attempts,
        })
    }
}

/// A size in the unit of `by`: bytes, tokens, messages, or milliseconds.
pub(super) fn size(text: &str, by: Measure) -> Option<u64> {
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit = match (by, unit.trim()) {
        (Measure::Bytes | Measure::Tokens | Measure::Count, "") => 1,
        (Measure::Bytes, "B") => 1,
        (Measure::Bytes, "kB" | "KB") => 1000,
        (Measure::Bytes, "KiB" | "K" | "k") => 1 << 10,
        (Measure::Bytes, "MB") => 1_000_000,
        (Measure::Bytes, "MiB" | "M") => 1 << 20,
        (Measure::Tokens, "k") => 1000,
        (Measure::Time, "s") => 1000,
        (Measure::Time, "m" | "min") => 60_000,
        (Measure::Time, "h") => 3_600_000,
        (Measure::Time, "d") => 86_400_000,
        (Measure::Time, "w") => 604_800_000,
        _ => return None,
    };
    number.checked_mul(unit)
}
