//! Attaching anew: the way back after DuckDB has given the file up.

use std::sync::Arc;
use std::time::Duration;

use lichen_model::{Batch, Clock, Progress, Timestamp};

use super::{Options, Store};
use crate::SqlLimits;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic_nanos(&self) -> u64 {
        0
    }
}

fn progress(source: &str) -> Batch {
    let progress = vec![Progress { source: source.into(), position: "1".into() }];
    Batch { progress, ..Batch::default() }
}

#[test]
fn a_store_that_was_attached_anew_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), Options::new("a test", Arc::new(Still))).unwrap();
    store.append(&progress("a")).unwrap();
    // A reader made before goes on too, and so does SQL of users, which took access to files away.
    let reader = store.reader().unwrap();
    assert_eq!(reader.progress_all().unwrap().len(), 1);
    // While the file is not there, a reader says that it is being taken again.
    store.conn.execute_batch("USE memory; DETACH lichen").unwrap();
    let error = reader.progress_all().unwrap_err();
    assert!(error.is_given_up(), "{error:?}");
    let limits = SqlLimits { rows: 1, timeout: Duration::from_mins(1) };
    for round in 0..2 {
        store.reattach().unwrap();
        store.append(&progress(&format!("b{round}"))).unwrap();
        assert_eq!(store.read().progress_all().unwrap().len(), 2 + round);
        assert_eq!(reader.progress_all().unwrap().len(), 2 + round);
        assert_eq!(store.sql("FROM ingest_progress", limits).unwrap().rows.len(), 1);
    }
    store.close().unwrap();
    let store = Store::open(dir.path(), Options::new("a test", Arc::new(Still))).unwrap();
    assert_eq!(store.read().progress_all().unwrap().len(), 3);
}
