//! The service file and the Dockerfile name only verbs, flags and keys that exist.

use std::path::Path;

use crate::support::operator;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).expect("a file of the repository")
}

/// The values of a key of the unit, in order.
fn values<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    let prefix = format!("{key}=");
    unit.lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .collect()
}

/// Whether the program knows the verb and each of its flags.
async fn known(arguments: &[&str]) {
    let (verb, rest) = arguments.split_first().expect("a verb");
    let ran = operator::run(Path::new("/"), &[verb, "--help"]).await;
    assert_eq!(ran.code, Some(0), "{verb}: {}", ran.all());
    for flag in rest.iter().filter(|word| word.starts_with("--")) {
        let flag = flag.split('=').next().unwrap_or(flag);
        assert!(ran.stdout.contains(flag), "{verb} {flag}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn the_service_file_starts_what_there_is() {
    let unit = text("packaging/wecom-agent.service");
    let mut commands = values(&unit, "ExecStart");
    commands.extend(values(&unit, "ExecStartPre"));
    assert_eq!(commands.len(), 2);
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[0], "/usr/local/bin/wecom-agent");
        known(&words[1..]).await;
    }
    assert_eq!(values(&unit, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    for hardening in [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "StateDirectory=wecom-agent",
        "StateDirectoryMode=0700",
        "UMask=0077",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "CapabilityBoundingSet=",
    ] {
        assert!(unit.lines().any(|line| line == hardening), "{hardening}");
    }
    // It stops within the time that the program takes to finish what it holds.
    assert_eq!(values(&unit, "TimeoutStopSec"), ["60"]);
}

#[tokio::test]
async fn the_backup_that_the_timer_starts_can_be_made() {
    let unit = text("packaging/wecom-agent-backup.service");
    let commands = values(&unit, "ExecStart");
    let (_, command) = commands[0]
        .split_once("exec /usr/local/bin/")
        .expect("ours");
    let words: Vec<&str> = command.split_whitespace().take(4).collect();
    assert_eq!(words[..2], ["wecom-agent", "backup"]);
    known(&words[1..]).await;
    let of_server = text("packaging/wecom-agent.service");
    for key in ["User", "UMask", "StateDirectoryMode"] {
        assert_eq!(values(&unit, key), values(&of_server, key), "{key}");
    }
    let timer = text("packaging/wecom-agent-backup.timer");
    assert_eq!(values(&timer, "WantedBy"), ["timers.target"]);
    for page in ["docs/deploy.md", "docs/deploy.zh-CN.md"] {
        let page = text(page);
        for file in ["wecom-agent-backup.service", "wecom-agent-backup.timer"] {
            assert!(page.contains(&format!("packaging/{file}")), "{file}");
        }
    }
}

#[tokio::test]
async fn the_image_starts_what_there_is_as_an_ordinary_user() {
    let file = text("Dockerfile");
    let list = |key: &str| -> Vec<String> {
        let line = file.lines().find_map(|line| line.strip_prefix(key));
        serde_json::from_str(line.expect("there").trim()).expect("a JSON list")
    };
    let command = [list("ENTRYPOINT"), list("CMD")].concat();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    assert_eq!(command[0], "/usr/local/bin/wecom-agent");
    known(&command[1..]).await;
    let user = file
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("USER "));
    let user = user.expect("an account").split(':').next().expect("an id");
    assert!(user.parse::<u32>().is_ok_and(|id| id > 0), "{user}");
    let ignored = text(".dockerignore");
    for private in ["target", ".git", "data", "agent.toml", "secrets"] {
        assert!(ignored.lines().any(|line| line == private), "{private}");
    }
}

/// Files in the docs are links that lead somewhere, and the tests that they name exist.
#[test]
fn the_pages_on_security_and_faults_name_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for page in ["SECURITY.md", "docs/security.md", "docs/faults.md"] {
        for piece in text(page).split('`') {
            let Some((file, test)) = piece.split_once("::") else {
                continue;
            };
            let sources: Vec<String> = ["tests/it", "tests/faults", "src"]
                .iter()
                .filter_map(|folder| std::fs::read_to_string(root.join(folder).join(file)).ok())
                .collect();
            assert!(!sources.is_empty(), "{page}: there is no {file}");
            let test = format!("fn {test}(");
            let found = sources.iter().any(|source| source.contains(&test));
            assert!(found, "{page}: {piece}");
            named += 1;
        }
    }
    assert!(named > 100, "{named}");
}

/// What the program is built from is in the context of the image.
#[test]
fn the_image_can_be_built_from_its_context() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = text(".dockerignore");
    let out = |path: &str| {
        let mut out = false;
        for line in ignored.lines().filter(|line| !line.starts_with('#')) {
            let (pattern, verdict) = match line.strip_prefix('!') {
                Some(pattern) => (pattern, false),
                None => (line, true),
            };
            let folder = pattern.strip_suffix("/*").unwrap_or(pattern);
            if path == folder || path.starts_with(&format!("{folder}/")) {
                out = verdict;
            }
        }
        out
    };
    assert!(out("docs/faults.md") && out("target/debug"));
    let mut included = 0;
    for source in sources(&root.join("src")) {
        let code = std::fs::read_to_string(&source).expect("a source file");
        let pieces = code.split("include_").skip(1);
        let paths = pieces.filter_map(|piece| {
            let rest = piece.strip_prefix("str").or(piece.strip_prefix("bytes"))?;
            let (path, _) = rest.strip_prefix("!(\"")?.split_once('"')?;
            Some(path)
        });
        for path in paths {
            let place = source.parent().expect("a folder").join(path);
            let place = place.canonicalize().expect("what is included is there");
            let place = place.strip_prefix(root).expect("ours").to_string_lossy();
            assert!(!out(&place), "{place}: not in the image's context");
            included += 1;
        }
    }
    assert!(included > 10, "{included}");
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
    found
}
