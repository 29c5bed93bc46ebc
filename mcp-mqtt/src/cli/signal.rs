//! The signals that end what serves.

use std::io;

/// Ctrl-C or SIGTERM.
pub(super) struct Signal {
    #[cfg(unix)]
    streams: tokio::sync::Mutex<[tokio::signal::unix::Signal; 2]>,
}

impl Signal {
    /// From here on the signals do not end the process by themselves, and none is missed.
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let streams = [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ];
            Ok(Self {
                streams: tokio::sync::Mutex::new(streams),
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one of them.
    pub(super) async fn received(&self) {
        #[cfg(unix)]
        {
            let mut streams = self.streams.lock().await;
            let [interrupt, terminate] = &mut *streams;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
