//! The page of all counts, in Prometheus's text format (version 0.0.4).

use std::fmt::Write;
use std::sync::atomic::Ordering;

use radiograph::memory;

use super::metrics;
use super::state::State;

/// All counts, in Prometheus's text format.
pub(crate) fn text(state: &State) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _never_fails =
        metrics::requests(&mut text, &state.metrics).and_then(|()| gauges(&mut text, state));
    text
}

fn bytes_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn gauges(text: &mut String, state: &State) -> std::fmt::Result {
    let (queries, bytes) = state.queries.load();
    let connections = state.metrics.connections.load(Ordering::Relaxed);
    for (name, help, value) in [
        ("skiagraph_pictures", "Pictures in the gallery.", state.pictures()),
        ("skiagraph_queries", "Queries kept in memory.", queries),
        ("skiagraph_query_bytes", "Bytes that kept queries take.", bytes),
        ("skiagraph_connections", "Open connections.", connections),
        (
            "skiagraph_memory_budget_bytes",
            "Memory that files and pictures may take.",
            bytes_of(memory::total()),
        ),
        (
            "skiagraph_memory_files_bytes",
            "Memory that files take of it.",
            bytes_of(memory::for_files().taken().0),
        ),
        (
            "skiagraph_memory_pictures_bytes",
            "Memory that pictures take of it.",
            bytes_of(memory::for_pictures().taken().0),
        ),
    ] {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}")?;
    }
    let age = "skiagraph_gallery_age_seconds";
    let help = "Time since the gallery was last seen as it is committed.";
    writeln!(text, "# HELP {age} {help}\n# TYPE {age} gauge\n{age} {}", state.age())?;
    let workers = [&state.encoding, &state.reading, &state.signing_in, &state.probing]
        .map(|workers| (workers.name, workers.load()));
    for (name, help, of) in [
        ("skiagraph_working", "Workers at work.", 0),
        ("skiagraph_waiting", "Requests that wait for a worker.", 1),
    ] {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge")?;
        for (kind, (working, waiting)) in workers {
            writeln!(text, "{name}{{work=\"{kind}\"}} {}", [working, waiting][of])?;
        }
    }
    Ok(())
}
