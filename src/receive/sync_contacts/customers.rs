//! Customers: from the lists of members, then those whom no list had any more.

use tokio::task::JoinSet;

use super::progress::{Phase, Problem, Run};
use super::{AT_ONCE, CURSOR_INVALID, MINUTE, Stopped, Syncer, Verdict, WIDTH};
use crate::domain::contact::Contact;
use crate::domain::ids::Person;
use crate::receive::translate_contact::{may_be_new, relation};
use crate::store::{ContactFacts, GroupFacts};
use crate::wecom::api::externalcontact::batch_get_by_user::{self, Response};
use crate::wecom::error::Error;

/// Contacts looked at in one go for those whom no list had.
const LOOKED_AT: usize = 500;
/// So often a line of the log tells how far a run is.
const TOLD_EVERY: u64 = 5_000;

impl Syncer {
    pub(super) async fn customers(&mut self, mut run: Run) -> Result<(), Stopped> {
        let members = self.members();
        let end = members.len().min(run.next + run.width);
        if run.next >= end {
            return self.go_on(run, Phase::LostCustomers).await;
        }
        let batch = members[run.next..end].iter().map(|id| id.0.clone());
        let mut request = batch_get_by_user::Request::new(batch.collect());
        request.limit = Some(batch_get_by_user::LIMIT_MAX);
        request.cursor.clone_from(&run.cursor);
        let asked_at = self.clock.now();
        let contacts = match self.call(&request).await {
            Ok(page) => {
                self.know_tags(&page).await?;
                let rows = page.external_contact_list.iter();
                let facts =
                    rows.map(|row| relation(row, |id| self.library.get(id).cloned(), asked_at));
                let facts: Vec<ContactFacts> = facts.collect();
                left_out(&mut run, &page);
                turn_page(&mut run, page.next_cursor, end);
                facts
            }
            Err(Stopped::Call(error)) => {
                let goes_on = self.batch_refused(&mut run, &error, end);
                if !goes_on {
                    return Err(error.into());
                }
                Vec::new()
            }
            Err(other) => return Err(other),
        };
        count(&mut run, contacts.len());
        let missed = self.missed(&run, &contacts).await?;
        self.save(&run, contacts, missed).await
    }

    /// Reads the tags again if somebody carries one that may be new.
    async fn know_tags(&mut self, page: &Response) -> Result<(), Stopped> {
        let mut rows = page.external_contact_list.iter();
        let new = |id: &String| may_be_new(id) && !self.library.contains_key(id);
        let unknown = rows.any(|row| row.follow_info.tag_id.iter().any(new));
        let now = self.clock.now();
        if unknown && now.since(self.library_at) > MINUTE {
            self.library = self.read_library().await?;
            self.library_at = now;
        }
        Ok(())
    }

    /// Whether the run goes on beside a refused batch.
    fn batch_refused(&self, run: &mut Run, error: &Error, end: usize) -> bool {
        if error.code() == Some(CURSOR_INVALID) && !run.restarted {
            tracing::warn!("WeCom no longer knows the cursor: the batch begins anew");
            run.cursor = None;
            run.restarted = true;
            return true;
        }
        match Self::verdict(error) {
            None => return false,
            // One member who has just left spoils the whole batch.
            Some(Verdict::Narrow) if run.width > 1 => {
                run.width = 1;
                run.cursor = None;
            }
            Some(Verdict::Narrow) => {
                problem(run, error.to_string());
                turn_page(run, String::new(), end);
            }
            Some(Verdict::LeaveOut) => {
                problem(run, error.to_string());
                enter(run, Phase::Groups);
            }
        }
        true
    }

    pub(super) async fn lost_customers(&mut self, mut run: Run) -> Result<(), Stopped> {
        let began_at = Some(run.began_at);
        let unseen = |contact: &Contact| {
            let mut followers = contact.followers.iter();
            followers.any(|follower| follower.seen_at < began_at)
        };
        let is_customer = |person: &Person| matches!(person, Person::External(_));
        let (stale, over) = self.look_through(&mut run, is_customer, unseen).await?;
        let contacts = self.ask_each(stale).await?;
        let lost = contacts.iter();
        let lost = lost.filter(|facts| facts.followers.as_ref().is_some_and(Vec::is_empty));
        run.counts.lost += lost.count() as u64;
        if over {
            enter(&mut run, Phase::Groups);
        }
        self.save(&run, contacts, Vec::new()).await
    }

    /// Looks through stored contacts from where the run stands. Those to be asked about, for
    /// whom calls are reserved, and whether all were looked at.
    pub(super) async fn look_through(
        &self,
        run: &mut Run,
        wanted: impl Fn(&Person) -> bool,
        stale: impl Fn(&Contact) -> bool,
    ) -> Result<(Vec<Person>, bool), Stopped> {
        let page = self
            .store
            .contacts_after(run.after.as_ref(), LOOKED_AT)
            .await?;
        let mut over = page.len() < LOOKED_AT;
        let mut found = Vec::new();
        for contact in page {
            if !wanted(&contact.person) {
                over = true;
                break;
            }
            run.after = Some(contact.person.clone());
            if stale(&contact) {
                found.push(contact.person);
                if found.len() == AT_ONCE {
                    over = false;
                    break;
                }
            }
        }
        let granted = self.may_call(found.len()).await?;
        if granted < found.len() {
            found.truncate(granted);
            run.after = found.last().cloned();
            over = false;
        }
        Ok((found, over))
    }

    /// Asks WeCom about each at once. The calls are reserved.
    pub(super) async fn ask_each(
        &self,
        persons: Vec<Person>,
    ) -> Result<Vec<ContactFacts>, Stopped> {
        let Some(app) = &self.app else {
            return Ok(Vec::new());
        };
        let mut asking = JoinSet::new();
        for person in persons {
            let (contacts, app) = (self.contacts.clone(), app.clone());
            asking.spawn(async move { contacts.look(&app, &person).await });
        }
        let mut facts = Vec::new();
        while let Some(answer) = asking.join_next().await {
            facts.extend(answer.map_err(|_| Stopped::NotNow)??);
        }
        Ok(facts)
    }

    /// Begins the next part of the run.
    pub(super) async fn go_on(&self, mut run: Run, phase: Phase) -> Result<(), Stopped> {
        enter(&mut run, phase);
        self.save(&run, Vec::new(), Vec::new()).await
    }
}

/// Puts the run at the beginning of a phase.
pub(super) fn enter(run: &mut Run, phase: Phase) {
    tracing::info!(phase = phase.word(), "contacts are read from WeCom");
    run.phase = phase;
    run.next = 0;
    run.width = WIDTH;
    run.cursor = None;
    run.restarted = false;
    run.after = None;
}

/// Moves on to the next page, or to the next batch.
pub(super) fn turn_page(run: &mut Run, next_cursor: String, end: usize) {
    let same = run.cursor.as_deref() == Some(next_cursor.as_str());
    if !next_cursor.is_empty() && !same {
        run.cursor = Some(next_cursor);
        return;
    }
    run.cursor = None;
    run.restarted = false;
    run.next = end;
    if run.next.is_multiple_of(WIDTH) {
        run.width = WIDTH;
    }
}

pub(super) fn problem(run: &mut Run, reason: String) {
    const MOST: usize = 20;
    tracing::warn!(
        phase = run.phase.word(),
        reason,
        "some contacts cannot be read"
    );
    let phase = run.phase;
    if run.problems.len() < MOST {
        run.problems.push(Problem { phase, reason });
    }
}

fn left_out(run: &mut Run, page: &Response) {
    let members: Vec<&str> = page.rejected().collect();
    if !members.is_empty() && run.cursor.is_none() {
        let members = members.join(", ");
        problem(run, format!("without an interface licence: {members}"));
    }
}

fn count(run: &mut Run, relations: usize) {
    let (before, more) = (run.counts.relations, relations as u64);
    run.counts.relations += more;
    metrics::counter!("wecom_agent_sync_rows_total", "kind" => "relation").increment(more);
    if run.counts.relations / TOLD_EVERY > before / TOLD_EVERY {
        tracing::info!(
            relations = run.counts.relations,
            "contacts are read from WeCom"
        );
    }
}

/// Whether this says that a group is no more.
pub(super) fn is_dissolved(facts: &ContactFacts) -> bool {
    matches!(facts.group, Some(GroupFacts::Dissolved))
}
