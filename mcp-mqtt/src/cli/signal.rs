//! The signals that end what serves.

use std::io;

/// Ctrl-C or SIGTERM.
pub(super) struct Signal {
    #[cfg(unix)]
    terminate: tokio::sync::Mutex<tokio::signal::unix::Signal>,
}

impl Signal {
    /// From here on the signals do not end the process by themselves.
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminate = tokio::sync::Mutex::new(signal(SignalKind::terminate())?);
            Ok(Self { terminate })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one of them.
    pub(super) async fn received(&self) {
        #[cfg(unix)]
        {
            let mut terminate = self.terminate.lock().await;
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
