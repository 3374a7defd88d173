//! Customer groups: from the list, each with its members, then those no longer in it.

use super::customers::{enter, is_dissolved, problem, turn_page};
use super::progress::{Phase, Run};
use super::{AT_ONCE, CURSOR_INVALID, Stopped, Syncer, Verdict, WIDTH};
use crate::domain::contact::Contact;
use crate::domain::ids::{ChatId, Person};
use crate::wecom::api::externalcontact::groupchat_list;
use crate::wecom::error::Error;

/// Groups of one page: they are kept with the run until each was read.
const PAGE: u32 = 100;
/// Without a list of owners there are too many groups to see.
const TOO_MANY: i64 = 81017;

impl Syncer {
    pub(super) async fn groups(&mut self, mut run: Run) -> Result<(), Stopped> {
        if !run.chats.is_empty() {
            return self.read_groups(run).await;
        }
        if run.listed {
            enter(&mut run, Phase::LostGroups);
            // Groups stand behind all customers in the order of contacts.
            run.after = Some(Person::External("\u{10FFFF}".into()));
            return self.save(&run, Vec::new(), Vec::new()).await;
        }
        self.list_groups(run).await
    }

    async fn list_groups(&mut self, mut run: Run) -> Result<(), Stopped> {
        let members = self.members();
        let end = members.len().min(run.next + run.width);
        let mut request = if run.by_owner {
            let owners = members[run.next.min(end)..end].iter();
            groupchat_list::Request::of_owners(owners.map(|id| id.0.clone()).collect(), PAGE)
        } else {
            groupchat_list::Request::all(PAGE)
        };
        let last_owner = end >= members.len();
        request.cursor.clone_from(&run.cursor);
        match self.call(&request).await {
            Ok(page) => {
                let chats = page.group_chat_list.into_iter();
                run.chats = chats.map(|chat| ChatId(chat.chat_id)).collect();
                turn_page(&mut run, page.next_cursor, end);
                run.listed = run.cursor.is_none() && (!run.by_owner || last_owner);
            }
            Err(Stopped::Call(error)) => {
                if !list_refused(&mut run, &error, end, last_owner) {
                    return Err(error.into());
                }
            }
            Err(other) => return Err(other),
        }
        self.save(&run, Vec::new(), Vec::new()).await
    }

    async fn read_groups(&mut self, mut run: Run) -> Result<(), Stopped> {
        let some = self.may_call(run.chats.len().min(AT_ONCE)).await?;
        let persons: Vec<Person> = run.chats.drain(..some).map(Person::Group).collect();
        let contacts = self.ask_each(persons).await?;
        let missed = self.missed(&run, &contacts).await?;
        run.counts.groups += contacts.len() as u64;
        metrics::counter!("wecom_agent_sync_rows_total", "kind" => "group")
            .increment(contacts.len() as u64);
        self.save(&run, contacts, missed).await
    }

    pub(super) async fn lost_groups(&mut self, mut run: Run) -> Result<(), Stopped> {
        let began_at = Some(run.began_at);
        let unseen = |contact: &Contact| {
            let group = contact.group.as_ref();
            let dissolved = group.is_some_and(|group| group.dissolved_at.is_some());
            !dissolved && contact.synced_at < began_at
        };
        let is_group = |person: &Person| matches!(person, Person::Group(_));
        let (stale, over) = self.look_through(&mut run, is_group, unseen).await?;
        let contacts = self.ask_each(stale).await?;
        run.counts.lost += contacts.iter().filter(|facts| is_dissolved(facts)).count() as u64;
        self.save(&run, contacts, Vec::new()).await?;
        if over { self.finish(run).await } else { Ok(()) }
    }
}

/// Whether the run goes on beside a refused list.
fn list_refused(run: &mut Run, error: &Error, end: usize, last_owner: bool) -> bool {
    match (error.code(), Syncer::verdict(error)) {
        (Some(CURSOR_INVALID), _) if !run.restarted => {
            run.cursor = None;
            run.restarted = true;
        }
        (Some(TOO_MANY), _) if !run.by_owner => {
            run.by_owner = true;
            run.next = 0;
            run.width = WIDTH;
            run.cursor = None;
        }
        (_, None) => return false,
        (_, Some(Verdict::Narrow)) if run.by_owner && run.width > 1 => {
            run.width = 1;
            run.cursor = None;
        }
        (_, Some(Verdict::Narrow)) if run.by_owner => {
            problem(run, error.to_string());
            turn_page(run, String::new(), end);
            run.listed = last_owner;
        }
        (_, Some(_)) => {
            problem(run, error.to_string());
            run.listed = true;
        }
    }
    true
}
