//! Callbacks that are held open for an answer.
//!
//! An intelligent bot's message can be answered in the callback's own response. The
//! receiver opens a place here before it waits; the deliverer hands the answer over if
//! the place is still open and takes another way if it is not. Nothing here has to
//! survive a crash: the record is already in the inbox, and WeCom repeats the push.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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
    sender: oneshot::Sender<Handover>,
}

/// An answer on its way to the open callback.
#[derive(Debug)]
pub struct Handover {
    /// The answer.
    pub message: Outgoing,
    /// Says whether it was put into the response.
    pub taken: oneshot::Sender<()>,
}

/// A place at the desk; closed when dropped.
#[derive(Debug)]
pub struct Place {
    desk: Desk,
    record: RecordId,
    receiver: oneshot::Receiver<Handover>,
}

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

    /// Hands over an answer that is meant for whoever sent `record`. `Err` gives the message
    /// back: nobody took it.
    ///
    /// # Errors
    /// When no callback is open for the record any more.
    pub async fn answer(&self, record: RecordId, message: Outgoing) -> Result<(), Outgoing> {
        let Some(open) = self.lock().remove(&record) else {
            return Err(message);
        };
        let (taken, confirmed) = oneshot::channel();
        let handover = Handover {
            message: message.clone(),
            taken,
        };
        if let Err(handover) = open.sender.send(handover) {
            return Err(handover.message);
        }
        confirmed.await.map_err(|_| message)
    }

    /// There will be no answer: the callback need not be held open any longer.
    pub fn no_answer(&self, record: RecordId) {
        self.lock().remove(&record);
    }

    /// Who waits for the answer to `record`, if anybody does.
    #[must_use]
    pub fn waiting(&self, record: RecordId) -> Option<Person> {
        self.lock().get(&record)?.who.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RecordId, Open>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for the answer.
    pub async fn wait(&mut self) -> Option<Outgoing> {
        let handover = (&mut self.receiver).await.ok()?;
        handover.taken.send(()).ok()?;
        Some(handover.message)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.desk.lock();
        // Only our own: a repeated push may have opened a newer place.
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
    use super::Desk;
    use crate::domain::ids::RecordId;
    use crate::domain::outgoing::Outgoing;

    fn text() -> Outgoing {
        Outgoing::Text { text: "好".into() }
    }

    #[tokio::test]
    async fn an_open_callback_gets_the_answer() {
        let desk = Desk::default();
        let mut place = desk.open(RecordId(1), None);
        let (answered, got) = tokio::join!(desk.answer(RecordId(1), text()), place.wait());
        assert_eq!(answered, Ok(()));
        assert_eq!(got, Some(text()));
    }

    #[tokio::test]
    async fn a_closed_callback_gives_the_answer_back() {
        let desk = Desk::default();
        drop(desk.open(RecordId(1), None));
        assert_eq!(desk.answer(RecordId(1), text()).await, Err(text()));
        assert_eq!(desk.answer(RecordId(2), text()).await, Err(text()));
    }
}
