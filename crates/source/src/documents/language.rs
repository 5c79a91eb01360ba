//! What a file's name says about its text.

use lichen_model::{DocumentKind, RepoPath};

/// Data that is worth reading while it is small: settings, manifests.
const DATA_BYTES_MAX: u64 = 64 << 10;

/// How a file's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) kind: DocumentKind,
    pub(super) language: Option<&'static str>,
    pub(super) bytes_max: u64,
}

impl Class {
    const fn prose(kind: DocumentKind) -> Self {
        Self { kind, language: None, bytes_max: u64::MAX }
    }

    const fn code(language: &'static str) -> Self {
        Self { kind: DocumentKind::Code, language: Some(language), bytes_max: u64::MAX }
    }

    const fn data(language: &'static str) -> Self {
        Self { kind: DocumentKind::Code, language: Some(language), bytes_max: DATA_BYTES_MAX }
    }
}

/// Files that tools write to pin versions.
const LOCKS: [&str; 19] = [
    "bun.lock",
    "cargo.lock",
    "composer.lock",
    "conan.lock",
    "deno.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "gopkg.lock",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];
/// Endings of minified and derived files.
const DERIVED: [&str; 7] =
    [".min.js", ".min.css", ".min.mjs", ".bundle.js", "-bundle.js", ".js.map", ".css.map"];

/// The class of a file; `None` for one that is no document.
pub(super) fn classify(path: &RepoPath) -> Option<Class> {
    let name = path.to_text();
    let name = name.rsplit('/').next()?.to_ascii_lowercase();
    if LOCKS.contains(&name.as_str()) || DERIVED.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    if let Some(class) = by_name(&name) {
        return Some(class);
    }
    let (stem, extension) = name.rsplit_once('.')?;
    // `Dockerfile.dev`, `README.de`: the first part says more than an ending nobody knows.
    by_extension(extension).or_else(|| by_name(stem.split('.').next()?))
}

fn by_name(name: &str) -> Option<Class> {
    Some(match name {
        "readme" | "license" | "licence" | "copying" | "authors" | "contributors" | "changes"
        | "changelog" | "history" | "news" | "notice" | "todo" | "install" | "hacking"
        | "maintainers" | "thanks" | "security" | "codeowners" => Class::prose(DocumentKind::Text),
        "makefile" | "gnumakefile" | "kbuild" | "justfile" => Class::code("make"),
        "dockerfile" | "containerfile" => Class::code("dockerfile"),
        "cmakelists.txt" => Class::code("cmake"),
        "rakefile" | "gemfile" | "guardfile" | "podfile" | "vagrantfile" | "brewfile"
        | "fastfile" => Class::code("ruby"),
        "jenkinsfile" => Class::code("groovy"),
        "build" | "workspace" | "build.bazel" | "workspace.bazel" | "module.bazel"
        | "sconstruct" | "sconscript" | "wscript" => Class::code("python"),
        "configure.ac" | "configure.in" => Class::code("m4"),
        "go.mod" | "go.work" => Class::data("go"),
        "procfile" | ".editorconfig" | ".gitattributes" | ".gitmodules" => Class::data("ini"),
        ".bashrc" | ".bash_profile" | ".profile" | ".zshrc" => Class::code("shell"),
        _ => return None,
    })
}

fn by_extension(extension: &str) -> Option<Class> {
    Some(match extension {
        "md" | "markdown" | "mdown" | "mkd" | "mdx" | "qmd" | "rmd" | "mdc" => {
            Class::prose(DocumentKind::Markdown)
        }
        "rst" | "rest" => Class::prose(DocumentKind::Rst),
        "txt" | "text" | "adoc" | "asciidoc" | "asc" | "org" | "textile" | "wiki" | "mediawiki"
        | "pod" | "tex" | "typ" | "texi" | "texinfo" | "man" | "1" | "5" | "7" | "8" => {
            Class::prose(DocumentKind::Text)
        }
        "ipynb" => Class::prose(DocumentKind::Notebook),
        _ => return code(extension).map(Class::code).or_else(|| data(extension).map(Class::data)),
    })
}

fn code(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "rs" => "rust",
        "py" | "pyi" | "pyw" | "pyx" | "pxd" | "bzl" | "star" => "python",
        "js" | "mjs" | "cjs" | "jsx" => "javascript",
        "ts" | "mts" | "cts" | "tsx" => "typescript",
        "vue" | "svelte" | "astro" => "javascript",
        "go" => "go",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "scala" | "sc" | "sbt" => "scala",
        "groovy" | "gradle" => "groovy",
        "clj" | "cljs" | "cljc" | "edn" => "clojure",
        "c" | "h" => "c",
        "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "ipp" | "inl" | "tpp"
        | "ino" => "cpp",
        "cu" | "cuh" => "cuda",
        "m" => "objective-c",
        "mm" => "objective-cpp",
        "cs" | "csx" => "csharp",
        "fs" | "fsi" | "fsx" => "fsharp",
        "vb" | "bas" => "basic",
        "swift" => "swift",
        "rb" | "rake" | "gemspec" | "ru" => "ruby",
        "php" | "phtml" => "php",
        "pl" | "pm" | "t" => "perl",
        "raku" | "rakumod" => "raku",
        "lua" => "lua",
        "r" => "r",
        "jl" => "julia",
        "dart" => "dart",
        "ex" | "exs" | "heex" => "elixir",
        "erl" | "hrl" => "erlang",
        "hs" | "lhs" => "haskell",
        "elm" => "elm",
        "ml" | "mli" => "ocaml",
        "zig" | "zon" => "zig",
        "nim" => "nim",
        "d" => "d",
        "v" | "sv" | "svh" => "verilog",
        "vhd" | "vhdl" => "vhdl",
        "f" | "for" | "f77" | "f90" | "f95" | "f03" | "f08" => "fortran",
        "pas" | "pp" | "dpr" => "pascal",
        "ada" | "adb" | "ads" => "ada",
        "cob" | "cbl" => "cobol",
        "lisp" | "lsp" | "cl" | "asd" => "lisp",
        "el" => "emacs-lisp",
        "scm" | "ss" | "rkt" => "scheme",
        "fnl" => "fennel",
        "gd" => "gdscript",
        "sol" => "solidity",
        "move" => "move",
        "cairo" => "cairo",
        "wgsl" | "glsl" | "hlsl" | "vert" | "frag" | "metal" => "shader",
        "s" | "asm" => "assembly",
        "wat" => "wasm",
        "sh" | "bash" | "zsh" | "ksh" | "bats" => "shell",
        "fish" => "fish",
        "ps1" | "psm1" | "psd1" => "powershell",
        "bat" | "cmd" => "batch",
        "awk" => "awk",
        "tcl" => "tcl",
        "vim" => "vim",
        "nix" => "nix",
        "sql" | "ddl" | "psql" => "sql",
        "proto" => "protobuf",
        "thrift" => "thrift",
        "graphql" | "gql" => "graphql",
        "tf" | "tfvars" | "hcl" => "hcl",
        "rego" => "rego",
        "cmake" => "cmake",
        "mk" | "mak" => "make",
        "m4" | "ac" => "m4",
        "dockerfile" => "dockerfile",
        "html" | "htm" | "xhtml" | "j2" | "jinja" | "jinja2" | "hbs" | "ejs" | "erb" | "tmpl"
        | "mustache" => "html",
        "css" | "scss" | "sass" | "less" => "css",
        "mojo" => "mojo",
        "coffee" => "coffeescript",
        "hx" => "haxe",
        "pony" => "pony",
        "cr" => "crystal",
        "odin" => "odin",
        "lean" => "lean",
        "agda" => "agda",
        "idr" => "idris",
        "thy" => "isabelle",
        "tla" => "tla",
        "dhall" => "dhall",
        "jsonnet" | "libsonnet" => "jsonnet",
        "cue" => "cue",
        "applescript" => "applescript",
        "ahk" => "autohotkey",
        "pro" => "prolog",
        "feature" => "gherkin",
        "y" | "yy" => "yacc",
        "l" | "ll" => "lex",
        "pest" | "g4" | "peg" | "ebnf" => "grammar",
        _ => return None,
    })
}

fn data(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "json" | "jsonc" | "json5" => "json",
        "toml" => "toml",
        "yaml" | "yml" => "yaml",
        "ini" | "cfg" | "conf" | "properties" | "service" | "desktop" => "ini",
        "xml" | "xsd" | "xsl" | "xslt" | "plist" | "csproj" | "fsproj" | "vcxproj" | "props"
        | "targets" => "xml",
        "gni" | "gn" => "gn",
        "ron" => "ron",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
