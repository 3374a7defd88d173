//! Whether what rules and plans tell members can reach them.

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::domain::action::Action;
use crate::rules::problems::NO_MEMBER_APP;
use crate::rules::{Mode, RuleSet};
use crate::sops::model::{Doing, Sop, SopSet, Via};

/// Rules and plans that write to members of a company whose config has no app for it: one
/// finding for all of them.
pub(super) fn without_app(config: &Config, rules: &RuleSet, sops: &SopSet) -> Option<Diagnostic> {
    if config.member_app().is_some() {
        return None;
    }
    let rules = rules.rules().iter();
    let rules = rules.filter(|rule| rule.mode != Mode::Off && rule.actions.iter().any(tells));
    let mut names: Vec<&str> = rules.map(|rule| rule.id.as_str()).collect();
    let plans = sops.iter().filter(|sop| needs_app(sop));
    names.extend(plans.map(|sop| sop.id.as_str()));
    let who = names.join(", ");
    (!names.is_empty()).then(|| Diagnostic::of(NO_MEMBER_APP).value("who", who))
}

fn tells(action: &Action) -> bool {
    matches!(action, Action::Notify { .. } | Action::Remind { .. })
}

fn needs_app(sop: &Sop) -> bool {
    let by_app = |via: &Via| matches!(via, Via::Staff | Via::Appchat(_));
    sop.steps.iter().any(|step| {
        let mut actions = step.actions.iter();
        let tells = actions.any(|doing| matches!(doing, Doing::Act(action) if tells(action)));
        tells || (step.sends() && by_app(&step.via))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::app::read_playbook;
    use crate::config::Config;
    use crate::lang::Lang;

    const RULES: &str = "rules:\n  - {id: 退款, when: {any: [退款]}, do: [{notify: {to: 负责人, text: '{{ contact.id }} 要退款'}}]}\n  - {id: 问好, when: {any: [你好]}, do: [{tag: 阶段/新}]}\n";
    const PLANS: &str = "sops:\n  - {id: 回访, kind: lifecycle, steps: [{at: 1d, via: staff, do: [{send: 话}]}]}\n  - {id: 记录, kind: lifecycle, steps: [{at: 1d, do: [{tag: 阶段/老}]}]}\n";
    const APP: &str = "token = \"t\"\nencoding_aes_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\nsecret = \"s\"\n";

    fn problems(folder: &Path, apps: &str) -> Vec<(&'static str, String)> {
        let text = format!("[corp]\nid = \"ww1\"\n{apps}");
        let parsed = Config::parse(&text, &folder.join("agent.toml"), &|_| None);
        let (config, _) = parsed.expect("a good config");
        let (_, report) = read_playbook(&config);
        let items = report.items().into_iter();
        items
            .map(|item| (item.code, item.message(Lang::Zh)))
            .collect()
    }

    #[test]
    fn one_finding_names_all_that_need_the_app_of_members() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("rules/甲.yaml", RULES),
            ("sops/甲.yaml", PLANS),
            ("templates/话.txt", "在吗"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let kf = format!("[[app]]\nname = \"kf\"\nkind = \"kf\"\n{APP}");
        let found = problems(folder.path(), &kf);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "R052");
        assert!(found[0].1.ends_with("退款, 回访"), "{found:?}");
        let with = format!("{kf}[[app]]\nname = \"staff\"\nkind = \"app\"\nagent_id = 1\n{APP}");
        assert_eq!(problems(folder.path(), &with), []);
    }
}
