//! `[alerts]`, `[reminders]`, `[guard]` and `[broadcasts]`: what watches over the bot, and who
//! is told.

use toml::Spanned;

use super::Builder;
use crate::config::file::{
    AlertLang, AlertsSection, AppKind, BroadcastsSection, CeilingWord, ConfigFile, GuardSection,
};
use crate::config::{Alerts, Broadcasts, Guard, Reminders};
use crate::domain::broadcast::Ceiling;
use crate::domain::change::MOST_ANSWERS;
use crate::domain::ids::{AppName, UserId};
use crate::lang::Lang;

impl Builder<'_> {
    /// `Some(None)` if nobody is to be told, `None` if that is said wrongly.
    pub(super) fn alerts(&mut self, file: &ConfigFile) -> Option<Option<Alerts>> {
        let Some(section) = file.alerts.as_ref() else {
            return Some(None);
        };
        let app = self.alert_app(file, section);
        let section = section.get_ref();
        let to = members(file, section.to.get_ref());
        if to.is_empty() {
            self.error("A026", "config.alerts_to", Some(&section.to.span()), &[]);
            return None;
        }
        let lang = match section.lang {
            AlertLang::Zh => Lang::Zh,
            AlertLang::En => Lang::En,
        };
        Some(Some(Alerts {
            app: app?,
            to,
            lang,
        }))
    }

    fn alert_app(
        &mut self,
        file: &ConfigFile,
        section: &Spanned<AlertsSection>,
    ) -> Option<AppName> {
        let wanted = section.get_ref().app.as_ref();
        let found = member_app(file, wanted);
        if found.is_none() {
            let range = wanted.map_or(section.span(), Spanned::span);
            let name = wanted.map_or("", |wanted| wanted.get_ref().as_str());
            let values = [("name", name.to_owned())];
            self.error("A027", "config.alerts_app", Some(&range), &values);
        }
        found
    }

    /// `Some(None)` if there is no app that members could speak to.
    pub(super) fn reminders(&mut self, file: &ConfigFile) -> Option<Option<Reminders>> {
        let section = &file.reminders;
        let app = member_app(file, section.app.as_ref());
        if let (None, Some(wanted)) = (&app, &section.app) {
            let values = [("name", wanted.get_ref().clone())];
            self.error(
                "A042",
                "config.reminders_app",
                Some(&wanted.span()),
                &values,
            );
            return None;
        }
        let (commands, cards) = (section.commands, section.cards);
        Some(app.map(|app| Reminders {
            app,
            commands,
            cards,
        }))
    }

    /// `Some(None)` if the guard is switched off.
    pub(super) fn guard(&mut self, section: &GuardSection) -> Option<Option<Guard>> {
        let default = Guard::default();
        let within = self.duration(section.within.as_ref(), "guard.within", default.within)?;
        let Some(written) = &section.answers else {
            return Some(Some(Guard { within, ..default }));
        };
        let answers = usize::try_from(*written.get_ref()).unwrap_or(usize::MAX);
        if answers > MOST_ANSWERS {
            let values = [
                ("value", answers.to_string()),
                ("most", MOST_ANSWERS.to_string()),
            ];
            self.error(
                "A028",
                "config.guard_answers",
                Some(&written.span()),
                &values,
            );
            return None;
        }
        Some((answers > 0).then_some(Guard { answers, within }))
    }
}

/// The app of kind "app" of this name, else the first.
pub(in crate::config) fn member_app(
    file: &ConfigFile,
    wanted: Option<&Spanned<String>>,
) -> Option<AppName> {
    let apps = file.apps.iter().map(Spanned::get_ref);
    let mut apps = apps.filter(|app| app.kind == AppKind::App);
    let found = match wanted {
        Some(wanted) => apps.find(|app| app.name.get_ref() == wanted.get_ref()),
        None => apps.next(),
    };
    Some(AppName(found?.name.get_ref().clone()))
}

impl Builder<'_> {
    pub(super) fn broadcasts(&mut self, section: &BroadcastsSection) -> Option<Broadcasts> {
        let default = Broadcasts::default();
        let (every, give_up) = (&section.remind_every, &section.give_up_after);
        let every = self.duration(
            every.as_ref(),
            "broadcasts.remind_every",
            default.remind_every,
        );
        let give_up = self.duration(
            give_up.as_ref(),
            "broadcasts.give_up_after",
            default.give_up_after,
        );
        Some(Broadcasts {
            ceiling: match section.ceiling {
                CeilingWord::Day => Ceiling::Day,
                CeilingWord::Week => Ceiling::Week,
                CeilingWord::Month => Ceiling::Month,
            },
            remind_every: every?,
            reminders: section.reminders.unwrap_or(default.reminders),
            give_up_after: give_up?,
        })
    }
}

/// Members by their id or by their servicer group, each once.
fn members(file: &ConfigFile, names: &[String]) -> Vec<UserId> {
    let mut members: Vec<UserId> = Vec::new();
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        let own = std::slice::from_ref(name);
        for id in file.servicers.get(name).map_or(own, Vec::as_slice) {
            let id = UserId(id.clone());
            if !members.contains(&id) {
                members.push(id);
            }
        }
    }
    members
}
