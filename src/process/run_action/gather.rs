//! The actions that reach customers and groups through tasks which members confirm: who is
//! to hear the same goes into one task.

use std::collections::BTreeMap;

use super::{Planner, StepResult};
use crate::domain::action::TemplateName;
use crate::domain::broadcast::Reach;
use crate::domain::criteria::ContactTest;
use crate::domain::effect::Origin;
use crate::domain::ids::{Person, UserId};
use crate::domain::outgoing::Outgoing;
use crate::process::compose;
use crate::store::{BroadcastHead, Gather, GatherTo, NewTarget};

impl Planner<'_> {
    /// A task for everybody of an audience, looked for when it is made.
    pub(super) fn mass_message(
        &mut self,
        template: &TemplateName,
        audience: &[ContactTest],
        origin: &Origin,
        captures: &BTreeMap<String, String>,
    ) -> StepResult {
        let messages = compose::for_welcome(self.render(template, captures)?)?;
        let head = self.head(Reach::Customers, None, messages, origin);
        self.plan.broadcasts.push(Gather {
            // Two messages that set the rule off are two wishes.
            key: format!("record/{}", origin.record.0),
            head,
            to: GatherTo::Matching(audience.to_vec()),
            budget: None,
        });
        Ok(())
    }

    /// A place in the task of the member who looks after the customer or owns the group.
    pub(super) fn broadcast(&mut self, template: &TemplateName, origin: &Origin) -> StepResult {
        let (reach, sender) = match &self.contact.person {
            Person::External(_) => (Reach::Customers, self.follower()?),
            Person::Group(_) => (Reach::Groups, self.owner()?),
            Person::Member(_) => return Err("members get no mass messages".to_owned()),
        };
        let messages = compose::for_welcome(self.render(template, &BTreeMap::new())?)?;
        let head = self.head(reach, Some(sender), messages, origin);
        self.gather(head);
        Ok(())
    }

    /// A moment of all members for all who carry the tags of the audience: whoever comes due
    /// with this step is counted among them.
    pub(super) fn moment(&mut self, template: &TemplateName, origin: &Origin) -> StepResult {
        self.customer()?;
        let messages = compose::for_welcome(self.render(template, &BTreeMap::new())?)?;
        let mut head = self.head(Reach::Moments, None, messages, origin);
        head.tags.clone_from(&self.tags);
        self.gather(head);
        Ok(())
    }

    /// Who hears the same from the same step goes together.
    pub(super) fn gather(&mut self, head: BroadcastHead) {
        let zone = &self.config.timezone;
        let budget = head.reach.is_budgeted();
        let budget = budget.then(|| self.config.broadcasts.ceiling.budget(self.now, zone));
        self.plan.broadcasts.push(Gather {
            key: format!("version/{}", self.version),
            head,
            to: GatherTo::One(NewTarget {
                person: self.contact.person.clone(),
                row: self.row.clone(),
                caps: None,
            }),
            budget,
        });
    }

    pub(super) fn head(
        &self,
        reach: Reach,
        sender: Option<UserId>,
        messages: Vec<Outgoing>,
        origin: &Origin,
    ) -> BroadcastHead {
        BroadcastHead {
            app: self.config.contact_app(&self.inbound().app).clone(),
            reach,
            sender,
            rule: origin.rule.clone(),
            action: origin.action,
            record: origin.record,
            step: self.row.as_ref().map(|row| row.step),
            tags: Vec::new(),
            messages,
        }
    }

    /// The member whose group it is.
    pub(super) fn owner(&self) -> Result<UserId, String> {
        let group = self.contact.group.as_ref();
        let owner = group.and_then(|group| group.owner.clone());
        owner.ok_or_else(|| "the owner of the group is not known".to_owned())
    }
}
