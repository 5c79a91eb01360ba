//! One pass over a text: where words of rules stand, and what the rules make of it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::automaton::{Automaton as _, OverlappingState};
use aho_corasick::{Anchored, Input, MatchKind, dfa};
use regex::Regex;

use super::rules::{self, Back, NAMED, SHAPES};
use super::split::Joined;
use super::{
    Found, OPENING, assignment, credentials, encoded, placeholder_len, private_key, shape,
};

/// No rule looks further than this from its word, but for private keys.
pub(super) const REACH: usize = 4096;
/// Every key with a shape of its own is at least this long.
const KEY_BYTES_MIN: usize = 16;

/// Rules that are code, not patterns.
pub(super) const FURTHER_RULES: [&str; 11] = [
    "authorization",
    "basic-auth",
    "bearer-token",
    "connection-password",
    "discord-token",
    "generic-secret",
    "kubernetes-secret",
    "password",
    "private-key",
    "session-cookie",
    "url-password",
];

/// What a word calls for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// The shape of that place in the table.
    Shape(u16),
    /// A private key begins.
    PrivateKey,
    /// A private key ends, whose beginning may be missing.
    PrivateKeyEnd,
    /// `://`.
    Url,
    /// A word that stands in front of a credential.
    Credential(credentials::Kind),
    /// A part of a name to which secrets are assigned.
    Assignment(shape::Trust),
    /// A provider's name.
    Named(u16),
    /// The beginning of a Discord token.
    Discord,
    /// The Base64 of a word.
    Encoded,
    /// A placeholder.
    Placeholder,
}

/// A secret, and how sure its rule is: of two that overlap the surer one names both.
pub(super) struct Candidate {
    pub(super) rule: &'static str,
    pub(super) span: Range<usize>,
    pub(super) weight: u8,
}

struct Engine {
    words: dfa::DFA,
    /// What each pattern of the automaton calls for.
    calls: Vec<Vec<Call>>,
    shapes: Vec<OnceLock<Regex>>,
    named: Vec<OnceLock<Regex>>,
}

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);

impl Engine {
    fn new() -> Self {
        let mut words = Words::default();
        words.add(OPENING, Call::Placeholder);
        for (place, rule) in (0..).zip(SHAPES) {
            for keyword in rule.keywords {
                words.add(keyword, Call::Shape(place));
            }
        }
        for (place, rule) in (0..).zip(NAMED) {
            for name in rule.names {
                for form in assignment::forms(name) {
                    words.add(&form, Call::Named(place));
                }
            }
        }
        for (word, trust) in assignment::WORDS {
            for form in assignment::forms(word) {
                words.add(&form, Call::Assignment(*trust));
            }
        }
        for (word, kind) in credentials::WORDS {
            words.add(word, Call::Credential(*kind));
        }
        words.add("://", Call::Url);
        for begin in private_key::BEGINS {
            words.add(begin, Call::PrivateKey);
        }
        words.add(private_key::END, Call::PrivateKeyEnd);
        for word in encoded::words() {
            words.add(&word, Call::Encoded);
        }
        for word in credentials::discord_words() {
            words.add(&word, Call::Discord);
        }
        let automaton = dfa::Builder::new()
            .match_kind(MatchKind::Standard)
            .build(&words.list)
            .expect("a few hundred short words make a small automaton");
        let empty = |len: usize| std::iter::repeat_with(OnceLock::new).take(len).collect();
        Self {
            words: automaton,
            calls: words.calls,
            shapes: empty(SHAPES.len()),
            named: empty(NAMED.len()),
        }
    }
}

#[derive(Default)]
struct Words {
    list: Vec<String>,
    calls: Vec<Vec<Call>>,
    places: HashMap<String, usize>,
}

impl Words {
    fn add(&mut self, word: &str, call: Call) {
        let place = *self.places.entry(word.to_owned()).or_insert_with(|| {
            self.list.push(word.to_owned());
            self.calls.push(Vec::new());
            self.list.len() - 1
        });
        self.calls[place].push(call);
    }
}

/// The secrets of a text.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut scan = Scan::new(text);
    // Where no word stands, none is split either.
    if scan.run(true)
        && let Some(joined) = Joined::new(text)
    {
        let mut whole = Scan::new(&joined.text);
        whole.run(true);
        scan.candidates.extend(whole.candidates.into_iter().filter_map(|mut candidate| {
            candidate.span = joined.split(&candidate.span)?;
            Some(candidate)
        }));
    }
    scan.finish()
}

/// Whether a text that was decoded holds a key, a private key or a password in a URL.
pub(super) fn find_in_decoded(text: &str) -> Option<&'static str> {
    let mut scan = Scan::new(text);
    scan.run(false);
    scan.candidates.iter().max_by_key(|candidate| candidate.weight).map(|candidate| candidate.rule)
}

struct Scan<'a> {
    text: &'a str,
    candidates: Vec<Candidate>,
    placeholders: Vec<Range<usize>>,
    /// A key that is sure already: the last one.
    sure: Range<usize>,
    /// Runs of Base64 up to here were decoded.
    encoded_until: usize,
}

impl<'a> Scan<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            text,
            candidates: Vec::new(),
            placeholders: Vec::new(),
            sure: 0..0,
            encoded_until: 0,
        }
    }

    /// Whether any word was found. `outer`: the text is one, not what was decoded from one.
    fn run(&mut self, outer: bool) -> bool {
        let engine = &*ENGINE;
        let input = Input::new(self.text).anchored(Anchored::No);
        // Most texts hold no word at all: the plain search is faster than the one for words within words.
        let Ok(Some(first)) = engine.words.try_find(&input) else { return false };
        let start = floor_word(self.text, first.start());
        let mut state = OverlappingState::start();
        let input = Input::new(self.text).range(start..).anchored(Anchored::No);
        while engine.words.try_find_overlapping(&input, &mut state).is_ok() {
            let Some(found) = state.get_match() else { break };
            for call in &engine.calls[found.pattern().as_usize()] {
                self.call(engine, *call, found.start(), found.end(), outer);
            }
        }
        true
    }

    fn call(&mut self, engine: &Engine, call: Call, start: usize, end: usize, outer: bool) {
        let bytes = self.text.as_bytes();
        match call {
            Call::Shape(place) => self.shape(engine, usize::from(place), start),
            Call::PrivateKey => {
                if !self.is_sure(start)
                    && let Some(span) = private_key::from_begin(self.text, start)
                {
                    self.add("private-key", span, 9);
                }
            }
            Call::PrivateKeyEnd => {
                if !self.is_sure(start)
                    && let Some(span) = private_key::from_end(self.text, self.sure.end, start)
                {
                    self.add("private-key", span, 9);
                }
            }
            Call::Url => {
                if let Some(span) = credentials::url_password(self.text, start) {
                    self.add("url-password", span, 5);
                }
            }
            Call::Credential(kind) if outer => {
                for (rule, span) in credentials::find(self.text, kind, start, end) {
                    self.add(rule, span, 4);
                }
            }
            Call::Assignment(trust) if outer => {
                if let Some((rule, span)) = assignment::find(self.text, start, end, trust) {
                    self.add(rule, span, if rule == "connection-password" { 4 } else { 2 });
                }
            }
            Call::Named(place) if outer => self.named(engine, usize::from(place), start, end),
            Call::Discord => {
                if !self.is_sure(start)
                    && let Some(span) = credentials::discord_token(bytes, start)
                {
                    self.add("discord-token", span, 7);
                }
            }
            Call::Encoded if outer => self.encoded(start),
            Call::Placeholder => {
                let len = placeholder_len(&self.text[start..]);
                if len > 0 {
                    self.placeholders.push(start..start + len);
                }
            }
            Call::Credential(_) | Call::Assignment(_) | Call::Named(_) | Call::Encoded => {}
        }
    }

    fn shape(&mut self, engine: &Engine, place: usize, keyword: usize) {
        let rule = &SHAPES[place];
        let bytes = self.text.as_bytes();
        let start = match rule.back {
            Back::None => Some(keyword),
            Back::Bytes(count) => keyword.checked_sub(count),
            Back::Digits => {
                let digits =
                    bytes[..keyword].iter().rev().take(12).take_while(|byte| byte.is_ascii_digit());
                Some(keyword - digits.count())
            }
        };
        let Some(start) = start.filter(|&start| !self.is_sure(start)) else { return };
        let solid = |byte: &u8| {
            !matches!(
                byte,
                b'"' | b'\''
                    | b'`'
                    | b'('
                    | b')'
                    | b'<'
                    | b'>'
                    | b','
                    | b';'
                    | b'{'
                    | b'}'
                    | b'['
                    | b']'
                    | b'\\'
            ) && byte.is_ascii_graphic()
        };
        if !bytes.get(start..start + KEY_BYTES_MIN).is_some_and(|head| head.iter().all(solid))
            || !(matches!(bytes[start], b'.' | b'/')
                || is_free_before(bytes, start, rule.pattern.contains("%w")))
        {
            return;
        }
        let regex = engine.shapes[place]
            .get_or_init(|| anchored(&format!("^(?:{})", rules::expression(rule.pattern))));
        let window = window(self.text, start);
        let Some(captures) = regex.captures(window) else { return };
        let whole = captures.get_match();
        let secret = captures.get(1).unwrap_or(whole);
        let end = start + whole.end();
        if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) || !is_likely(secret.as_str()) {
            return;
        }
        self.add(rule.id, start + secret.start()..start + secret.end(), 8);
    }

    fn named(&mut self, engine: &Engine, place: usize, start: usize, end: usize) {
        let rule = &NAMED[place];
        let Some(span) = assignment::named_value(self.text, start, end) else { return };
        let text = &self.text[span.clone()];
        let regex = engine.named[place]
            .get_or_init(|| anchored(&format!("^(?:{})$", rules::expression(rule.pattern))));
        let is_key =
            |text: &str| regex.is_match(text) && is_likely(text) && assignment::is_mixed(text);
        if text.len() <= REACH
            && (is_key(text) || encoded::plain(text).is_some_and(|text| is_key(&text)))
        {
            self.add(rule.id, span, 6);
        }
    }

    fn encoded(&mut self, start: usize) {
        if start < self.encoded_until || self.is_sure(start) {
            return;
        }
        let span = encoded::run(self.text.as_bytes(), start, self.encoded_until);
        self.encoded_until = span.end;
        if let Some(rule) = encoded::secret(&self.text[span.clone()]) {
            self.add(rule, span, 7);
        }
    }

    /// Whether a key that is sure holds this place.
    fn is_sure(&self, at: usize) -> bool {
        self.sure.contains(&at)
    }

    fn add(&mut self, rule: &'static str, span: Range<usize>, weight: u8) {
        if weight >= 7 {
            self.sure = self.sure.start.max(span.start)..self.sure.end.max(span.end);
        }
        self.candidates.push(Candidate { rule, span, weight });
    }

    /// Puts candidates that overlap together; those that touch a placeholder are what it stands for already.
    fn finish(mut self) -> Vec<Found> {
        self.candidates
            .sort_by_key(|candidate| (candidate.span.start, std::cmp::Reverse(candidate.span.end)));
        let mut placeholders = self.placeholders.iter().peekable();
        let mut merged: Vec<Candidate> = Vec::new();
        for candidate in self.candidates {
            while placeholders.next_if(|place| place.end <= candidate.span.start).is_some() {}
            if candidate.span.is_empty()
                || placeholders.peek().is_some_and(|place| place.start < candidate.span.end)
            {
                continue;
            }
            match merged.last_mut() {
                Some(last) if candidate.span.start < last.span.end => {
                    if candidate.weight > last.weight {
                        last.rule = candidate.rule;
                        last.weight = candidate.weight;
                    }
                    last.span.end = last.span.end.max(candidate.span.end);
                }
                _ => merged.push(candidate),
            }
        }
        merged.into_iter().map(|Candidate { rule, span, .. }| Found { rule, span }).collect()
    }
}

fn anchored(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of the table are valid")
}

/// The stretch of text that a rule looks at.
pub(super) fn window(text: &str, start: usize) -> &str {
    let end = text.floor_char_boundary(start.saturating_add(REACH).min(text.len()));
    text.get(start..end).unwrap_or_default()
}

/// A word of another rule may overlap the first one that is found from the left.
fn floor_word(text: &str, start: usize) -> usize {
    text.floor_char_boundary(start.saturating_sub(64))
}

/// A key with a mark is real unless it stands in for one.
fn is_likely(secret: &str) -> bool {
    // The mark itself may hold such a word, and long keys hold any short one by chance.
    let tail = &secret[secret.floor_char_boundary(secret.len() / 4)..];
    shape::entropy(tail.as_bytes()) >= 2.2 && !(secret.len() < 300 && shape::is_stand_in(secret))
}

/// Whether a key can begin here: it is no part of a longer word. An escape sequence in front belongs to the text
/// around, as does a colour of a terminal.
pub(super) fn is_free_before(bytes: &[u8], start: usize, dashes: bool) -> bool {
    let back = |count: usize| start.checked_sub(count).map(|at| bytes[at]);
    let Some(before) = back(1) else { return true };
    if before == b'-' {
        return !dashes || !back(2).is_some_and(|byte| byte.is_ascii_alphanumeric());
    }
    if before == b'_' {
        return !back(2).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    }
    if !before.is_ascii_alphanumeric() {
        return true;
    }
    let hex = |from: usize| {
        (1..=from).all(|count| back(count).is_some_and(|byte| byte.is_ascii_hexdigit()))
    };
    let escape = back(2) == Some(b'\\') && b"ntrbf0v".contains(&before);
    let unicode = back(5) == Some(b'u') && back(6) == Some(b'\\') && hex(4);
    let percent = back(3) == Some(b'%') && hex(2);
    let colour = before == b'm'
        && bytes[..start - 1]
            .iter()
            .rev()
            .take(12)
            .find(|byte| !byte.is_ascii_digit() && **byte != b';')
            .is_some_and(|byte| *byte == b'[')
        && bytes[start.saturating_sub(20)..start].contains(&0x1b);
    escape || unicode || percent || colour
}
