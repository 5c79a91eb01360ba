//! The languages whose symbols are known, and how a file says which it is in.

use lichen_model::RepoPath;

use super::grammar::Grammar;
use super::{
    bash, c, cpp, csharp, go, java, javascript, kotlin, php, python, ruby, rust, scala, swift,
    typescript,
};
use crate::documents;

/// A language with a grammar, or whose headings are symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Bash and other shells.
    Bash,
    /// C.
    C,
    /// C++.
    Cpp,
    /// C#.
    CSharp,
    /// Go.
    Go,
    /// Java.
    Java,
    /// JavaScript, with or without JSX.
    JavaScript,
    /// Kotlin.
    Kotlin,
    /// Markdown.
    Markdown,
    /// PHP.
    Php,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// Scala.
    Scala,
    /// Swift.
    Swift,
    /// TypeScript with JSX.
    Tsx,
    /// TypeScript.
    TypeScript,
}

/// Bytes from the start in which a `.h` shows that it is C++.
const SNIFFED_BYTES: usize = 16 << 10;

impl Language {
    /// Every language.
    pub const ALL: [Self; 17] = [
        Self::Bash,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Go,
        Self::Java,
        Self::JavaScript,
        Self::Kotlin,
        Self::Markdown,
        Self::Php,
        Self::Python,
        Self::Ruby,
        Self::Rust,
        Self::Scala,
        Self::Swift,
        Self::Tsx,
        Self::TypeScript,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::CSharp => "csharp",
            Self::Go => "go",
            Self::Java => "java",
            Self::JavaScript => "javascript",
            Self::Kotlin => "kotlin",
            Self::Markdown => "markdown",
            Self::Php => "php",
            Self::Python => "python",
            Self::Ruby => "ruby",
            Self::Rust => "rust",
            Self::Scala => "scala",
            Self::Swift => "swift",
            Self::Tsx => "tsx",
            Self::TypeScript => "typescript",
        }
    }

    /// The language of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == word)
    }

    /// The language of a blob at a path: what its name says, else its first line; `None` for one without symbols.
    pub fn detect(path: &RepoPath, bytes: &[u8]) -> Option<Self> {
        let text = path.to_text();
        let name = text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        match extension {
            Some("tsx") => return Some(Self::Tsx),
            // Their scripts stand in markup; Starlark and Cython are no Python.
            Some("vue" | "svelte" | "astro" | "pyx" | "pxd") => return None,
            Some("h") if is_cpp(bytes) => return Some(Self::Cpp),
            _ => {}
        }
        match documents::language(path) {
            Some(word) => Self::of_document(word),
            None if name.contains('.') => None,
            None => shebang(bytes),
        }
    }

    fn of_document(word: &str) -> Option<Self> {
        match word {
            "shell" => Some(Self::Bash),
            word => Self::parse(word),
        }
    }

    pub(super) fn grammar(self) -> Option<&'static Grammar> {
        Some(match self {
            Self::Bash => &bash::GRAMMAR,
            Self::C => &c::GRAMMAR,
            Self::Cpp => &cpp::GRAMMAR,
            Self::CSharp => &csharp::GRAMMAR,
            Self::Go => &go::GRAMMAR,
            Self::Java => &java::GRAMMAR,
            Self::JavaScript => &javascript::GRAMMAR,
            Self::Kotlin => &kotlin::GRAMMAR,
            Self::Markdown => return None,
            Self::Php => &php::GRAMMAR,
            Self::Python => &python::GRAMMAR,
            Self::Ruby => &ruby::GRAMMAR,
            Self::Rust => &rust::GRAMMAR,
            Self::Scala => &scala::GRAMMAR,
            Self::Swift => &swift::GRAMMAR,
            Self::Tsx => &typescript::TSX,
            Self::TypeScript => &typescript::GRAMMAR,
        })
    }
}

/// The language that a script's first line names.
fn shebang(bytes: &[u8]) -> Option<Language> {
    let line = bytes.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = std::str::from_utf8(line.get(..line.len().min(200))?).ok()?;
    let mut words = line.split_whitespace().filter(|word| !word.starts_with('-'));
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut program = name(words.next()?);
    if program == "env" {
        program = name(words.find(|word| !word.contains('='))?);
    }
    Some(match program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.') {
        "sh" | "bash" | "dash" | "ksh" | "zsh" | "bats" => Language::Bash,
        "python" | "pypy" => Language::Python,
        "ruby" | "jruby" => Language::Ruby,
        "node" | "nodejs" | "bun" => Language::JavaScript,
        "deno" | "ts-node" | "tsx" => Language::TypeScript,
        "php" => Language::Php,
        "kotlin" | "kscript" => Language::Kotlin,
        "scala" | "amm" => Language::Scala,
        "swift" => Language::Swift,
        _ => return None,
    })
}

/// Whether a header says what C cannot.
fn is_cpp(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(SNIFFED_BYTES)];
    start.split(|&byte| byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let begins = |word: &str| {
            line.strip_prefix(word.as_bytes()).is_some_and(|rest| {
                rest.first().is_none_or(|&byte| byte == b' ' || byte == b'<' || byte == b':')
            })
        };
        (begins("class") && !line.ends_with(b";"))
            || begins("namespace")
            || begins("template")
            || ["public:", "private:", "protected:", "using "]
                .iter()
                .any(|mark| line.starts_with(mark.as_bytes()))
    })
}

#[cfg(test)]
mod tests;
