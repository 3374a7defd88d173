//! A spreadsheet becomes rules that work; a wrong one changes nothing.

use crate::support::{Agent, AgentBuilder, CUSTOMER, answers, eventually, mock, operator};

async fn written() -> AgentBuilder {
    let builder = AgentBuilder::new();
    builder.write("http://127.0.0.1:1");
    builder
}

#[tokio::test]
async fn the_sample_sheets_become_rules_that_check_accepts() {
    for form in ["xlsx", "csv"] {
        let files = written().await;
        let name = format!("常见问题.{form}");
        let ran = operator::run(files.folder(), &["rules", "import", "--sample", &name]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        let ran = operator::run(files.folder(), &["rules", "import", &name, "--check"]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        let rules = files.folder().join("rules/常见问题.yaml");
        assert!(!rules.exists(), "--check writes nothing");
        let ran = operator::run(files.folder(), &["rules", "import", &name]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        let text = std::fs::read_to_string(&rules).expect("the rule file");
        for part in [
            "id: 常见问题-开发票",
            "any: [发票, 开票, 报销]",
            "cooldown: 30分钟",
            "match: exact",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let ran = operator::run(files.folder(), &["check"]).await;
        assert_eq!(ran.code, Some(0), "{}", ran.all());
        let ran = operator::run(files.folder(), &["try", "在哪里开票"]).await;
        assert!(ran.stdout.contains("发票在确认收货后"), "{}", ran.all());

        let again = operator::run(files.folder(), &["rules", "import", &name]).await;
        assert_eq!(again.code, Some(1), "what is there is not overwritten");
        assert!(again.all().contains("--force"), "{}", again.all());
        let again = operator::run(files.folder(), &["rules", "import", &name, "--force"]).await;
        assert_eq!(again.code, Some(0), "{}", again.all());
    }
}

#[tokio::test]
async fn the_sample_sheet_can_be_imported_right_after_init() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["init"][..],
        &["rules", "import", "--sample", "常见问题.xlsx"],
        &["rules", "import", "常见问题.xlsx"],
        &["check"],
    ] {
        let ran = operator::with_secrets(folder.path(), arguments).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.all());
    }
    assert!(folder.path().join("rules/常见问题.yaml").exists());
}

#[tokio::test]
async fn every_mistake_is_told_by_its_cell_and_nothing_is_written() {
    let sheet = "关键词,匹配,回复,标签,时段,编号\n\
                 退款,模湖,好,a/b,,\n\
                 发票,,您好 {{ contct.name }},,,\n\
                 物流,,稍等,/没有组,,\n\
                 地址,,一楼,,深夜,\n\
                 你好,,在,,,refund\n\
                 ,,在,,半夜,\n\
                 几点,,九点,开门,,,\n";
    let files = written().await;
    std::fs::write(files.folder().join("表.csv"), sheet).expect("written");
    let ran = operator::run(files.folder(), &["rules", "import", "表.csv"]).await;
    assert_eq!(ran.code, Some(1));
    // What only the check of the whole set shows comes in the same run.
    for (code, cell) in [
        ("I010", "B2"),
        ("T004", "C3"),
        ("R017", "D4"),
        ("R008", "E5"),
        ("I008", "A7"),
        ("R008", "E7"),
        ("I017", "G8"),
    ] {
        let told = ran.all();
        let at = told
            .find(&format!("表.csv {cell}"))
            .unwrap_or_else(|| panic!("{cell}: {told}"));
        let before = told[..at].rfind('[').map(|from| &told[from..at]);
        assert!(
            before.is_some_and(|text| text.contains(code)),
            "{code} {cell}: {told}"
        );
    }
    assert!(
        ran.all().contains("R002"),
        "the id is taken already: {}",
        ran.all()
    );
    assert!(!files.folder().join("rules/表.yaml").exists());
    assert!(!files.folder().join("templates/表").exists());
}

#[tokio::test]
async fn an_import_while_serving_is_in_force_by_itself() {
    let mock = mock().await;
    let agent = Agent::start(&mock).await;
    let sheet = "关键词,回复\n加盟、代理,请留下城市和电话\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(sheet);
    std::fs::write(agent.folder().join("招商.csv"), gbk).expect("written");
    let before = agent.ready().await["rules"]["version"].clone();
    let arguments = [
        "rules",
        "import",
        "招商.csv",
        "--out",
        "rules/招商/加盟.yaml",
    ];
    let ran = operator::run(agent.folder(), &arguments).await;
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    eventually("the imported rules", async || {
        (agent.ready().await["rules"]["version"] != before).then_some(())
    })
    .await;
    mock.say(CUSTOMER, "怎么加盟").await.expect("push");
    assert_eq!(answers(&mock, CUSTOMER, 1).await, ["请留下城市和电话"]);
    let outside = ["rules", "import", "招商.csv", "--out", "templates/x.yaml"];
    let ran = operator::run(agent.folder(), &outside).await;
    assert_eq!(ran.code, Some(2), "{}", ran.all());
}
