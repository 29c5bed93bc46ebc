//! `serve --metrics`: what is counted, for Prometheus to fetch.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::exit::Exit;
use crate::meter;

/// The upper bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 60.0,
];

/// How often what was measured is put into the buckets; in between it takes room.
const UPKEEP: Duration = Duration::from_secs(1);

/// How many may fetch at once.
const CONNECTIONS: usize = 16;

/// The longest that one may take to ask, or hold a connection for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The format that is written.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Where it is fetched from.
const PATH: &str = "/metrics";

/// Starts to count, and to answer at `address` for as long as the runtime lives; gives the URL. Has to come before
/// whatever is counted.
pub(super) async fn start(address: SocketAddr) -> Result<String, Exit> {
    let option = |why: String| format!("--metrics (MCP_MQTT_METRICS) {address}: {why}");
    let failed = |error: io::Error| {
        Exit::failure(option(format!(
            "{error}; choose another address, or port 0 for any port"
        )))
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let counted = count().map_err(|error| Exit::fault(option(error.to_string())))?;
    tokio::spawn(upkeep(counted.clone()));
    tokio::spawn(answer(listener, counted));
    let url = format!("http://{address}{PATH}");
    tracing::info!(url, "metrics are shown");
    Ok(url)
}

fn count() -> Result<PrometheusHandle, BuildError> {
    let counted = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .install_recorder()?;
    meter::describe();
    Ok(counted)
}

async fn upkeep(counted: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        counted.run_upkeep();
    }
}

async fn answer(listener: TcpListener, counted: PrometheusHandle) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    // It is never closed.
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let fetching = tokio::time::timeout(PATIENCE, fetch(stream, counted.clone()));
                tokio::spawn(async move {
                    let _permit = permit;
                    drop(fetching.await);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "nobody can fetch metrics now");
                tokio::time::sleep(UPKEEP).await;
            }
        }
    }
}

async fn fetch(stream: TcpStream, counted: PrometheusHandle) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, &counted);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "metrics were not fetched");
    }
}

fn respond(request: &Request<Incoming>, counted: &PrometheusHandle) -> Response<Full<Bytes>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, text) = match (request.uri().path(), is_read) {
        (PATH, true) => (StatusCode::OK, counted.render()),
        (PATH, false) => (StatusCode::METHOD_NOT_ALLOWED, "GET it\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, format!("see {PATH}\n")),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let methods = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}
