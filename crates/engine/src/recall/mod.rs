//! Recall: from a question to the passages that answer it, with where they stand.

mod answer;
mod dates;
mod freshness;
mod past;
mod question;
mod rank;
mod render;
mod revision;
mod snippet;

use std::collections::HashMap;

use lichen_index::{Index, Query};
use lichen_model::{AnyId, Document, PassageKind, Site};
use lichen_store::{AsOf, Filter, LastChange, Place, Shown};
use roaring::RoaringBitmap;

pub use self::answer::{Answer, Flag, Hit, Recall, Scope};
use self::past::Past;
pub(crate) use self::question::{Question, Speakers};
pub(crate) use self::rank::Ranked;
pub use self::render::{TOKEN_BYTES, answer_text, printable};
use crate::directory::Directory;
use crate::models::Embedders;
use crate::{Error, Reader};

/// Characters of a snippet.
const SNIPPET_CHARS: usize = 220;
/// Hits that can be asked for at once.
const LIMIT_MAX: usize = 1000;

/// The kinds that are searched without being asked for by name.
const UNASKED: [PassageKind; PassageKind::ALL.len() - 1] = [
    PassageKind::Chat,
    PassageKind::Agent,
    PassageKind::Doc,
    PassageKind::Code,
    PassageKind::Commit,
];

/// The kinds to search; none for all, which costs no filter.
fn kinds_searched<'a>(index: &Index, recall: &'a Recall) -> &'a [PassageKind] {
    if recall.kinds.is_empty() && index.count_of(PassageKind::Thinking) > 0 {
        return &UNASKED;
    }
    &recall.kinds
}

/// The passages that a question is about; `None` stands for all.
#[derive(Default)]
pub(crate) struct Among {
    /// The only ones that are found.
    allowed: Option<RoaringBitmap>,
    /// The only ones that the asker may see.
    seen: Option<RoaringBitmap>,
}

/// Ranks the passages of `index` for a question; only those that pass, where passing is told.
pub(crate) fn search(
    index: &Index,
    embedders: &Embedders,
    question: &Question,
    recall: &Recall,
    among: &Among,
) -> Result<(Vec<Ranked>, Option<String>), Error> {
    let embedded = embedders.embed_question(index.model(), &recall.query, &question.content);
    let (vector, note) = match embedded {
        Ok(vector) => (Some(vector), None),
        Err(error) => (None, Some(format!("only words were searched, no vectors: {error}"))),
    };
    let query = Query {
        text: &question.lexical,
        vector: vector.as_deref(),
        kinds: kinds_searched(index, recall),
        since: recall.since,
        until: recall.until,
        allowed: among.allowed.as_ref(),
        weighed: among.seen.as_ref(),
        superseded: recall.as_of.is_some(),
        ..Query::default()
    };
    Ok((rank::rank(index, &index.search(&query)?, question), note))
}

impl Reader {
    /// Answers a question.
    ///
    /// # Errors
    /// A question without words, a limit of nothing, a revision that is not there.
    pub fn recall(&self, recall: &Recall) -> Result<Answer, Error> {
        self.recall_ranked(recall).map(|(answer, _)| answer)
    }

    /// Answers a question, with all candidates in order behind the answer.
    pub(crate) fn recall_ranked(&self, recall: &Recall) -> Result<(Answer, Vec<Ranked>), Error> {
        check(recall)?;
        let as_of = recall.as_of.as_deref().map(|text| self.as_of(text)).transpose()?;
        let past = as_of.map(|as_of| Past::of(self, recall, as_of)).transpose()?;
        let among = self.among(recall, as_of, past.as_ref())?;
        let index = self.index();
        let question = Question::new(&recall.query, &self.speakers(&index, among.seen.as_ref()));
        let (ranked, mut note) = search(&index, &self.embedders, &question, recall, &among)?;
        let best = &ranked[..ranked.len().min(recall.limit)];
        let mut hits = self.hits(&index, best, &question)?;
        let mut candidates = ranked.len();
        if let Some(past) = &past {
            let (theirs, count, problem) =
                self.recall_past(past, index.model(), &question, recall)?;
            candidates += count;
            note = note.or(problem);
            hits.extend(theirs);
            // Scores need no statistics of their index: see `rank`.
            hits.sort_by(|one, other| other.score.total_cmp(&one.score));
            hits.truncate(recall.limit);
        }
        let mut scope = self.scope(&index, recall, note)?;
        if let Some(seen) = among.seen {
            scope.passages = seen.range_cardinality(..index.watermark());
        }
        Ok((Answer { scope, hits, candidates }, ranked))
    }

    /// The passages that only the store can choose; `None` where the index can tell by itself.
    fn among(
        &self,
        recall: &Recall,
        as_of: Option<AsOf>,
        past: Option<&Past>,
    ) -> Result<Among, Error> {
        let seen = self.seen_passages()?;
        let filter = Filter {
            path: recall.path.clone(),
            tags: recall.tag.iter().cloned().collect(),
            stream: recall.stream.clone(),
            fields: recall.fields.clone(),
            as_of,
            without_documents_of: past.map(Past::repos).unwrap_or_default(),
            ..Filter::default()
        };
        if filter.is_empty() {
            return Ok(Among { allowed: seen.clone(), seen });
        }
        let mut allowed: RoaringBitmap = self.store.filter(&filter)?.into_iter().collect();
        if let Some(seen) = &seen {
            allowed &= seen;
        }
        Ok(Among { allowed: Some(allowed), seen })
    }

    /// The point in history that `text` names: a time, or a commit that was taken in.
    fn as_of(&self, text: &str) -> Result<AsOf, Error> {
        match crate::when::parse_until(text, self.clock.now()) {
            Ok(end) => Ok(AsOf::Time(end)),
            Err(_) => Ok(AsOf::Commit(self.revision(text)?)),
        }
    }

    /// Reads the best passages back and says where they stand.
    fn hits(&self, index: &Index, best: &[Ranked], question: &Question) -> Result<Vec<Hit>, Error> {
        let store = &self.store;
        let sites: Vec<(u64, Site)> = best
            .iter()
            .filter_map(|ranked| Some((u64::from(ranked.seq), index.row(ranked.seq)?.site)))
            .collect();
        let rows = store.shown(&sites)?;
        let documents: Vec<&Document> = rows.iter().filter_map(document).collect();
        let changed = store.last_changes(&documents)?;
        let directory = self.directory()?;
        let scores: HashMap<u64, f32> =
            best.iter().map(|ranked| (u64::from(ranked.seq), ranked.score)).collect();
        let hit = |row: &Shown| {
            let change = document(row).and_then(|document| changed.get(&document.id));
            let folder = document(row)
                .and_then(|document| directory.repos.get(&document.repo))
                .map(|key| self.folder_of(key));
            let flag = document(row).zip(folder).and_then(|(document, folder)| {
                freshness::flag(&folder, document, &row.text, row.lines.0, &self.redactor)
            });
            let known = u32::try_from(row.seq).ok().and_then(|seq| index.row(seq))?;
            let author =
                usize::try_from(known.author).ok().and_then(|author| index.authors().get(author));
            let score = scores.get(&row.seq).copied().unwrap_or_default();
            let (id, place, commit) = whereabouts(row, change, &directory);
            let at = change.map_or(known.at, |change| change.committed.at);
            let shown = if row.text.trim().is_empty() { &row.context } else { &row.text };
            Some(Hit {
                id,
                revision: None,
                kind: known.kind,
                at,
                author: author.cloned().unwrap_or_default(),
                place,
                commit,
                flags: flag.into_iter().collect(),
                score,
                snippet: snippet::snippet(shown, &question.terms, SNIPPET_CHARS),
                text: row.text.clone(),
            })
        };
        Ok(rows.iter().filter_map(hit).collect())
    }

    fn scope(&self, index: &Index, recall: &Recall, note: Option<String>) -> Result<Scope, Error> {
        let heads = self.heads()?;
        let head = heads.first();
        let kinds = if recall.kinds.is_empty() { UNASKED.to_vec() } else { recall.kinds.clone() };
        Ok(Scope {
            kinds,
            passages: u64::from(index.watermark()),
            head: head.map(|head| head.oid.clone()),
            lag: head.map_or(Some(0), |head| head.lag),
            notes: note.into_iter().collect(),
        })
    }
}

fn document(row: &Shown) -> Option<&Document> {
    match &row.place {
        Place::Document(document) => Some(document),
        Place::Commit(_) | Place::Stream(_) => None,
    }
}

/// What to ask `get` for, where the passage stands, and its commit: its own, or the last one that changed its path.
fn whereabouts(
    row: &Shown,
    change: Option<&LastChange>,
    directory: &Directory,
) -> (AnyId, String, Option<String>) {
    match &row.place {
        Place::Stream(id) => {
            let name = directory.streams.get(id).map_or("?", String::as_str);
            (row.owner.any(), format!("#{name}"), None)
        }
        Place::Commit(oid) => (row.owner.any(), String::new(), Some(oid.to_string())),
        Place::Document(document) => {
            let (first, last) = row.lines;
            let place = format!("{}:{first}-{last}", document.path.to_text());
            (row.passage.any(), place, change.map(|change| change.oid.to_string()))
        }
    }
}

pub(crate) fn check(recall: &Recall) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::Question { what: what.to_owned() });
    if !recall.query.chars().any(char::is_alphanumeric) {
        return wrong("a question needs at least one word");
    }
    if recall.limit == 0 || recall.limit > LIMIT_MAX {
        return wrong("the limit of hits lies between 1 and 1000");
    }
    Ok(())
}
