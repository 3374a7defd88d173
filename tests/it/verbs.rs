//! The verbs that read files: `check`, `try`, `init`, `schema`, and how mistakes are told.

use crate::support::AgentBuilder;
use crate::support::operator::{self, Ran};

fn written() -> AgentBuilder {
    let builder = AgentBuilder::new();
    builder.write("http://127.0.0.1:1");
    builder
}

async fn run(builder: &AgentBuilder, arguments: &[&str]) -> Ran {
    operator::run(builder.folder(), arguments).await
}

#[tokio::test]
async fn check_is_content_with_good_files() {
    let files = written();
    let ran = run(&files, &["check"]).await;
    assert_eq!(
        (ran.code, ran.stdout.trim()),
        (Some(0), "没有发现问题"),
        "{}",
        ran.all()
    );
    let ran = run(&files, &["check", "--format", "json"]).await;
    assert_eq!(ran.json()["ok"], true);
    assert_eq!(ran.json()["problems"], serde_json::json!([]));
}

#[tokio::test]
async fn looking_at_data_makes_none() {
    let files = written();
    for arguments in [
        &["rules", "history"][..],
        &["queue", "list"],
        &["trace", "in-1"],
        &["undo", "--rule", "x", "--since", "1d"],
        &["replay", "--since", "1d"],
    ] {
        let ran = run(&files, arguments).await;
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.all());
        assert!(ran.all().contains("还没有数据"), "{}", ran.all());
    }
    assert!(!files.folder().join("data").exists());
}

#[tokio::test]
async fn check_tells_every_problem_with_its_place_and_mend() {
    let files = AgentBuilder::new()
        .edit("poll_every", "poll_evry")
        .file(
            "rules/a.yaml",
            "version: 1\nrules:\n  - id: x\n    when: {any: [a]}\n    do: [{reply: nothere}]\n",
        )
        .file("templates/bad.txt", "您好 {{ contact.name");
    files.write("http://127.0.0.1:1");
    // A config that cannot be read hides nothing but what hangs on it.
    let ran = run(&files, &["check"]).await;
    assert_eq!(ran.code, Some(1));
    for part in ["agent.toml:14:1", "poll_evry", "poll_every"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }

    let files = AgentBuilder::new()
        .file(
            "rules/a.yaml",
            "version: 1\nrules:\n  - id: x\n    when: {any: [a]}\n    do: [{reply: nothere}]\n",
        )
        .file("templates/bad.txt", "您好 {{ contact.name");
    files.write("http://127.0.0.1:1");
    let ran = run(&files, &["check"]).await;
    assert_eq!(ran.code, Some(1));
    for part in ["a.yaml:5:18", "nothere", "bad.txt:1"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    let ran = run(&files, &["check", "--format", "json"]).await;
    let told = ran.json();
    assert_eq!(
        (told["ok"].as_bool(), told["errors"].as_u64()),
        (Some(false), Some(2))
    );
    for problem in told["problems"].as_array().expect("problems") {
        for key in ["code", "file", "line", "column", "message"] {
            assert!(!problem[key].is_null(), "{key}: {problem}");
        }
    }
    let english = run(&files, &["--lang", "en", "check"]).await;
    assert!(
        english.all().is_ascii() || !english.all().contains("规则"),
        "{}",
        english.all()
    );
}

#[tokio::test]
async fn check_without_a_config_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = operator::run(folder.path(), &["check"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
    assert!(ran.all().contains("agent.toml"), "{}", ran.all());
}

#[tokio::test]
async fn try_shows_what_would_happen_and_why() {
    let files = written();
    let ran = run(&files, &["try", "我要退款"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    for part in [
        "refund",
        "退款请提供订单号",
        "意向/退款",
        "【退款】",
        "echo",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let ran = run(&files, &["try", "天气", "--format", "json"]).await;
    assert_eq!(ran.json()["effects"], serde_json::json!([]));
    let ran = run(&files, &["try", "你好", "--at", "昨天晚上"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("看不懂时间"), "{}", ran.stderr);
    assert!(
        !files.folder().join("data").exists(),
        "nothing was opened or sent"
    );
}

#[tokio::test]
async fn rules_are_checked_and_tried_without_the_secrets() {
    let files = AgentBuilder::new()
        .edit("\"kf-secret\"", "{ env = \"NOT_SET\" }")
        .edit("\"sample-robot-key\"", "{ file = \"nothere.key\" }")
        .file(
            "rules/a.yaml",
            "version: 1\nrules:\n  - id: x\n    when: {any: [转人工]}\n    do: [{transfer: 售后组}, {robot: {to: 值班群, text: 转人工}}]\n",
        );
    files.write("http://127.0.0.1:1");
    let ran = run(&files, &["try", "我要退款"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    assert!(
        ran.stdout.contains("回复客户 张三：退款请"),
        "{}",
        ran.stdout
    );
    let ran = run(&files, &["serve"]).await;
    assert_eq!(ran.code, Some(2), "serve stays strict: {}", ran.all());

    let files = files.file(
        "rules/b.yaml",
        "version: 1\nrules:\n  - id: y\n    when: {any: [人工]}\n    do: [{transfer: 无此组}]\n",
    );
    let ran = run(&files, &["check"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.all());
    for part in ["NOT_SET", "nothere.key", "无此组", "只转给一个人"] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    assert!(
        !ran.all().contains("R016"),
        "the robot is known: {}",
        ran.all()
    );
}

#[tokio::test]
async fn try_explains_arrivals() {
    let files = written();
    for event in [["try", "--event", "added"], ["try", "--event", "entered"]] {
        let ran = run(&files, &event).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        assert!(ran.stdout.contains("欢迎语：您好"), "{}", ran.stdout);
    }
}

#[tokio::test]
async fn init_writes_what_check_accepts_and_never_overwrites() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = operator::run(folder.path(), &["init", "机器人"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    for part in ["示例茶叶店", "已有的 defaults: 下", "mode: off"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let home = folder.path().join("机器人");
    let ran = operator::with_secrets(&home, &["check", "--strict"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let ran = operator::run(&home, &["check"]).await;
    assert_eq!(ran.code, Some(1), "without its secrets it is not good");
    let told = ran.all();
    for name in ["WECOM_KF_SECRET", "WECOM_ROBOT_KEY"] {
        let place = told
            .split(name)
            .nth(1)
            .and_then(|after| after.lines().nth(1));
        assert!(
            place.is_some_and(|line| line.contains("agent.toml:")),
            "{told}"
        );
    }

    std::fs::write(home.join("agent.toml"), "# 我改过\n").expect("written");
    let ran = operator::run(folder.path(), &["init", "机器人"]).await;
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.stdout.contains("保留") && !ran.stdout.contains("新建"),
        "{}",
        ran.stdout
    );
    let kept = std::fs::read_to_string(home.join("agent.toml")).expect("there");
    assert_eq!(kept, "# 我改过\n");
}

#[tokio::test]
async fn schemas_are_json_schemas() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["rules", "calendar", "template", "config"] {
        let ran = operator::run(folder.path(), &["schema", file]).await;
        assert_eq!(ran.code, Some(0), "{file}");
        assert!(ran.json()["$schema"].is_string(), "{file}");
    }
}

#[tokio::test]
async fn every_verb_explains_itself_in_both_languages() {
    let folder = tempfile::tempdir().expect("a folder");
    let verbs: [&[&str]; 9] = [
        &["demo"],
        &["init"],
        &["serve"],
        &["check"],
        &["try"],
        &["queue", "list"],
        &["queue", "redrive"],
        &["doctor"],
        &["schema"],
    ];
    for verb in verbs {
        for (lang, example, usage) in [("zh", "例：", "用法："), ("en", "Example", "Usage:")] {
            let arguments = [verb, &["--help", "--lang", lang]].concat();
            let ran = operator::run(folder.path(), &arguments).await;
            assert_eq!(ran.code, Some(0), "{verb:?}");
            let english = ran.stdout.contains("[OPTIONS]");
            assert_eq!(english, lang == "en", "{verb:?}: {}", ran.stdout);
            for part in [example, usage, "wecom-agent"] {
                assert!(ran.stdout.contains(part), "{verb:?} {part}: {}", ran.stdout);
            }
        }
    }
}

#[tokio::test]
async fn mistakes_on_the_command_line_are_told_in_chinese() {
    let folder = tempfile::tempdir().expect("a folder");
    let mistakes: [(&[&str], &str); 7] = [
        (&["sevre"], "没有 `sevre` 这个命令"),
        (&["check", "--stict"], "不认识的参数 --stict"),
        (&["check", "--format", "xml"], "json"),
        (&["check", "--config"], "后面要有值"),
        (&["try"], "缺少参数"),
        (&["queue", "show", "12"], "不是编号"),
        (&["serve", "extra"], "extra"),
    ];
    for (arguments, told) in mistakes {
        let ran = operator::run(folder.path(), arguments).await;
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.all());
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    let nothing = operator::run(folder.path(), &[]).await;
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.all().contains("命令"), "{}", nothing.all());
}
