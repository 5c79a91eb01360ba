//! Which field of a line means what.

use std::str::FromStr;

use crate::Error;

/// What a field of a message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The message's id in its stream.
    Id,
    /// The stream's name.
    Stream,
    /// Who said it.
    Author,
    /// In which part: `user`, `assistant`, `tool`, `system`.
    Role,
    /// When.
    Time,
    /// The text.
    Text,
    /// The id of the message it answers.
    ReplyTo,
    /// The stream's title.
    Title,
    /// Labels: an array of strings, or one string.
    Tags,
    /// Use of tools: an array of objects with `id`, `tool`, `paths`, `command`, `patch`, `input`.
    Tools,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Stream,
        Self::Author,
        Self::Role,
        Self::Time,
        Self::Text,
        Self::ReplyTo,
        Self::Title,
        Self::Tags,
        Self::Tools,
    ];

    /// Its name in a mapping, and in a line where no mapping says otherwise.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Stream => "stream",
            Self::Author => "author",
            Self::Role => "role",
            Self::Time => "time",
            Self::Text => "text",
            Self::ReplyTo => "reply_to",
            Self::Title => "title",
            Self::Tags => "tags",
            Self::Tools => "tools",
        }
    }

    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

/// Where each field stands in a line: a path of names with dots between them (`body.text`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    paths: [String; Field::ALL.len()],
}

impl Default for Mapping {
    fn default() -> Self {
        Self { paths: Field::ALL.map(|field| field.name().to_owned()) }
    }
}

impl Mapping {
    /// Takes `field` from `path`.
    #[must_use]
    pub fn with(mut self, field: Field, path: impl Into<String>) -> Self {
        self.paths[field.place()] = path.into();
        self
    }

    /// Where `field` stands.
    pub fn path(&self, field: Field) -> &str {
        &self.paths[field.place()]
    }

    pub(super) fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        for field in Field::ALL {
            tree.insert(self.path(field), field);
        }
        tree
    }
}

impl FromStr for Mapping {
    type Err = Error;

    /// Reads `id=ts,text=body.text`.
    fn from_str(given: &str) -> Result<Self, Error> {
        let mut mapping = Self::default();
        for part in given.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let named = part.split_once('=').and_then(|(name, path)| {
                let field = Field::ALL.into_iter().find(|field| field.name() == name.trim())?;
                (!path.trim().is_empty()).then(|| (field, path.trim().to_owned()))
            });
            let Some((field, path)) = named else {
                let known = Field::ALL.map(Field::name).join(", ");
                return Err(Error::Mapping { given: part.to_owned(), known });
            };
            mapping = mapping.with(field, path);
        }
        Ok(mapping)
    }
}

/// The paths of a mapping as a tree of names.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) fields: Vec<Field>,
    children: Vec<(String, Tree)>,
}

impl Tree {
    fn insert(&mut self, path: &str, field: Field) {
        let (name, rest) =
            path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let at = self.children.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.children.push((name.to_owned(), Self::default()));
            self.children.len() - 1
        });
        let child = &mut self.children[at].1;
        match rest {
            Some(rest) => child.insert(rest, field),
            None => child.fields.push(field),
        }
    }

    /// What stands under `name`.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, tree)| tree)
    }

    /// Whether fields stand deeper.
    pub(super) const fn is_inner(&self) -> bool {
        !self.children.is_empty()
    }
}
