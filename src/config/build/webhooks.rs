//! `[webhooks]`: the company's own endpoints.

use std::collections::BTreeMap;

use toml::Spanned;

use super::Builder;
use crate::config::Webhook;
use crate::config::file::WebhookSection;
use crate::config::secret::SecretText;

impl Builder<'_> {
    pub(super) fn webhooks(
        &mut self,
        hooks: &BTreeMap<String, Spanned<WebhookSection>>,
    ) -> Option<BTreeMap<String, Webhook>> {
        let built: Vec<_> = hooks
            .iter()
            .map(|(name, hook)| Some((name.clone(), self.webhook(name, hook)?)))
            .collect();
        built.into_iter().collect()
    }

    fn webhook(&mut self, name: &str, hook: &Spanned<WebhookSection>) -> Option<Webhook> {
        let range = hook.span();
        let hook = hook.get_ref();
        let secret = hook.secret.as_ref().map(|secret| {
            let key = format!("webhooks.{name}.secret");
            self.value(secret, &key, Some(&range))
        });
        let url = self.value(&hook.url, &format!("webhooks.{name}.url"), Some(&range))?;
        let good = reqwest::Url::parse(&url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !good {
            let values = [("name", name.to_owned())];
            self.error("A021", "config.webhook_url", Some(&range), &values);
            return None;
        }
        let secret = match secret {
            Some(value) => Some(SecretText::new(value?)),
            None => None,
        };
        Some(Webhook {
            url: SecretText::new(url),
            secret,
        })
    }
}
