//! A queue with two bounds: a number of items, and their bytes. Who puts in waits for room.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::QueueLimits;

/// An item and its share of the bytes, which it gives back when it is taken out.
type Held<T> = (T, OwnedSemaphorePermit);

/// The end that puts in.
pub(super) struct Sender<T> {
    items: mpsc::Sender<Held<T>>,
    room: Arc<Semaphore>,
    bytes_max: u32,
}

/// The end that takes out.
pub(super) struct Receiver<T> {
    items: mpsc::Receiver<Held<T>>,
}

/// Nobody takes anything out any more.
#[derive(Debug)]
pub(super) struct Closed;

/// A queue with these bounds.
pub(super) fn queue<T>(limits: QueueLimits) -> (Sender<T>, Receiver<T>) {
    let bytes_max = limits.bytes.max(1);
    let (send, receive) = mpsc::channel(limits.items.max(1));
    let room = Arc::new(Semaphore::new(bytes_max as usize));
    (Sender { items: send, room, bytes_max }, Receiver { items: receive })
}

impl<T> Sender<T> {
    /// Puts an item of that many bytes in, once there is room. One that is larger than the queue goes in alone.
    pub(super) async fn send(&self, item: T, bytes: usize) -> Result<(), Closed> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, self.bytes_max);
        let share = tokio::select! {
            biased;
            () = self.items.closed() => return Err(Closed),
            share = Arc::clone(&self.room).acquire_many_owned(bytes) => share,
        };
        let share = share.expect("the semaphore is never closed");
        self.items.send((item, share)).await.map_err(|_| Closed)
    }
}

impl<T> Receiver<T> {
    /// The next item; `None` when the other end is gone and nothing is left.
    pub(super) async fn next(&mut self) -> Option<T> {
        self.items.recv().await.map(|(item, _share)| item)
    }

    /// The next item, if one is there.
    pub(super) fn try_next(&mut self) -> Option<T> {
        self.items.try_recv().ok().map(|(item, _share)| item)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_puts_in_waits_for_room() {
        let (send, mut receive) = queue(QueueLimits { items: 3, bytes: 100 });
        let full = |wait| timeout(Duration::from_secs(1), wait);
        send.send("a", 60).await.unwrap();
        assert!(full(send.send("b", 41)).await.is_err(), "one byte too many");
        send.send("b", 40).await.unwrap();
        assert_eq!(receive.next().await, Some("a"));
        send.send("c", 0).await.unwrap();
        send.send("d", 1).await.unwrap();
        assert!(full(send.send("e", 1)).await.is_err(), "three items are all");
        for expected in ["b", "c", "d"] {
            assert_eq!(receive.try_next(), Some(expected));
        }
        // Larger than the queue: alone.
        send.send("large", 1_000_000).await.unwrap();
        assert!(full(send.send("x", 1)).await.is_err());
        assert_eq!(receive.next().await, Some("large"));
        drop(receive);
        assert!(send.send("y", 1).await.is_err());
    }
}
