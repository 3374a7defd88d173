use super::load::from_bytes;
use super::model::{Channel, ChannelSet};
use super::plan::{Content, Found, Remote, Step, step};
use crate::diagnostic::Report;
use crate::domain::action::TemplateName;
use crate::domain::clock::UnixMillis;
use crate::rules::{Calendar, PlanReader, References};
use crate::templates::Catalog;

fn read(text: &str) -> (Option<ChannelSet>, Vec<&'static str>) {
    let templates = Catalog::from_files(
        std::path::Path::new("templates"),
        &[("欢迎.txt".to_owned(), "您好".into())].into(),
        &mut Report::default(),
    );
    let references = References::of(&templates);
    let calendar = Calendar::default();
    let reader = PlanReader {
        references: &references,
        appchats: &Default::default(),
        calendar: &calendar,
    };
    let mut report = Report::default();
    let set = from_bytes("channels.yaml", text.as_bytes(), reader, &mut report);
    let codes = report.items().into_iter().map(|item| item.code);
    (set, codes.collect())
}

#[test]
fn a_file_is_read() {
    let (set, codes) = read(
        "version: 1\nchannels:\n  - {id: 门店, members: [a, b], departments: 2, skip_verify: false, tags: 来源/门店, welcome: 欢迎}\n\
         groups:\n  - {id: 群, state: g, groups: [wr1], tags: 来源/群, new_group: {name: 茶友群, from: 3}}\n",
    );
    assert_eq!(codes, [""; 0]);
    let set = set.expect("a set");
    let channel = set.by_state("门店").expect("the id is the state");
    assert_eq!(
        (channel.members.len(), channel.departments.as_slice()),
        (2, &[2][..])
    );
    assert!(!channel.skip_verify);
    let way = set.group_by_state("g").expect("a way");
    assert_eq!(way.tags, ["来源/群".into()]);
    assert_eq!(set.groups[0].new_group, Some(("茶友群".to_owned(), 3)));
}

#[test]
fn every_mistake_has_its_code() {
    let long = "长".repeat(31);
    for (text, code) in [
        (
            "channels:\n  - {id: a, members: x}\n  - {id: a, state: b, members: x}\n",
            "H002",
        ),
        (
            "channels:\n  - {id: a, members: x}\n  - {id: b, state: a, members: x}\n",
            "H003",
        ),
        (
            &format!("channels:\n  - {{id: a, remark: {long}, members: x}}\n"),
            "H004",
        ),
        ("channels:\n  - {id: a}\n", "H005"),
        ("groups:\n  - {id: a, groups: [a, b, c, d, e, f]}\n", "H006"),
        ("version: 2\nchannels:\n  - {id: a, members: x}\n", "H007"),
        ("channels:\n  - {id: a, departments: 销售部}\n", "H008"),
        (
            "channels:\n  - {id: a, members: x, welcome_by_hours: {深夜: 欢迎}}\n",
            "R008",
        ),
    ] {
        let (set, codes) = read(text);
        assert_eq!(codes, [code], "{text}");
        assert_eq!(set, None);
    }
    // A way in for people and one into groups may carry the same mark.
    let (set, codes) =
        read("channels:\n  - {id: a, members: x}\ngroups:\n  - {id: b, state: a, groups: wr1}\n");
    assert_eq!(codes, [""; 0]);
    assert!(set.is_some());
}

fn content(members: &[&str]) -> Content {
    Content {
        state: "a".to_owned(),
        targets: members.iter().map(|&id| id.to_owned()).collect(),
        ..Content::default()
    }
    .sorted()
}

fn remote(members: &[&str]) -> Remote {
    Remote {
        config_id: "c".to_owned(),
        qr_code: None,
        content: content(members),
    }
}

#[test]
fn what_differs_is_changed_and_nothing_else() {
    let wanted = content(&["b", "a"]);
    let same = remote(&["a", "b"]);
    assert_eq!(step(&wanted, Found::Ours(same.clone())), Step::Same(same));
    let other = remote(&["c"]);
    assert_eq!(
        step(&wanted, Found::Ours(other.clone())),
        Step::Update(other.clone(), vec!["members"])
    );
    assert_eq!(
        step(&wanted, Found::Orphan(other.clone())),
        Step::Adopt(other, vec!["members"])
    );
    assert_eq!(step(&wanted, Found::Gone), Step::Again);
    assert_eq!(step(&wanted, Found::Nothing), Step::Create);
    assert!(!step(&wanted, Found::NoList).is_change());
}

#[test]
fn outside_all_hours_the_usual_welcome_goes_out() {
    let channel = Channel {
        welcome: Some(TemplateName("欢迎".to_owned())),
        by_hours: vec![("深夜".to_owned(), TemplateName("夜里".to_owned()))],
        ..Channel::default()
    };
    let welcome = channel.welcome(
        &Calendar::default(),
        UnixMillis(0),
        &jiff::tz::TimeZone::UTC,
    );
    assert_eq!(welcome.map(|name| name.0.as_str()), Some("欢迎"));
}
