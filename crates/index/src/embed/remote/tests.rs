//! The remote model against a service in this process that misbehaves.

mod service;

use std::sync::atomic::{AtomicU64, Ordering};

use lichen_model::Timestamp;
use serde_json::{Value, json};
use service::{Answer, Asked, TestService};

use super::*;

/// Time that passes only by sleeping, and how long each sleep was.
#[derive(Default)]
struct Time {
    nanos: AtomicU64,
    slept: Mutex<Vec<u64>>,
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic_nanos(&self) -> u64 {
        self.nanos.load(Ordering::SeqCst)
    }
}

impl Sleep for Time {
    fn sleep(&self, millis: u64) {
        self.nanos.fetch_add(millis * 1_000_000, Ordering::SeqCst);
        self.slept.lock().unwrap().push(millis);
    }
}

struct Case {
    remote: Remote,
    time: Arc<Time>,
    service: TestService,
}

fn case(
    service: Service,
    change: impl FnOnce(&mut RemoteSettings),
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Case {
    let running = TestService::start(answer);
    let mut settings = RemoteSettings::new(service, "tiny", 2, ApiKey::new("secret-key"));
    settings.url.clone_from(&running.url);
    settings.parallel = 1;
    change(&mut settings);
    let time = Arc::new(Time::default());
    let remote = Remote::new(settings, Arc::<Time>::clone(&time), Arc::<Time>::clone(&time));
    Case { remote, time, service: running }
}

/// The texts of a request to an `OpenAI`-compatible service.
fn inputs(asked: &Asked) -> Vec<String> {
    asked.body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// A vector that tells the text's length.
fn vector_of(text: &str) -> [f32; 2] {
    [text.len() as f32, 1.0]
}

fn expected(text: &str) -> Vec<f32> {
    unit(&vector_of(text)).unwrap()
}

/// What a service that behaves answers; items come in the wrong order, which their numbers tell.
fn good(asked: &Asked) -> Answer {
    let texts = inputs(asked);
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector_of(text) }))
        .collect();
    Answer::json(200, &json!({ "data": data, "model": "tiny" }))
}

#[test]
fn texts_go_in_batches_and_come_back_in_order() {
    for parallel in [1, 3] {
        let change = |settings: &mut RemoteSettings| {
            settings.batch_texts = 3;
            settings.batch_bytes = 20;
            settings.parallel = parallel;
            settings.ask_dims = true;
        };
        let case = case(Service::OpenAi, change, good);
        let texts =
            ["a", "bb", "ccc", "dddd", "", "  ", "eeeee", "ffffffffffffffffffffffffffffff", "g"];
        let vectors = case.remote.embed(&texts).unwrap();
        assert_eq!(vectors.len(), texts.len());
        for (text, vector) in texts.iter().zip(vectors.rows()) {
            let expected = if text.trim().is_empty() { vec![0.0; 2] } else { expected(text) };
            assert_eq!(vector, expected, "{text}");
        }
        let asked = case.service.asked();
        let mut sizes: Vec<usize> = asked.iter().map(|asked| inputs(asked).len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1, 2, 3]);
        for asked in &asked {
            assert_eq!(asked.path, "/embeddings");
            assert_eq!(asked.header("authorization"), Some("Bearer secret-key"));
            assert_eq!(asked.body["model"], "tiny");
            assert_eq!(asked.body["dimensions"], 2);
        }
    }
}

#[test]
fn no_texts_ask_nothing() {
    let case = case(Service::OpenAi, |_| {}, good);
    assert!(case.remote.embed(&[]).unwrap().is_empty());
    assert_eq!(case.remote.embed(&["", "\n"]).unwrap().values(), [0.0; 4]);
    assert_eq!(case.service.asked().len(), 0);
}

#[test]
fn long_texts_are_cut_between_characters() {
    let case = case(Service::OpenAi, |settings| settings.text_bytes_max = 5, good);
    case.remote.embed(&["ééé"]).unwrap();
    assert_eq!(inputs(&case.service.asked()[0]), ["éé"]);
}

#[test]
fn gemini_has_its_own_form() {
    let case = case(
        Service::Gemini,
        |_| {},
        |asked| {
            let texts = asked.body["requests"].as_array().unwrap();
            let embeddings: Vec<Value> = texts
            .iter()
            .map(|item| json!({ "values": vector_of(item["content"]["parts"][0]["text"].as_str().unwrap()) }))
            .collect();
            Answer::json(200, &json!({ "embeddings": embeddings }))
        },
    );
    let vectors = case.remote.embed(&["one", "three"]).unwrap();
    assert_eq!(vectors.row(1).unwrap(), expected("three"));
    case.remote.embed_query("what").unwrap();
    let asked = case.service.asked();
    assert_eq!(asked[0].path, "/models/tiny:batchEmbedContents");
    assert_eq!(asked[0].header("x-goog-api-key"), Some("secret-key"));
    assert_eq!(asked[0].header("authorization"), None);
    assert_eq!(asked[0].body["requests"][0]["model"], "models/tiny");
    assert_eq!(asked[0].body["requests"][0]["taskType"], "RETRIEVAL_DOCUMENT");
    assert_eq!(asked[0].body["requests"][0]["outputDimensionality"], 2);
    assert_eq!(asked[1].body["requests"][0]["taskType"], "RETRIEVAL_QUERY");
    assert_eq!(case.remote.key(), &ModelKey { name: "gemini:tiny".to_owned(), dims: 2 });
}

#[test]
fn a_busy_service_is_asked_again_and_told_waits_are_kept() {
    let case = case(
        Service::OpenAi,
        |_| {},
        |asked| match asked.number {
            0 => {
                Answer::json(429, &json!({ "error": "slow down" })).with_header("Retry-After", "7")
            }
            1 => Answer::json(503, &json!({})),
            2 => Answer::HangUp,
            3 => Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"data\"".to_owned()),
            4 => Answer::json(500, &json!({})),
            _ => good(asked),
        },
    );
    assert_eq!(case.remote.embed(&["text"]).unwrap().row(0).unwrap(), expected("text"));
    let slept = case.time.slept.lock().unwrap().clone();
    assert_eq!(slept.len(), 5);
    assert_eq!(slept[0], 7000);
    for (slept, whole) in slept[1..].iter().zip([1000, 2000, 4000, 8000]) {
        assert!((whole / 2..=whole).contains(slept), "{slept} of {whole}");
    }
}

#[test]
fn a_service_that_stays_busy_is_given_up() {
    let case = case(
        Service::OpenAi,
        |settings| settings.retries = 2,
        |_| Answer::json(429, &json!({ "error": "no" })),
    );
    let error = case.remote.embed(&["text"]).unwrap_err();
    assert!(
        matches!(error, EmbedError::Busy { status: 429, retry_after_secs: None, .. }),
        "{error}"
    );
    assert_eq!(case.service.asked().len(), 3);
}

#[test]
fn a_wait_of_hours_is_not_waited() {
    let answer = |_: &Asked| Answer::json(429, &json!({})).with_header("retry-after", "86400");
    let case = case(Service::OpenAi, |_| {}, answer);
    let error = case.remote.embed(&["text"]).unwrap_err();
    assert!(matches!(error, EmbedError::Busy { retry_after_secs: Some(86400), .. }), "{error}");
    assert_eq!(*case.time.slept.lock().unwrap(), [0u64; 0]);
}

#[test]
fn a_batch_that_is_too_large_is_halved() {
    let case = case(
        Service::OpenAi,
        |_| {},
        |asked| {
            if inputs(asked).len() > 2 { Answer::json(413, &json!({})) } else { good(asked) }
        },
    );
    let texts = ["a", "bb", "ccc", "dddd", "eeeee"];
    let vectors = case.remote.embed(&texts).unwrap();
    for (text, vector) in texts.iter().zip(vectors.rows()) {
        assert_eq!(vector, expected(text));
    }
}

#[test]
fn failures_say_what_to_do_and_never_the_key() {
    type Check = fn(&EmbedError) -> bool;
    let echo = json!({ "error": "key secret-key is wrong" });
    let cases: [(Answer, Check); 11] = [
        (Answer::json(401, &echo), |error| {
            matches!(error, EmbedError::Refused { status: 401, .. })
        }),
        (Answer::json(403, &echo), |error| {
            matches!(error, EmbedError::Refused { status: 403, .. })
        }),
        (Answer::json(404, &echo), |error| matches!(error, EmbedError::NoModel { .. })),
        (Answer::json(413, &echo), |error| matches!(error, EmbedError::TooLarge { bytes: 4 })),
        (Answer::json(418, &echo), |error| matches!(error, EmbedError::Status { status: 418, .. })),
        (Answer::json(200, &json!({ "data": [] })), |error| {
            matches!(error, EmbedError::Malformed(_))
        }),
        (Answer::json(200, &json!({ "weather": "fine" })), |error| {
            matches!(error, EmbedError::Malformed(_))
        }),
        (
            Answer::json(200, &json!({ "data": [{ "index": 3, "embedding": [1.0, 2.0] }] })),
            |error| matches!(error, EmbedError::Malformed(_)),
        ),
        (
            Answer::json(200, &json!({ "data": [{ "index": 0, "embedding": [1.0, 2.0, 3.0] }] })),
            |error| matches!(error, EmbedError::Dimensions { got: 3, .. }),
        ),
        (
            Answer::json(200, &json!({ "data": [{ "index": 0, "embedding": [null, 2.0] }] })),
            |error| matches!(error, EmbedError::Malformed(_)),
        ),
        (Answer::Raw("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<htm".to_owned()), |error| {
            matches!(error, EmbedError::Malformed(_))
        }),
    ];
    for (answer, check) in cases {
        let told = answer.clone();
        let case = case(Service::OpenAi, |_| {}, move |_| told.clone());
        let error = case.remote.embed(&["text"]).unwrap_err();
        assert!(check(&error), "{answer:?}: {error:?}");
        assert_eq!(case.service.asked().len(), 1, "{answer:?}: asked once");
        for shown in [error.to_string(), format!("{error:?}"), format!("{:?}", case.remote)] {
            assert!(!shown.contains("secret-key"), "{shown}");
        }
    }
}

#[test]
fn nobody_there_is_told_without_the_key() {
    let case = case(Service::OpenAi, |settings| settings.retries = 1, |_| Answer::HangUp);
    let error = case.remote.embed(&["text"]).unwrap_err();
    assert!(matches!(error, EmbedError::Transport { service: "openai", .. }), "{error:?}");
    assert_eq!(case.time.slept.lock().unwrap().len(), 1);
}

#[test]
fn requests_and_tokens_per_minute_are_kept() {
    let change = |settings: &mut RemoteSettings| {
        settings.batch_texts = 1;
        settings.requests_per_minute = 30;
    };
    let requests = case(Service::OpenAi, change, good);
    requests.remote.embed(&["a", "b", "c"]).unwrap();
    assert_eq!(*requests.time.slept.lock().unwrap(), [2000, 2000]);
    let change = |settings: &mut RemoteSettings| {
        settings.batch_texts = 1;
        settings.tokens_per_minute = 60;
    };
    let tokens = case(Service::OpenAi, change, good);
    tokens.remote.embed(&["twelve bytes", "b", "c"]).unwrap();
    assert_eq!(*tokens.time.slept.lock().unwrap(), [3000, 1000]);
}
