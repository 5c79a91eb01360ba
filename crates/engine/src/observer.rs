//! How long work tells where it is, and is told to stop.

/// Watches long work. The program draws progress bars with it; tests listen.
pub trait Observer: Send {
    /// A stage begins: its name for people, and how many units it has where that is known.
    fn stage(&mut self, name: &str, total: Option<u64>);
    /// How many units the stage has, once that is known.
    fn stage_total(&mut self, total: u64);
    /// `done` units of the stage are done.
    fn done(&mut self, done: u64);
    /// Something worth a line that is no problem: what was found, what is rebuilt and why.
    fn note(&mut self, text: &str);
    /// Whether to stop at the next point where the store is whole.
    fn cancelled(&self) -> bool;
}

/// Watches nothing and never stops anything.
#[derive(Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn stage(&mut self, _name: &str, _total: Option<u64>) {}
    fn stage_total(&mut self, _total: u64) {}
    fn done(&mut self, _done: u64) {}
    fn note(&mut self, _text: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}
