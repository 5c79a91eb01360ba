//! Rules about dependencies: layers, walls around heavy crates, `anyhow` at the edge.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::process::output;
use crate::workspace::Workspace;

/// Which of our crates each of them may depend on. A new edge comes with a decision record.
const LAYERS: &[(&str, &[&str])] = &[
    ("lichen-model", &[]),
    ("lichen-source", &["lichen-model"]),
    ("lichen-store", &["lichen-model"]),
    ("lichen-index", &["lichen-model"]),
    ("lichen-engine", &["lichen-index", "lichen-model", "lichen-source", "lichen-store"]),
    ("lichen-server", &["lichen-engine", "lichen-model"]),
    ("lichen", &["lichen-engine", "lichen-model", "lichen-server"]),
    // Development only.
    ("lichen-bench", &["lichen-engine", "lichen-model", "lichen-source", "lichen-store"]),
    ("lichen-testkit", &["lichen-model"]),
    ("xtask", &[]),
];

/// A heavy crate, who walls it off, and who must not reach it on any way, tests included.
struct Wall {
    heavy: &'static str,
    behind: &'static str,
    kept_from: &'static [&'static str],
}

const WALLS: &[Wall] = &[
    Wall {
        heavy: "libduckdb-sys",
        behind: "lichen-store",
        kept_from: &["lichen-model", "lichen-source", "lichen-index", "xtask"],
    },
    Wall {
        heavy: "tantivy",
        behind: "lichen-index",
        kept_from: &["lichen-model", "lichen-source", "lichen-store", "xtask"],
    },
    Wall {
        heavy: "gix",
        behind: "lichen-source",
        kept_from: &["lichen-model", "lichen-store", "lichen-index", "xtask"],
    },
    Wall {
        heavy: "tokio",
        behind: "lichen-server",
        kept_from: &[
            "lichen-model",
            "lichen-source",
            "lichen-store",
            "lichen-index",
            "lichen-engine",
            "xtask",
        ],
    },
];

/// Who may use `anyhow` outside of tests.
const EDGE: &[&str] = &["lichen", "lichen-bench", "xtask"];

/// What Cargo knows about our crates and everything below them.
pub(super) struct Graph {
    /// Our crates: what their manifests say, by name.
    pub(super) members: BTreeMap<String, Vec<Dependency>>,
    /// Every package with the packages it is built from; tests' dependencies only for members.
    pub(super) edges: BTreeMap<String, Vec<Dependency>>,
}

pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) only_for_tests: bool,
}

impl Graph {
    pub(super) fn load(workspace: &Workspace) -> Result<Self> {
        let rustc = output(std::process::Command::new("rustc").arg("-vV"))?;
        let host = rustc
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("`rustc -vV` names no host")?;
        let metadata = |offline: &[&str]| {
            let mut cargo = workspace.cargo();
            // For this platform only: what other ones need may never have been downloaded.
            cargo
                .args(["metadata", "--format-version", "1", "--filter-platform", host])
                .args(offline);
            output(&mut cargo)
        };
        let text = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
        Self::parse(&serde_json::from_str(&text)?)
            .context("`cargo metadata` has another form than expected")
    }

    /// Reads the output of `cargo metadata`; nothing when a part is missing.
    pub(super) fn parse(metadata: &Value) -> Option<Self> {
        let mut names = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            names.insert(package["id"].as_str()?, package["name"].as_str()?);
        }
        let ours: BTreeSet<&str> =
            metadata["workspace_members"].as_array()?.iter().filter_map(Value::as_str).collect();
        let mut members = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            if ours.contains(package["id"].as_str()?) {
                let mut dependencies = Vec::new();
                for dependency in package["dependencies"].as_array()? {
                    let only_for_tests = dependency["kind"].as_str() == Some("dev");
                    dependencies.push(Dependency {
                        name: dependency["name"].as_str()?.to_owned(),
                        only_for_tests,
                    });
                }
                members.insert(package["name"].as_str()?.to_owned(), dependencies);
            }
        }
        let mut edges: BTreeMap<String, Vec<Dependency>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array()? {
            // Versions of one package fall together: a wall stands against all of them.
            let from = edges.entry((*names.get(node["id"].as_str()?)?).to_owned()).or_default();
            for dependency in node["deps"].as_array()? {
                let kinds = dependency["dep_kinds"].as_array()?;
                let only_for_tests = kinds.iter().all(|kind| kind["kind"].as_str() == Some("dev"));
                let name = (*names.get(dependency["pkg"].as_str()?)?).to_owned();
                from.push(Dependency { name, only_for_tests });
            }
        }
        Some(Self { members, edges })
    }

    /// Whether building `from`, its tests included, builds `to`.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> =
            self.edges.get(from).into_iter().flatten().map(|found| found.name.as_str()).collect();
        while let Some(name) = open.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                let below = self
                    .edges
                    .get(name)
                    .into_iter()
                    .flatten()
                    .filter(|found| !found.only_for_tests);
                open.extend(below.map(|found| found.name.as_str()));
            }
        }
        false
    }
}

/// `anyhow` is a dependency of the edge and of tests only.
pub(super) fn anyhow_at_the_edge(graph: &Graph) -> Vec<Finding> {
    let uses = |dependencies: &Vec<Dependency>| {
        dependencies.iter().any(|found| found.name == "anyhow" && !found.only_for_tests)
    };
    graph
        .members
        .iter()
        .filter(|(member, dependencies)| !EDGE.contains(&member.as_str()) && uses(dependencies))
        .map(|(member, _)| {
            Finding::new(member, "depends on `anyhow`: a library has its own error type")
        })
        .collect()
}

/// Our crates depend on each other downward only.
pub(super) fn layers(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (member, dependencies) in &graph.members {
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| name == member) else {
            findings.push(Finding::new(member, "has no place in the list of layers"));
            continue;
        };
        for dependency in
            dependencies.iter().filter(|found| graph.members.contains_key(&found.name))
        {
            let name = dependency.name.as_str();
            // Tests may use what is made for them, and look further down than the crate itself.
            let for_tests =
                dependency.only_for_tests && (name == "lichen-testkit" || is_below(name, member));
            if !for_tests && !below.contains(&name) {
                findings.push(Finding::new(
                    member,
                    format!("depends on `{}`, which is not below it", dependency.name),
                ));
            }
        }
    }
    findings
}

fn is_below(lower: &str, upper: &str) -> bool {
    let below = LAYERS.iter().find(|(name, _)| *name == upper).map_or(&[][..], |(_, below)| below);
    below.iter().any(|name| *name == lower || is_below(lower, name))
}

/// Heavy crates are compiled for the crate that walls them off and what sits on it, and for nobody else.
pub(super) fn heavy_dependencies_stay_behind_their_crate(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wall in WALLS {
        // The control: without it a misspelt name would pass for ever.
        if !graph.reaches(wall.behind, wall.heavy) {
            findings.push(Finding::new(
                wall.behind,
                format!("does not reach `{}`: the list of walls is wrong", wall.heavy),
            ));
        }
        for member in wall.kept_from {
            if !graph.members.contains_key(*member) {
                findings.push(Finding::new(
                    *member,
                    "is in the list of walls, but no crate of this workspace",
                ));
            }
            if graph.reaches(member, wall.heavy) {
                let text =
                    format!("reaches `{}`, which stays behind `{}`", wall.heavy, wall.behind);
                findings.push(Finding::new(*member, text));
            }
        }
    }
    findings
}
