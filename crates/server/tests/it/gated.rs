//! Every route, as its description lists it, against those who may not reach it.

use lichen_server::description;
use serde_json::Value as Json;

use crate::served::{Remembered, Served, bearer};

/// A route: its method, a target that fits it, and the scopes that it declares.
struct Route {
    method: String,
    path: String,
    target: String,
    needs: Vec<String>,
}

fn routes() -> Vec<Route> {
    let description = description();
    let mut routes = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needs = operation["security"][0]["key"].as_array();
            let needs = needs.into_iter().flatten().map(|need| need.as_str().unwrap().to_owned());
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                target: path
                    .replace("{stream}", "kitchen")
                    .replace("{number}", "0")
                    .replace(['{', '}'], ""),
                needs: needs.collect(),
            });
        }
    }
    assert!(routes.len() > 25);
    routes
}

fn json_type() -> String {
    "Content-Type: application/json".to_owned()
}

fn status(served: &Served, route: &Route, lines: &[String]) -> u16 {
    served.send(&route.method, &route.target, lines, "{}").status
}

#[test]
fn no_route_but_one_is_open() {
    let served = Remembered::new().serve();
    let open: Vec<String> = routes()
        .iter()
        .filter(|route| status(&served, route, &[json_type()]) != 401)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(open, ["GET /healthz"]);
    assert_eq!(routes().iter().filter(|route| route.needs.is_empty()).count(), 1);
    for target in ["/", "/v1", "/v1/nothing", "/v1/recall/", "/..", "/healthz/", "/openapi"] {
        assert_eq!(served.send("GET", target, &[], "").status, 401, "{target}");
    }
    let heard = served.send("GET", "/v1/status", &[], "");
    assert!(
        heard.head.contains("www-authenticate: bearer")
            && heard.head.contains("application/problem+json")
    );
    assert_eq!(heard.json()["status"], 401);
}

#[test]
fn each_scope_reaches_what_declares_it_and_nothing_else() {
    let served = Remembered::new().serve();
    for scope in ["read", "write", "archive", "admin"] {
        let whole = bearer(&served.key(&[scope], &[]));
        let limited = bearer(&served.key(&[scope], &["kitchen"]));
        for route in routes() {
            // Its body would not end.
            let follows = route.path.ends_with("/events");
            let may = route.needs.iter().any(|need| need == scope);
            let may_limited = may && !route.needs.iter().any(|need| need == "all-streams");
            for (key, may) in [(&whole, may), (&limited, may_limited)] {
                if route.needs.is_empty() || (may && follows) {
                    continue;
                }
                let status = status(&served, &route, &[key.clone(), json_type()]);
                assert_eq!(status != 403, may, "{scope} {} {}: {status}", route.method, route.path);
                assert!(status < 500 && status != 401, "{} {}: {status}", route.method, route.path);
            }
        }
    }
}

#[test]
fn pages_of_other_origins_reach_nothing() {
    let served = Remembered::new().serve();
    let key = bearer(&served.key(&["read", "write", "archive", "admin"], &[]));
    let port = served.address().port();
    let own = format!("Host: 127.0.0.1:{port}");
    let heads: Vec<Vec<String>> = [
        "Host: evil.example",
        "Host: localhost.evil.example",
        "Host: 127.0.0.1",
        "Host: 127.0.0.1:1",
        "Host: localhost:80",
        "Host: [::1]:80",
        "Host: 0.0.0.0",
    ]
    .into_iter()
    .map(|host| vec![host.to_owned()])
    .chain(
        [
            "Origin: https://evil.example",
            "Origin: null",
            "Origin: http://localhost.evil.example",
            "Origin: http://127.0.0.1",
            "Origin: https://127.0.0.1:1",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ]
        .into_iter()
        .map(|line| vec![own.clone(), line.to_owned()]),
    )
    .collect();
    let mut asked = 0;
    for route in routes() {
        for method in [route.method.as_str(), "OPTIONS"] {
            for head in &heads {
                for lines in [vec![], vec![key.clone(), json_type()]] {
                    let lines = [head.clone(), lines].concat();
                    let heard = served.send_as(method, &route.target, &lines, "{}");
                    assert_eq!(heard.status, 403, "{method} {} {lines:?}", route.path);
                    assert!(!heard.head.contains("access-control"), "{heard:?}");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1000);
    for lines in [vec![own.clone(), own.clone()], vec![]] {
        let lines = [lines, vec![key.clone()]].concat();
        assert_eq!(served.send_as("GET", "/v1/status", &lines, "").status, 400);
    }
    let same = [own, format!("Origin: http://127.0.0.1:{port}"), key];
    assert_eq!(served.send_as("GET", "/v1/status", &same, "").status, 200);
    assert_eq!(
        served.send_local("GET", "/v1/status", &["Origin: http://lichen".to_owned()], "").status,
        403
    );
    let evil = ["Host: evil".to_owned()];
    assert_eq!(served.send_local("GET", "/v1/status", &evil, "").status, 400, "two hosts");
}

#[test]
fn bodies_of_forms_are_refused() {
    let served = Remembered::new().serve();
    let key = bearer(&served.key(&["read", "write", "archive", "admin"], &[]));
    let bodied: Vec<Route> = routes().into_iter().filter(has_body).collect();
    assert!(bodied.len() > 5);
    for route in bodied {
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let lines = [key.clone(), format!("Content-Type: {media}")];
            assert_eq!(status(&served, &route, &lines), 415, "{} {media}", route.path);
        }
        assert_eq!(status(&served, &route, std::slice::from_ref(&key)), 415, "{}", route.path);
    }
}

fn has_body(route: &Route) -> bool {
    let method = route.method.to_lowercase();
    description()["paths"][&route.path][&method].get("requestBody").is_some()
}

#[test]
fn wrong_requests_get_problem_documents() {
    let served = Remembered::new()
        .serve_with(|options| lichen_server::ServeOptions { body_bytes_max: 10_000, ..options });
    let key = served.key(&["read", "write", "admin"], &[]);
    for (method, target, status) in [
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/recall?query=a", 405),
        ("POST", "/v1/recall?query=a", 405),
        ("GET", "/v1/recall", 400),
        ("GET", "/v1/recall?query=a&limit=-1", 400),
        ("GET", "/v1/recall?query=a&limit=0", 400),
        ("GET", "/v1/recall?query=a&what=b", 400),
        ("GET", "/v1/recall?query=a&query=b", 400),
        ("GET", "/v1/get?ids=m000000", 404),
        ("GET", "/v1/at?file=src/dry.rs&folder=/", 403),
        ("GET", "/v1/history?of=dry&folder=/tmp", 403),
        ("GET", "/v1/streams/%FF", 400),
        ("GET", "/v1/streams/nothing", 404),
        ("GET", "/v1/streams/nothing/messages", 404),
        ("GET", "/v1/streams/nothing/windows", 404),
        ("GET", "/v1/streams/nothing/windows/0", 404),
        ("GET", "/v1/streams/nothing/events", 404),
        ("GET", "/v1/documents/windows?path=nothing", 404),
        ("GET", "/v1/documents/windows/0?path=nothing", 404),
        ("GET", "/v1/streams/kitchen/windows/x", 400),
        ("GET", "/v1/streams?cursor=x", 400),
        ("GET", "/v1/documents?cursor=x", 400),
        ("GET", "/v1/runs?consumer=nobody", 404),
        ("POST", "/v1/runs/x000000/done", 404),
        ("DELETE", "/v1/keys/00000000", 404),
    ] {
        let heard = served.send(method, target, &[bearer(&key)], "");
        assert_eq!(heard.status, status, "{method} {target}: {}", heard.body);
        let problem: Json = heard.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        assert!(heard.head.contains("application/problem+json"), "{}", heard.head);
    }
    let large = format!("{{\"query\":\"{}\"}}", "x".repeat(20_000));
    let lines = [bearer(&key), json_type()];
    assert_eq!(served.send("POST", "/v1/sql", &lines, &large).status, 413);
    assert_eq!(served.send("POST", "/v1/messages", &lines, &large).status, 413);
    assert_eq!(served.send("POST", "/v1/sql", &lines, "{").status, 400);
    assert_eq!(served.send("POST", "/v1/sql", &lines, "{}").status, 400);
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let served = Remembered::new()
        .serve_with(|options| lichen_server::ServeOptions { requests_per_second: 10, ..options });
    let (one, other) = (served.key(&["read"], &[]), served.key(&["read"], &[]));
    let mut last = None;
    let passed = (0..30)
        .take_while(|_| {
            let heard = served.get(&one, "/v1/status");
            let passed = heard.status == 200;
            last = Some(heard);
            passed
        })
        .count();
    let last = last.unwrap();
    assert_eq!((passed, last.status), (20, 429));
    assert!(last.head.contains("retry-after: 1"), "{}", last.head);
    assert_eq!(served.get(&other, "/v1/status").status, 200, "a quiet key is let in");
    for _ in 0..30 {
        served.get("nothing", "/v1/status");
    }
    assert_eq!(served.get("nothing", "/v1/status").status, 429, "guessing is slow");
    assert_eq!(served.get(&other, "/v1/status").status, 200);
    served.place.clock.advance(1000);
}

#[test]
fn the_description_that_is_committed_is_that_of_the_routes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = fs_err::read_to_string(path).unwrap_or_default();
    let now = serde_json::to_string_pretty(&description()).unwrap() + "\n";
    if committed != now {
        let made = concat!(env!("CARGO_TARGET_TMPDIR"), "/openapi.json");
        fs_err::write(made, &now).unwrap();
        panic!("docs/openapi.json is not what the routes are: cp {made} docs/openapi.json");
    }
    assert!(now.contains("\"openapi\": \"3.1.0\""));
    let served = Remembered::new().serve();
    let key = served.key(&["read"], &[]);
    assert_eq!(served.get(&key, "/openapi.json").json(), description());
}
