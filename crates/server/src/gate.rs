//! What every request passes before it reaches its route: whether it may come from where it comes from, who asks, whether that one may,
//! and whether it is too much.
//!
//! **Invariant:** a route that declares no scope is reached by nobody but through [`OPEN`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use lichen_engine::AccessScope;
use serde_json::Value as Json;

use crate::access::Caller;
use crate::client::SOCKET_HOST;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::skew::{API, API_HEADER, VERSION_HEADER};

/// The one route without a key.
pub(crate) const OPEN: &str = "/healthz";
/// The declared scope of routes that tell of all streams: keys that are limited to some are refused.
pub(crate) const WHOLE: &str = "all-streams";
/// Routes that end when whoever reads them does.
const ENDLESS: &str = "/v1/streams/{stream}/events";

/// By which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// The socket, from a process of the same user.
    Socket,
    /// The network, to this address.
    Network(SocketAddr),
}

/// What a route needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    scope: AccessScope,
    whole: bool,
}

/// The needs of all routes, as they declare them.
pub(crate) type Needs = HashMap<(Method, String), Need>;

/// Reads the needs of routes from their description, which is where they declare them.
pub(crate) fn needs(description: &Json) -> Needs {
    let mut needs = Needs::new();
    let paths = description["paths"].as_object();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let words = operation["security"][0]["key"].as_array();
            let words: Vec<&str> = words.into_iter().flatten().filter_map(Json::as_str).collect();
            let scope = words.iter().find_map(|word| AccessScope::from_name(word));
            let method = Method::from_bytes(method.to_uppercase().as_bytes());
            if let (Some(scope), Ok(method)) = (scope, method) {
                let whole = words.contains(&WHOLE);
                needs.insert((method, path.clone()), Need { scope, whole });
            }
        }
    }
    needs
}

/// Lets a request through to its route, or refuses it.
pub(crate) async fn gate(
    State((service, needs)): State<(Arc<Service>, Arc<Needs>)>,
    request: Request,
    next: Next,
) -> Response {
    let began = service.clock.monotonic_nanos();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let passed = pass(&service, &needs, &method, route.as_deref(), request, next).await;
    let (mut response, is_local) = match passed {
        Ok((response, is_local)) => (response, is_local),
        Err(refusal) => (refusal.into_response(), false),
    };
    if !is_local && let Some(refusal) = response.extensions().get::<Refusal>() {
        response = refusal.clone().for_others().into_response();
    }
    let spent = service.clock.monotonic_nanos().saturating_sub(began);
    let seconds = Duration::from_nanos(spent).as_secs_f64();
    let route = route.as_deref().unwrap_or("none");
    let status = response.status().as_u16();
    service.metrics.answered(method_word(&method), route, status, seconds);
    let headers = response.headers_mut();
    headers.insert(API_HEADER, API.into());
    if let Ok(version) = HeaderValue::from_str(&service.options.version) {
        headers.insert(VERSION_HEADER, version);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The methods that are told apart: others are anybody's invention.
fn method_word(method: &Method) -> &str {
    let known = [Method::GET, Method::POST, Method::DELETE, Method::HEAD, Method::OPTIONS];
    if known.contains(method) { method.as_str() } else { "other" }
}

async fn pass(
    service: &Arc<Service>,
    needs: &Needs,
    method: &Method,
    route: Option<&str>,
    mut request: Request,
    next: Next,
) -> Result<(Response, bool), Refusal> {
    let via = request.extensions().get::<Via>().copied();
    let via = via.ok_or_else(|| Refusal::of(StatusCode::FORBIDDEN, "it came by no known way"))?;
    check_version(service, request.headers())?;
    check_host(&service.options.hosts, via, &request)?;
    let is_open = route == Some(OPEN);
    let caller = if is_open { None } else { Some(caller(service, via, request.headers())?) };
    let is_local = caller.as_ref().is_some_and(Caller::is_local);
    if !is_local {
        let name = caller.as_ref().map_or(OPEN, Caller::actor);
        take(service, name)?;
    }
    if let (Some(route), Some(caller)) = (route, &caller) {
        // HEAD is GET without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        check_scope(needs.get(&(method.clone(), route.to_owned())), needs, route, caller)?;
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    let answered = next.run(request);
    if is_local || route == Some(ENDLESS) {
        return Ok((answered.await, is_local));
    }
    let limit = service.options.time_max;
    let Ok(response) = tokio::time::timeout(limit, answered).await else {
        let what = format!("it took longer than {} s; ask for less", limit.as_secs());
        return Err(Refusal::of(StatusCode::SERVICE_UNAVAILABLE, what));
    };
    Ok((response, is_local))
}

fn check_version(service: &Service, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(theirs) = headers.get(API_HEADER) else { return Ok(()) };
    if theirs.to_str().ok().and_then(|api| api.parse::<u32>().ok()) == Some(API) {
        return Ok(());
    }
    let version = headers.get(VERSION_HEADER).and_then(|version| version.to_str().ok());
    let what = format!(
        "this owner is lichen {} and the program that asks is lichen {}: their interfaces differ; end the owner and start it again \
         with the newer version",
        service.options.version,
        version.unwrap_or("unknown")
    );
    Err(Refusal::of(StatusCode::BAD_REQUEST, what))
}

/// Refuses what a page in a browser may have sent: a request that names another host than this, or comes from another place.
fn check_host(hosts: &[String], via: Via, request: &Request) -> Result<(), Refusal> {
    let refused = |what: &str| Err(Refusal::of(StatusCode::FORBIDDEN, what));
    let headers = request.headers();
    let mut named = headers.get_all(HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Refusal::of(StatusCode::BAD_REQUEST, "name one host in `Host`"));
    };
    let host = host.to_str().unwrap_or_default();
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    if !is_own_host(hosts, via, host) || target.is_some_and(|target| target != host) {
        return refused("the request names a host that this server is not; name one with `--host`");
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let same = matches!(via, Via::Network(_)).then(|| format!("http://{host}"));
    let is_same =
        |origin: &HeaderValue| Some(origin.as_bytes()) == same.as_deref().map(str::as_bytes);
    if !origins.all(is_same) {
        return refused("requests from pages of other origins are refused");
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return refused("requests from pages of other sites are refused");
    }
    Ok(())
}

fn is_own_host(hosts: &[String], via: Via, host: &str) -> bool {
    match via {
        Via::Socket => host == SOCKET_HOST || host == "localhost",
        Via::Network(address) => {
            let port = address.port();
            let is_local = address.ip().is_loopback()
                && ["localhost", "127.0.0.1", "[::1]"]
                    .iter()
                    .any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")));
            is_local
                || host == address.to_string()
                || hosts.iter().any(|own| host.eq_ignore_ascii_case(own))
        }
    }
}

fn caller(service: &Service, via: Via, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (key, more) = (shown.next(), shown.next());
    if key.is_none() && via == Via::Socket {
        return Ok(Caller::local());
    }
    let text = key.and_then(|value| {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(text)
    });
    let caller = text
        .filter(|_| more.is_none())
        .and_then(|text| service.guard.caller(text.trim(), service.clock.now()));
    if let Some(caller) = caller {
        return Ok(caller);
    }
    // Guessing is slow.
    take(service, "")?;
    let what = "show a key that is in use: `Authorization: Bearer lichen_...`; `lichen key create` makes one";
    Err(Refusal::of(StatusCode::UNAUTHORIZED, what))
}

fn take(service: &Service, name: &str) -> Result<(), Refusal> {
    service.buckets.take(name, service.clock.monotonic_nanos()).map_err(|wait| {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Refusal::busy("too many requests in a short time", seconds)
    })
}

fn check_scope(
    need: Option<&Need>,
    needs: &Needs,
    route: &str,
    caller: &Caller,
) -> Result<(), Refusal> {
    let refused = |what: String| Err(Refusal::of(StatusCode::FORBIDDEN, what));
    match need {
        Some(need) if !caller.may(need.scope) => {
            refused(format!("this needs a key with the scope `{}`", need.scope.name()))
        }
        Some(need) if need.whole && caller.limits().is_some() => {
            refused("this tells of all streams, and the key is limited to some".to_owned())
        }
        Some(_) => Ok(()),
        // Another method of a known route: the route says so itself.
        None if needs.keys().any(|(_, path)| path == route) => Ok(()),
        None => refused("this route declares no scope".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_hosts_are_known() {
        let here = Via::Network("127.0.0.1:4000".parse().unwrap());
        let there = Via::Network("10.0.0.5:4000".parse().unwrap());
        let hosts = ["memory.example".to_owned()];
        for (via, host, own) in [
            (here, "127.0.0.1:4000", true),
            (here, "localhost:4000", true),
            (here, "LOCALHOST:4000", true),
            (here, "[::1]:4000", true),
            (here, "localhost", false),
            (here, "localhost:4001", false),
            (here, "localhost:04000", false),
            (here, "localhost.evil:4000", false),
            (here, "evil:4000", false),
            (here, "127.0.0.1:4000@evil", false),
            (here, "127.1:4000", false),
            (here, "2130706433:4000", false),
            (here, "", false),
            (here, "memory.example", true),
            (here, "memory.example:4000", false),
            (there, "10.0.0.5:4000", true),
            (there, "localhost:4000", false),
            (there, "127.0.0.1:4000", false),
            (Via::Socket, "lichen", true),
            (Via::Socket, "localhost", true),
            (Via::Socket, "127.0.0.1:4000", false),
        ] {
            assert_eq!(is_own_host(&hosts, via, host), own, "{via:?} {host}");
        }
    }
}
