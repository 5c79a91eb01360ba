//! Names of files.

use lichen_model::{DocumentKind, RepoPath};

use super::classify;

#[test]
fn by_name_and_extension() {
    let told = |path: &str| {
        classify(&RepoPath::from(path)).map(|class| (class.kind, class.language.unwrap_or("")))
    };
    for (path, kind, language) in [
        ("a/README", DocumentKind::Text, ""),
        ("readme.MD", DocumentKind::Markdown, ""),
        ("README.de", DocumentKind::Text, ""),
        ("Dockerfile.dev", DocumentKind::Code, "dockerfile"),
        ("CMakeLists.txt", DocumentKind::Code, "cmake"),
        ("x.tar.rs", DocumentKind::Code, "rust"),
        (".github/ci.yml", DocumentKind::Code, "yaml"),
        ("a.b/Makefile", DocumentKind::Code, "make"),
        ("n.ipynb", DocumentKind::Notebook, ""),
    ] {
        assert_eq!(told(path), Some((kind, language)), "{path}");
    }
    for path in [
        "",
        "a",
        "x.png",
        "Cargo.lock",
        "yarn.lock",
        "a.min.js",
        ".env",
        "id_rsa",
        "key.pem",
        "..",
        "a.",
    ] {
        assert_eq!(told(path), None, "{path}");
    }
}
