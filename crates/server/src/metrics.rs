//! What is counted while a store is served, in the text form of Prometheus.

use std::sync::atomic::{AtomicI64, AtomicU64};

use lichen_engine::LiveStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The media type of what [`Metrics::text`] gives.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the histogram of times, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// Counts and gauges.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter<u64, AtomicU64>>,
    seconds: Family<Route, Histogram>,
    messages: Counter<u64, AtomicU64>,
    durable: Gauge<i64, AtomicI64>,
    searchable: Gauge<i64, AtomicI64>,
    journal_bytes: Gauge<i64, AtomicI64>,
    troubled: Gauge<i64, AtomicI64>,
    refused: Gauge<i64, AtomicI64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("lichen");
        let requests = Family::default();
        let seconds: Family<Route, Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let messages = Counter::default();
        let durable = Gauge::default();
        let searchable = Gauge::default();
        let journal_bytes = Gauge::default();
        let troubled = Gauge::default();
        let refused = Gauge::default();
        registry.register("requests", "Requests that were answered", requests.clone());
        registry.register_with_unit(
            "request",
            "Time until the head of the answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("messages_appended", "Messages that were acknowledged", messages.clone());
        let told = "The last record of the journal that cannot be lost";
        registry.register("journal_durable", told, durable.clone());
        let told = "The last record of the journal whose messages are found";
        registry.register("journal_searchable", told, searchable.clone());
        let told = "Size of the journal";
        registry.register_with_unit("journal", told, Unit::Bytes, journal_bytes.clone());
        let told = "1 while nothing is taken in from the journal";
        registry.register("journal_troubled", told, troubled.clone());
        let told = "Records that the database refused";
        registry.register("journal_refused", told, refused.clone());
        Self {
            registry,
            requests,
            seconds,
            messages,
            durable,
            searchable,
            journal_bytes,
            troubled,
            refused,
        }
    }

    /// A request was answered. Routes are those that there are, so their number is bounded.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.requests.get_or_create(&Request { method, route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { route }).observe(seconds);
    }

    /// Messages were acknowledged.
    pub(crate) fn appended(&self, messages: usize) {
        self.messages.inc_by(messages as u64);
    }

    /// All of it, with how far the engine is.
    pub(crate) fn text(&self, status: &LiveStatus) -> String {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.durable.set(number(status.durable));
        self.searchable.set(number(status.searchable));
        self.journal_bytes.set(number(status.journal_bytes));
        self.troubled.set(i64::from(status.trouble.is_some()));
        self.refused.set(number(status.refused.len() as u64));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes all that is written");
        text
    }
}
