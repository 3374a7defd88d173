//! Files of secrets are for their owner alone, and nobody needs to be root.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::support::{Agent, AgentBuilder, mock, operator};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

#[tokio::test]
async fn serve_refuses_a_config_that_others_may_read_and_says_how_to_mend_it() {
    let mock = mock().await;
    let builder = AgentBuilder::new();
    let config = builder.write(&mock.base_url());
    for mode in [0o644, 0o604, 0o660 | 0o004, 0o602] {
        chmod(&config, mode);
        for (verb, code) in [("serve", 2), ("check", 1), ("doctor", 1)] {
            let ran = operator::run(builder.folder(), &[verb]).await;
            assert_eq!(ran.code, Some(code), "{verb} {mode:o}: {}", ran.all());
            let told = ran.all();
            assert!(told.contains("chmod 600 agent.toml"), "{verb}: {told}");
            assert!(verb == "doctor" || told.contains("A029"), "{verb}: {told}");
            assert!(!told.contains("kf-secret"), "{verb}: {told}");
        }
    }
    let english = operator::run(builder.folder(), &["--lang", "en", "serve"]).await;
    assert!(english.all().contains("other accounts of this machine"));
    // The mend, word for word.
    let mut shell = tokio::process::Command::new("sh");
    shell
        .args(["-c", "chmod 600 agent.toml"])
        .current_dir(builder.folder());
    assert!(shell.status().await.expect("sh").success());
    let ran = operator::run(builder.folder(), &["doctor"]).await;
    assert!(!ran.all().contains("chmod"), "{}", ran.all());
}

#[tokio::test]
async fn a_file_that_a_secret_is_taken_from_is_looked_at_too() {
    let mock = mock().await;
    let builder = AgentBuilder::new()
        .file("secrets/kf key", "kf-secret\n")
        .edit(
            "secret = \"kf-secret\"",
            "secret = { file = \"secrets/kf key\" }",
        );
    builder.write(&mock.base_url());
    let secret = builder.folder().join("secrets/kf key");
    chmod(&secret, 0o644);
    let ran = operator::run(builder.folder(), &["serve"]).await;
    assert_eq!(ran.code, Some(2));
    for part in ["A029", "agent.toml:11:10", "chmod 600 'secrets/kf key'"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    chmod(&secret, 0o400);
    builder.start(&mock).await;
}

#[tokio::test]
async fn what_init_writes_is_private_and_may_be_public_without_secrets() {
    let home = tempfile::tempdir().expect("a folder");
    let ran = operator::run(home.path(), &["init"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let config = home.path().join("agent.toml");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!(mode(&config), 0o600);
    assert_ne!(mode(&home.path().join("channels.yaml")) & 0o044, 0);
    // All of its secrets come from the environment.
    chmod(&config, 0o644);
    let ran = operator::with_secrets(home.path(), &["check"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
}

#[tokio::test]
async fn root_is_told_that_it_is_not_needed() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let root = std::fs::metadata(agent.folder()).expect("there").uid() == 0;
    let logs = agent.logs().join("\n");
    assert_eq!(logs.contains("root"), root, "{logs}");
}
