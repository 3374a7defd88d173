//! Callbacks that are held open for an answer.
//!
//! An intelligent bot's message can be answered in the callback's own response. The
//! receiver opens a place here before it waits; the deliverer hands the answer over if
//! the place is still open and takes another way if it is not. Nothing here has to
//! survive a crash: the record is already in the inbox, and WeCom repeats the push.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::domain::ids::{Person, RecordId};
use crate::domain::outgoing::Outgoing;

/// The note on an effect that was answered here.
pub const ANSWERED_IN_CALLBACK: &str = "answered in the callback itself";

/// The open callbacks by record.
#[derive(Debug, Clone, Default)]
pub struct Desk {
    places: Arc<Mutex<HashMap<RecordId, Open>>>,
}

/// An open callback: who waits, and where the answer goes.
#[derive(Debug)]
struct Open {
    who: Option<Person>,
    sender: oneshot::Sender<Outgoing>,
}

/// A place at the desk; closed when dropped.
#[derive(Debug)]
pub struct Place {
    desk: Desk,
    record: RecordId,
    receiver: oneshot::Receiver<Outgoing>,
}

/// The right to answer one open callback. While it exists the callback waits for it, so that
/// the outcome can be stored before the answer is let go.
#[derive(Debug)]
pub struct Ticket(oneshot::Sender<Outgoing>);

impl Desk {
    /// Opens a place for the answer to `record`, which `who` sent. A later place replaces an
    /// earlier one.
    #[must_use]
    pub fn open(&self, record: RecordId, who: Option<Person>) -> Place {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(record, Open { who, sender });
        Place {
            desk: self.clone(),
            record,
            receiver,
        }
    }

    /// Who waits for the answer to `record`, if anybody does.
    #[must_use]
    pub fn waiting(&self, record: RecordId) -> Option<Person> {
        self.lock().get(&record)?.who.clone()
    }

    /// Nothing will answer `record`: its callback need not wait.
    pub fn no_answer(&self, record: RecordId) {
        drop(self.take(record));
    }

    /// Takes the right to answer `record`, if its callback is still open.
    #[must_use]
    pub fn take(&self, record: RecordId) -> Option<Ticket> {
        let open = self.lock().remove(&record)?;
        (!open.sender.is_closed()).then_some(Ticket(open.sender))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RecordId, Open>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Lets the answer go. `false` if nobody waits any more: WeCom did not get it and asks
    /// again.
    pub fn answer(self, message: Outgoing) -> bool {
        self.0.send(message).is_ok()
    }
}

impl Place {
    /// Waits for the answer: `hold` for somebody to take the ticket, and `settle` more for
    /// whoever has taken it.
    pub async fn wait(mut self, hold: Duration, settle: Duration) -> Option<Outgoing> {
        let waited = tokio::time::timeout(hold, &mut self.receiver).await;
        let answered = match waited {
            Ok(answered) => answered,
            Err(_) if self.withdraw() => return None,
            Err(_) => tokio::time::timeout(settle, &mut self.receiver)
                .await
                .ok()?,
        };
        answered.ok()
    }

    /// Closes the place. `false` if somebody has taken the ticket.
    fn withdraw(&self) -> bool {
        let mut places = self.desk.lock();
        // Only our own: a repeated push may have opened a newer place.
        match places.get(&self.record) {
            Some(open) if !open.sender.is_closed() => places.remove(&self.record).is_some(),
            _ => false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.receiver.close();
        let mut places = self.desk.lock();
        if places
            .get(&self.record)
            .is_some_and(|open| open.sender.is_closed())
        {
            places.remove(&self.record);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Desk;
    use crate::domain::ids::RecordId;
    use crate::domain::outgoing::Outgoing;

    const HOLD: Duration = Duration::from_millis(200);
    const ONE: RecordId = RecordId(1);

    fn text() -> Outgoing {
        Outgoing::Text { text: "好".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_callback_gets_the_answer() {
        let desk = Desk::default();
        let place = desk.open(ONE, None);
        let ticket = desk.take(ONE).expect("a ticket");
        assert!(desk.take(ONE).is_none(), "one answer only");
        assert!(ticket.answer(text()));
        assert_eq!(place.wait(HOLD, HOLD).await, Some(text()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_callback_waits_longer_for_a_ticket_that_was_taken() {
        let desk = Desk::default();
        let place = desk.open(ONE, None);
        let ticket = desk.take(ONE).expect("a ticket");
        let late = async {
            tokio::time::sleep(HOLD + HOLD / 2).await;
            assert!(ticket.answer(text()));
        };
        let (got, ()) = tokio::join!(place.wait(HOLD, HOLD), late);
        assert_eq!(got, Some(text()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_callback_that_has_closed_gives_no_ticket() {
        let desk = Desk::default();
        assert_eq!(desk.open(ONE, None).wait(HOLD, HOLD).await, None);
        assert!(desk.take(ONE).is_none());
        drop(desk.open(ONE, None));
        assert!(desk.take(ONE).is_none());
        assert!(desk.take(RecordId(2)).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_lost_gives_no_answer() {
        let desk = Desk::default();
        let place = desk.open(ONE, None);
        drop(desk.take(ONE));
        assert_eq!(place.wait(HOLD, HOLD).await, None);
    }
}
