//! The wish that feeds end, told once to all of them.

use tokio::sync::watch;

/// Tells feeds to end. Dropped, it tells them too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Hears that it is to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// The two ends of one wish.
pub fn stop() -> (Stopper, Stop) {
    let (send, receive) = watch::channel(false);
    (Stopper(send), Stop(receive))
}

impl Stopper {
    /// Tells all who listen.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether it is to end.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is to end.
    pub async fn stopped(&self) {
        // An error is the other end gone: nobody is left who wants more.
        let mut told = self.0.clone();
        let _stopped = told.wait_for(|stopped| *stopped).await.is_ok();
    }
}
