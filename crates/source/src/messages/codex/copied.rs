//! What a session has from the one it was forked from, or from the one that started it.

use lichen_model::{MessageId, Role, Zoned};

use super::rollout;
use super::{NAME, Rollout};
use crate::messages::Source;
use crate::messages::agent::Said;
use crate::messages::agent::growing::{Told, Transcript};
use crate::messages::parts;

/// Sessions that are followed back, one from the other.
const DEPTH_MAX: u8 = 4;

/// A message of the session before, said there or taken from yet another one.
#[derive(Clone)]
pub(super) struct Known {
    key: u64,
    /// It was said before the session began.
    earlier: bool,
    pub(super) id: MessageId,
    pub(super) sent: Zoned,
    /// The calls it holds, and their tools.
    pub(super) calls: Vec<(String, String)>,
    /// The call that it is the result of, and the result.
    result: Option<(String, String)>,
}

/// The messages of the session before, in order.
pub(super) struct Copied {
    known: Vec<Known>,
    /// The first of them that has not been met again.
    next: usize,
    /// The session says that it was forked: it begins with a copy.
    pub(super) named: bool,
}

impl Copied {
    /// What the session `before` said; only what it said until `began` can be copied. `None` where its file is gone: then the copy is all there is.
    pub(super) fn of(
        before: &str,
        source: &Source,
        began: Option<Zoned>,
        depth: u8,
    ) -> Option<Self> {
        if depth >= DEPTH_MAX {
            return None;
        }
        let path = rollout::find(&source.path, before)?;
        let source = Source { path, position: None, ..source.clone() };
        let mut rollout = Rollout::new(&source, depth + 1);
        let mut known = Vec::new();
        rollout::each_line(&source, &mut |line| {
            let mut told = Told::default();
            // What is wrong with it is told where it is read itself.
            drop(rollout.line(line, &mut told));
            known.append(&mut rollout.taken);
            known.extend(told.messages.into_iter().map(|message| {
                let calls: Vec<_> = message
                    .tool_calls
                    .iter()
                    .map(|call| (call.external_id.clone(), call.tool.clone()))
                    .collect();
                let answers = message.external_id.strip_suffix("#output");
                let result = (message.role == Role::Tool)
                    .then(|| (answers.unwrap_or_default().to_owned(), message.text.clone()));
                Known {
                    earlier: false,
                    key: key(message.role, &message.text, calls.first(), answers),
                    id: message.id,
                    sent: message.sent,
                    calls,
                    result,
                }
            }));
        })
        .ok()?;
        for known in &mut known {
            known.earlier = began.is_none_or(|began| known.sent.at <= began.at);
        }
        Some(Self { known, next: 0, named: false })
    }

    /// The message of the session before that says the same, not before the last one found.
    pub(super) fn find(&mut self, said: &Said) -> Option<&Known> {
        if !self.named {
            return None;
        }
        let call = said.calls.first().map(|call| (call.external_id.clone(), call.tool.clone()));
        let key = key(said.role, &said.text, call.as_ref(), said.answers.as_deref());
        let at = self.next
            + self.known[self.next..].iter().position(|known| known.earlier && known.key == key)?;
        self.next = at + 1;
        Some(&self.known[at])
    }

    /// The message that called for the sub-agent: the one whose result names it.
    pub(super) fn start_of(&self, agent: &str) -> Option<MessageId> {
        let (call, _) = self
            .known
            .iter()
            .filter_map(|known| known.result.as_ref())
            .find(|(_, text)| !agent.is_empty() && text.contains(agent))?;
        let holds = |known: &&Known| known.calls.iter().any(|(id, _)| id == call);
        self.known.iter().find(holds).map(|known| known.id)
    }
}

fn key(role: Role, text: &str, call: Option<&(String, String)>, answers: Option<&str>) -> u64 {
    parts::key(&(NAME, role, text, call.map(|(id, _)| id), answers.unwrap_or_default()))
}
