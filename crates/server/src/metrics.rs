//! Counts of requests and connections, in Prometheus's text format (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the histogram's bins, in seconds.
const BINS: [f64; 11] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// The counts of answered requests and of connections.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<Kind, Histogram>>,
    pub(crate) connections: Arc<AtomicUsize>,
}

/// The attributes of requests that are counted together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Default)]
struct Histogram {
    /// The number of requests in each bin: no longer than its end, and longer than the end of the
    /// bin before.
    bins: [u64; BINS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let kind = Kind { route: route.to_owned(), method, status };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.entry(kind).or_default().count(took.as_secs_f64());
    }
}

impl Histogram {
    fn count(&mut self, seconds: f64) {
        self.count += 1;
        self.seconds += seconds;
        if let Some(bin) = BINS.iter().position(|&end| seconds <= end) {
            self.bins[bin] += 1;
        }
    }
}

/// Writes the counts of requests.
pub(crate) fn requests(text: &mut String, metrics: &Metrics) -> std::fmt::Result {
    const NAME: &str = "skiagraph_request_seconds";
    writeln!(
        text,
        "# HELP {NAME} Time from a request's head to its answer's.\n# TYPE {NAME} histogram"
    )?;
    let requests = metrics.requests.lock().unwrap_or_else(PoisonError::into_inner);
    for (Kind { route, method, status }, histogram) in &*requests {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        let mut sum = 0;
        for (end, count) in BINS.iter().zip(histogram.bins) {
            sum += count;
            writeln!(text, "{NAME}_bucket{{{labels},le=\"{end}\"}} {sum}")?;
        }
        writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}", histogram.count)?;
        writeln!(text, "{NAME}_sum{{{labels}}} {}", histogram.seconds)?;
        writeln!(text, "{NAME}_count{{{labels}}} {}", histogram.count)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_add_up() {
        let metrics = Metrics::default();
        for seconds in [0.0005, 0.02, 0.02, 500.0] {
            metrics.count("GET", "/a/{id}", 200, Duration::from_secs_f64(seconds));
        }
        let mut text = String::new();
        assert!(requests(&mut text, &metrics).is_ok());
        let labels = "route=\"/a/{id}\",method=\"GET\",status=\"200\"";
        for line in [
            format!("_bucket{{{labels},le=\"0.001\"}} 1"),
            format!("_bucket{{{labels},le=\"0.03\"}} 3"),
            format!("_bucket{{{labels},le=\"100\"}} 3"),
            format!("_bucket{{{labels},le=\"+Inf\"}} 4"),
            format!("_count{{{labels}}} 4"),
        ] {
            assert!(text.contains(&format!("skiagraph_request_seconds{line}\n")), "{line}\n{text}");
        }
    }
}
