//! What a channel code does for who comes through it.

use std::collections::BTreeMap;

use super::Planner;
use crate::channels::{Channel, GroupWay};
use crate::domain::ids::{RuleId, Tag};
use crate::domain::inbound::Trigger;
use crate::rules::explain::Deed;

impl Planner<'_> {
    /// Tags and welcomes who came through a channel code. Before the rules: its welcome goes
    /// first.
    pub(in crate::process) fn arrive(&mut self) {
        let Trigger::Added {
            source: Some(state),
            ..
        } = &self.inbound().trigger
        else {
            return;
        };
        let playbook = self.playbook;
        if let Some(channel) = playbook.channels.by_state(state) {
            self.through(channel);
        }
    }

    /// Tags who came into a group through a code.
    pub(in crate::process) fn came_by(&mut self, way: &GroupWay) {
        self.tag_all(&RuleId::from(format!("channel/{}", way.id)), &way.tags);
    }

    fn tag_all(&mut self, rule: &RuleId, tags: &[Tag]) {
        for (index, tag) in tags.iter().enumerate() {
            let deed = Deed {
                action: "tag".into(),
                target: tag.0.clone(),
            };
            self.step(rule, index, deed, |planner, origin| {
                planner.tag(tag, origin)
            });
        }
    }

    fn through(&mut self, channel: &Channel) {
        let rule = RuleId::from(format!("channel/{}", channel.id));
        self.tag_all(&rule, &channel.tags);
        let calendar = self.playbook.rules.calendar();
        let zone = &self.config.timezone;
        if let Some(template) = channel.welcome(calendar, self.now, zone) {
            let deed = Deed {
                action: "welcome".into(),
                target: template.0.clone(),
            };
            self.step(&rule, channel.tags.len(), deed, |planner, origin| {
                planner.welcome(template, origin, &BTreeMap::new())
            });
            self.greeted_by = Some(channel.id.clone());
        }
    }
}
