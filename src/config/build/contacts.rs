//! `[sync]` and `[ingest]`: where what is known of customers comes from.

use toml::Spanned;

use super::Builder;
use crate::config::file::{IngestSection, SyncSection};
use crate::config::{SecretText, Sync};

/// WeCom does not say what it allows; vendors who relay these calls stay at this.
const MOST_CALLS: u32 = 600;
/// A run begins with two calls and goes on by a few at once.
const LEAST_CALLS: u32 = 4;
/// A shorter secret could be guessed.
const LEAST_TOKEN_CHARS: usize = 16;

impl Builder<'_> {
    pub(super) fn sync(&mut self, section: &SyncSection) -> Option<Sync> {
        let default = Sync::default();
        let off = section
            .every
            .as_ref()
            .is_some_and(|every| every.get_ref() == "off");
        let every = if off {
            None
        } else {
            let default = default.every.unwrap_or_default();
            Some(self.duration(section.every.as_ref(), "sync.every", default)?)
        };
        let calls_per_minute = match &section.calls_per_minute {
            None => default.calls_per_minute,
            Some(calls) if (LEAST_CALLS..=MOST_CALLS).contains(calls.get_ref()) => *calls.get_ref(),
            Some(calls) => {
                let values = [
                    ("value", calls.get_ref().to_string()),
                    ("least", LEAST_CALLS.to_string()),
                    ("most", MOST_CALLS.to_string()),
                ];
                self.error("A040", "config.sync_calls", Some(&calls.span()), &values);
                return None;
            }
        };
        Some(Sync {
            every,
            calls_per_minute,
        })
    }

    /// `Some(None)` if the company's own systems tell nothing.
    pub(super) fn ingest_token(
        &mut self,
        section: Option<&Spanned<IngestSection>>,
    ) -> Option<Option<SecretText>> {
        let Some(section) = section else {
            return Some(None);
        };
        let setting = &section.get_ref().token;
        let token = self.setting(setting, "ingest.token")?;
        if token.chars().count() < LEAST_TOKEN_CHARS {
            let values = [("least", LEAST_TOKEN_CHARS.to_string())];
            self.error(
                "A041",
                "config.ingest_token",
                Some(&setting.span()),
                &values,
            );
            return None;
        }
        Some(Some(SecretText::new(token)))
    }
}
