//! Spans of requests for a collector of traces (OpenTelemetry, OTLP as JSON over HTTP). Each
//! request is a span, part of the caller's trace if it names one (W3C Trace Context). Like the log,
//! spans have the route's template, and nothing of a patient.

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Span as _, SpanKind, Status, TraceContextExt as _, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};

use super::outbound::Http;

/// Sends spans, in batches, on a separate thread. While a collector does not answer, spans are
/// lost, but nothing waits.
pub(crate) struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Tracing {
    /// Sends spans to the collector at this address; `/v1/traces` is below it.
    ///
    /// # Errors
    /// If it is no address.
    pub(crate) fn to(collector: &str) -> Result<Self> {
        let client = Client(Http::new(None, collector.starts_with("http://"))?);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
            .build()
            .with_context(|| format!("cannot send traces to `{collector}`"))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let ours = Resource::builder_empty().with_service_name("skiagraph").with_attribute(version);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(ours.build())
            .build();
        Ok(Self { tracer: provider.tracer("skiagraph"), provider })
    }

    /// Begins the span of a request.
    pub(crate) fn begin(&self, method: &'static str, route: &str, headers: &HeaderMap) -> Span {
        let parent = parent(headers);
        let about = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
        ];
        let span = self.tracer.span_builder(format!("{method} {route}"));
        span.with_kind(SpanKind::Server)
            .with_start_time(SystemTime::now())
            .with_attributes(about)
            .start_with_context(&self.tracer, &parent)
    }

    /// Sends the remaining spans.
    pub(crate) fn end(&self) {
        // If the collector is away, only spans are lost.
        let _lost = self.provider.shutdown();
    }
}

/// The caller's span, if the headers name one (`traceparent`).
fn parent(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}

/// The id of the caller's trace, in hexadecimal, so that a proxy's spans and this server's lines
/// are found together. No other part of the headers goes into the log.
pub(crate) fn named_in(headers: &HeaderMap) -> Option<String> {
    let parent = parent(headers);
    let caller = parent.span().span_context().clone();
    caller.is_valid().then(|| caller.trace_id().to_string())
}

/// The id of the trace that a span is part of, in hexadecimal.
pub(crate) fn id_of(span: &Span) -> String {
    span.span_context().trace_id().to_string()
}

/// Ends a request's span.
pub(crate) fn end(mut span: Span, status: u16) {
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    if status >= 500 {
        span.set_status(Status::error(""));
    }
    span.end();
}

#[derive(Debug)]
struct Client(Http);

impl HttpClient for Client {
    // The signature is what `async_trait` would write. It may block, as the calling thread does
    // nothing else.
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let sent = self.0.send(request.map(|body| body.to_vec()));
        Box::pin(ready(sent.map(|response| response.map(Bytes::from)).map_err(HttpError::from)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn a_trace_is_its_id_alone() {
        let of = |text: &str| {
            let name = HeaderName::from_static("traceparent");
            named_in(&HeaderMap::from_iter([(name, text.parse().unwrap())]))
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for wrong in [
            "",
            "00",
            "00-SMITH^JOHN-1-2",
            &format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            &format!("00-{id}"),
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
