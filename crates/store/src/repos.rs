//! Repositories, and the people in them.

use std::collections::HashMap;

use duckdb::{Connection, params};
use lichen_model::{Person, PersonId, Repo, RepoId};

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, Raw};

/// Adds repositories, and notes what changed about those that are there: the name, and whether history is cut.
pub(crate) fn append_repos(conn: &Connection, repos: &[Repo]) -> Result<()> {
    for repo in repos {
        conn.execute(
            "INSERT INTO repos (repo_id, key, name, object_format, shallow) VALUES (?::UUID, ?, ?, ?, ?)
             ON CONFLICT (repo_id) DO UPDATE SET name = excluded.name, object_format = excluded.object_format,
                 shallow = excluded.shallow
             WHERE (repos.name, repos.object_format, repos.shallow)
                 IS DISTINCT FROM (excluded.name, excluded.object_format, excluded.shallow)",
            params![row::uuid(repo.id.as_u128()), repo.key, repo.name, repo.object_format, repo.shallow],
        )
        .doing("store a repository")?;
    }
    Ok(())
}

/// Adds people, and follows the mailmap where it tells something else than before.
pub(crate) fn append_people(conn: &Connection, people: &[Person]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let list = row::uuid_list(people.iter().map(|person| person.id.as_u128()));
    let mut statement = conn
        .prepare(&format!("SELECT person_id, canonical_id FROM people WHERE person_id IN ({list})"))
        .doing("look people up")?;
    let stored = statement
        .query_map([], |row| Ok((row.get::<_, Raw>(0)?.0, row.get::<_, Raw>(1)?.0)))
        .and_then(Iterator::collect::<duckdb::Result<HashMap<_, _>>>)
        .doing("look people up")?;
    let mut named = HashMap::new();
    for person in people {
        named.insert(person.id.as_u128(), person);
    }
    let mut new: Vec<&Person> = Vec::new();
    for (id, person) in named {
        match stored.get(&id) {
            None => new.push(person),
            Some(&canonical) if canonical == person.canonical.as_u128() => {}
            Some(_) => {
                conn.execute(
                    "UPDATE people SET canonical_id = ?::UUID WHERE person_id = ?::UUID",
                    params![row::uuid(person.canonical.as_u128()), row::uuid(id)],
                )
                .doing("follow the mailmap")?;
            }
        }
    }
    new.sort_by_key(|person| person.id);
    Columns::default()
        .ids("person_id", new.iter().map(|person| person.id.as_u128()))
        .texts("name", new.iter().map(|person| person.name.as_str()))
        .texts("email", new.iter().map(|person| person.email.as_str()))
        .ids("canonical_id", new.iter().map(|person| person.canonical.as_u128()))
        .append(conn, "people")
        .doing("store people")
}

impl Reader {
    /// Every repository, by its key.
    pub fn repos(&self) -> Result<Vec<Repo>> {
        let doing = "read the repositories";
        let mut statement = self
            .conn
            .prepare("SELECT repo_id, key, name, object_format, shallow FROM repos ORDER BY key")
            .doing(doing)?;
        let rows = statement.query_map([], |row| {
            Ok(Repo {
                id: RepoId::from_u128(row.get::<_, Raw>(0)?.0),
                key: row.get(1)?,
                name: row.get(2)?,
                object_format: row.get(3)?,
                shallow: row.get(4)?,
            })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// Every person, by name.
    pub fn people(&self) -> Result<Vec<Person>> {
        let doing = "read the people";
        let mut statement = self
            .conn
            .prepare("SELECT person_id, name, email, canonical_id FROM people ORDER BY name, email")
            .doing(doing)?;
        let rows = statement.query_map([], |row| {
            Ok(Person {
                id: PersonId::from_u128(row.get::<_, Raw>(0)?.0),
                name: row.get(1)?,
                email: row.get(2)?,
                canonical: PersonId::from_u128(row.get::<_, Raw>(3)?.0),
            })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }
}
