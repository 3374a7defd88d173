//! Files with secrets that other accounts of this machine may read.

use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::build::placed;
use super::file::{ConfigFile, StoreSection};
use super::secret::Setting;
use crate::diagnostic::{Diagnostic, Report, Severity, Source};

/// What nobody but the owner may do.
const OTHERS: u32 = 0o077;
/// A file of the system's owner may be read by the group it was given to: that is how
/// `/etc`, systemd and containers hand secrets to a service.
const OTHERS_THAN_GROUP: u32 = 0o037;

/// Which files of a config are to be mended before anybody serves with it. A config that
/// cannot be read or understood has none: that is told elsewhere.
pub(super) fn exposed(path: &Path) -> Report {
    let mut report = Report::default();
    let Ok(text) = std::fs::read_to_string(path) else {
        return report;
    };
    let Ok(file) = toml::from_str::<ConfigFile>(&text) else {
        return report;
    };
    let source = Source::new(path.display().to_string(), &text);
    let base = path.parent().unwrap_or(Path::new("."));
    let secrets = secrets(&file);
    let in_config = secrets.iter().find_map(|(setting, range)| match setting {
        Setting::Plain(text) => (!text.trim().is_empty()).then_some((path.to_path_buf(), range)),
        _ => None,
    });
    let beside = secrets.iter().filter_map(|(setting, range)| match setting {
        Setting::File { file } => Some((base.join(file), range)),
        _ => None,
    });
    let tls = file.server.tls.as_ref();
    let key = tls.map(|tls| (base.join(&tls.get_ref().key), Some(tls.span())));
    let key = key.iter().map(|(path, range)| (path.clone(), range));
    let mut told = Vec::new();
    for (path, range) in in_config.into_iter().chain(beside).chain(key) {
        if !told.contains(&path)
            && let Some(found) = look(&path)
        {
            report.push(placed(&source, found, range.as_ref()));
            told.push(path);
        }
    }
    report
}

/// Every setting that is worth stealing, with its place if that is known.
fn secrets(file: &ConfigFile) -> Vec<(&Setting, Option<Range<usize>>)> {
    let mut all = Vec::new();
    for app in &file.apps {
        let app = app.get_ref();
        for setting in app.secret.iter().chain([&app.token, &app.encoding_aes_key]) {
            all.push((setting.get_ref(), Some(setting.span())));
        }
    }
    for setting in file.robots.values() {
        all.push((setting.get_ref(), Some(setting.span())));
    }
    if let Some(ingest) = &file.ingest {
        let token = &ingest.get_ref().token;
        all.push((token.get_ref(), Some(token.span())));
    }
    for hook in file.webhooks.values() {
        let (range, hook) = (Some(hook.span()), hook.get_ref());
        all.extend(hook.secret.iter().map(|secret| (secret, range.clone())));
        if !is_plain_address(&hook.url) {
            all.push((&hook.url, range));
        }
    }
    if let StoreSection::Postgres { url } = &file.store
        && !is_open_database(url)
    {
        all.push((url, None));
    }
    all
}

/// The address of a database without a password: the server asks for none, or takes it from
/// elsewhere.
fn is_open_database(setting: &Setting) -> bool {
    let Setting::Plain(text) = setting else {
        return false;
    };
    reqwest::Url::parse(text)
        .is_ok_and(|url| url.password().is_none() && !text.contains("password="))
}

/// An address that says only where something is: without a password and without a query,
/// in which people put keys.
fn is_plain_address(setting: &Setting) -> bool {
    let Setting::Plain(text) = setting else {
        return false;
    };
    reqwest::Url::parse(text)
        .is_ok_and(|url| url.query().is_none() && url.password().is_none() && url.username() == "")
}

/// What is wrong with one file, if anything. One that is not there is told elsewhere.
fn look(path: &Path) -> Option<Diagnostic> {
    let meta = std::fs::metadata(path).ok()?;
    let mode = meta.mode() & 0o777;
    let refused = if meta.uid() == 0 {
        OTHERS_THAN_GROUP
    } else {
        OTHERS
    };
    if mode & refused == 0 {
        return None;
    }
    let quoted = quoted(path);
    let me = rustix::process::geteuid();
    let mend = if me.is_root() || meta.uid() == me.as_raw() {
        format!("chmod 600 {quoted}")
    } else {
        let me = me.as_raw();
        format!("sudo chown {me} {quoted} && sudo chmod 600 {quoted}")
    };
    let found = Diagnostic::new("A029", Severity::Error, "config.exposed")
        .value("path", path.display().to_string())
        .value("mode", format!("{mode:03o}"))
        .value("mend", mend);
    Some(found)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    let text = text.replace('\'', r"'\''");
    let guard = if text.starts_with('-') { "./" } else { "" };
    format!("'{guard}{text}'")
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{exposed, quoted};
    use crate::lang::Lang;

    fn config(secret: &str, more: &str) -> String {
        format!(
            "[corp]\nid = \"ww1\"\n[[app]]\nname = \"kf\"\nkind = \"kf\"\nsecret = {secret}\n\
             token = {{ env = \"T\" }}\nencoding_aes_key = {{ env = \"K\" }}\n{more}"
        )
    }

    /// The codes, and what is said in Chinese, of a config with this mode.
    fn found(folder: &Path, text: &str, mode: u32) -> (usize, String) {
        let path = folder.join("agent.toml");
        std::fs::write(&path, text).expect("written");
        set_permissions(&path, Permissions::from_mode(mode)).expect("set");
        let report = exposed(&path);
        assert!(report.items().iter().all(|item| item.code == "A029"));
        (report.items().len(), report.human(Lang::Zh))
    }

    #[test]
    fn a_config_with_a_secret_in_it_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        for mode in [0o644, 0o604, 0o666, 0o602, 0o620] {
            let (count, text) = found(folder.path(), &config("\"canary\"", ""), mode);
            assert_eq!(count, 1, "{mode:o}");
            let mend = format!("chmod 600 {}", folder.path().join("agent.toml").display());
            let mode = format!("{mode:03o}");
            for part in ["agent.toml:6:10", mode.as_str(), mend.as_str()] {
                assert!(text.contains(part), "{part}: {text}");
            }
            assert!(!text.contains("canary"), "{text}");
        }
        for mode in [0o600, 0o400] {
            assert_eq!(found(folder.path(), &config("\"s\"", ""), mode).0, 0);
        }
    }

    #[test]
    fn a_config_without_a_secret_in_it_may_be_read_by_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = "[webhooks.erp]\nurl = \"https://erp.example.com/orders\"\n";
        let text = config("{ env = \"S\" }", address);
        assert_eq!(found(folder.path(), &text, 0o644).0, 0);
        for url in ["https://e.example/x?key=1", "https://u:p@e.example/"] {
            let text = text.replace("https://erp.example.com/orders", url);
            assert_eq!(found(folder.path(), &text, 0o644).0, 1, "{url}");
        }
        for more in [
            "[robots]\n\"群\" = \"key\"\n",
            "[ingest]\ntoken = \"a-long-enough-token\"\n",
            "[webhooks.erp]\nurl = \"https://e.example\"\nsecret = \"whsec\"\n",
        ] {
            let text = config("{ env = \"S\" }", more);
            assert_eq!(found(folder.path(), &text, 0o644).0, 1, "{more}");
        }
    }

    #[test]
    fn the_password_of_a_database_is_a_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        for (url, count) in [
            ("\"postgres://agent:canary@db/wecom\"", 1),
            ("\"postgres://agent@db/wecom?password=canary\"", 1),
            ("\"postgres://agent@db/wecom\"", 0),
            ("{ env = \"U\" }", 0),
        ] {
            let more = format!("[store]\nkind = \"postgres\"\nurl = {url}\n");
            let (found, told) = found(folder.path(), &config("{ env = \"S\" }", &more), 0o644);
            assert_eq!(found, count, "{url}");
            assert!(!told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn files_that_hold_secrets_are_looked_at_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("kf secret");
        std::fs::write(&secret, "canary").expect("written");
        let key = folder.path().join("tls.key");
        std::fs::write(&key, "canary").expect("written");
        let tls = "[server]\ntls = { cert = \"tls.crt\", key = \"tls.key\" }\n";
        let file = "{ file = \"kf secret\" }";
        let text = config(
            file,
            &tls.replace(
                "[server]",
                "[robots]\n\"群\" = { file = \"kf secret\" }\n[server]",
            ),
        );
        for (mode, count) in [(0o644, 2), (0o604, 2), (0o600, 0), (0o400, 0)] {
            for path in [&secret, &key] {
                set_permissions(path, Permissions::from_mode(mode)).expect("set");
            }
            let (seen, told) = found(folder.path(), &text, 0o644);
            assert_eq!(seen, count, "{mode:o}: {told}");
            assert!(count == 0 || told.contains("chmod 600 '"), "{told}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_understood_is_told_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(exposed(&folder.path().join("none.toml")).is_empty());
        assert_eq!(found(folder.path(), "secret = [", 0o644).0, 0);
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        for (path, shell) in [
            ("/etc/a.toml", "/etc/a.toml"),
            ("配置/a.toml", "配置/a.toml"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("-rf", "'./-rf'"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(quoted(Path::new(path)), shell);
        }
    }
}
