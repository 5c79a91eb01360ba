//! Passages: the invariants of cutting on any input, and where each kind of text is cut.
