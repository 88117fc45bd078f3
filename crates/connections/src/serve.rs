//! Connections that are accepted within a number, and those beyond it.
//!
//! A connection that waits for its client's next head makes room for others ([`Slots`]). A
//! connection for which none makes room gets one of a few slots apart, whose routes answer at once
//! ([`Service::busy`]).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::connection::{Connection, Open, Terms};
use super::service::{Limits, Service};
use super::slots::Slots;

/// The number of slots apart, and the time for a client there to send a head.
const APART: usize = 16;
const APART_HEAD: Duration = Duration::from_secs(1);
/// The pause after a failed accept, as when no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until it is told to stop. Then open requests are answered, and idle
/// connections closed.
pub async fn serve(listener: TcpListener, service: Service, limits: Limits, stop: &Notify) {
    let rooms = [Room::of_all(&service, limits), Room::apart(&service, limits)];
    let (stopping, stopped) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.notified() => break,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        // If even the slots apart are taken, dropping the stream closes the connection.
        let Some(connection) = rooms.iter().find_map(|room| room.admit(peer)) else {
            continue;
        };
        let _or_slower = stream.set_nodelay(true);
        tokio::spawn(connection.live(stream, stopped.clone()));
    }
    drop((listener, stopped));
    stopping.send_replace(());
    let _or_as_much_as_was_done = timeout(limits.grace, stopping.closed()).await;
}

/// Slots, and the terms of the connections that have them.
struct Room {
    slots: Arc<Slots>,
    terms: Arc<Terms>,
}

impl Room {
    fn of_all(service: &Service, limits: Limits) -> Self {
        let Limits { connections, head, transfer, .. } = limits;
        let terms = Terms { service: service.clone(), head, transfer };
        Self { slots: Slots::new(connections), terms: Arc::new(terms) }
    }

    fn apart(service: &Service, limits: Limits) -> Self {
        let router = service.busy.clone();
        let service = Service { router, keep_alive: false, ..service.clone() };
        let terms = Terms { service, head: APART_HEAD, transfer: limits.transfer };
        Self { slots: Slots::new(APART), terms: Arc::new(terms) }
    }

    /// Gives a connection a slot, if one is free or another connection makes room.
    fn admit(&self, peer: SocketAddr) -> Option<Connection> {
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let slot = self.slots.take(peer.ip(), move || ended.notify_one())?;
        Some(Connection {
            peer,
            slot: Arc::new(slot),
            end,
            terms: Arc::clone(&self.terms),
            understood: Arc::default(),
            _open: Open::count(&self.terms.service.open),
        })
    }
}
