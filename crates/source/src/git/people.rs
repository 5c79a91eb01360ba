//! People: as recorded, and who they are after the mailmap.

use std::collections::HashSet;

use gix::actor::SignatureRef;
use gix::mailmap::Snapshot;
use lichen_model::{Person, PersonId};

/// The people of one batch.
pub(super) struct People<'a> {
    mailmap: &'a Snapshot,
    found: HashSet<PersonId>,
    pub(super) list: Vec<Person>,
}

impl<'a> People<'a> {
    pub(super) fn new(mailmap: &'a Snapshot) -> Self {
        Self { mailmap, found: HashSet::new(), list: Vec::new() }
    }

    /// The id of the person recorded as `name <email>`, who joins the batch together with whom the mailmap names.
    pub(super) fn id(&mut self, name: &str, email: &str) -> PersonId {
        let id = Person::id(name, email);
        let mut next = self.found.insert(id).then(|| (name.to_owned(), email.to_owned()));
        // A mailmap may say of whom it names that they are someone else again; each person is looked at once.
        while let Some((name, email)) = next.take() {
            let (canonical_name, canonical_email) = canonical(self.mailmap, &name, &email);
            let canonical = Person::id(&canonical_name, &canonical_email);
            self.list.push(Person { id: Person::id(&name, &email), name, email, canonical });
            if self.found.insert(canonical) {
                next = Some((canonical_name, canonical_email));
            }
        }
        id
    }
}

/// The name and address that the mailmap gives for `name <email>`.
pub(super) fn canonical(mailmap: &Snapshot, name: &str, email: &str) -> (String, String) {
    let recorded = SignatureRef { name: name.into(), email: email.into(), time: "" };
    let resolved = mailmap.try_resolve_ref(recorded);
    let (new_name, new_email) = resolved.map_or((None, None), |found| (found.name, found.email));
    let text = |new: Option<&gix::bstr::BStr>, old: &str| {
        new.map_or_else(|| old.to_owned(), ToString::to_string)
    };
    (text(new_name, name), text(new_email, email))
}

/// People known before whom the mailmap now takes for someone else.
pub(super) fn changed(mailmap: &Snapshot, known: &[Person]) -> Vec<Person> {
    let mut people = People::new(mailmap);
    for person in known {
        let (name, email) = canonical(mailmap, &person.name, &person.email);
        if Person::id(&name, &email) != person.canonical {
            people.id(&person.name, &person.email);
        }
    }
    people.list
}
