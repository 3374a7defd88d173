//! The files that ship with the agent: free of findings, and deciding what they promise.

use crate::rules::Standing;
use std::path::Path;

use super::support::{at, customer, event, ids, monday, names, zone};
use crate::diagnostic::Report;
use crate::domain::action::{Action, Content, TemplateName};
use crate::domain::clock::UnixMillis;
use crate::domain::contact::Contact;
use crate::domain::inbound::{Author, Channel, Inbound, Message, Trigger};
use crate::domain::outgoing::Outgoing;
use crate::lang::Lang;
use crate::rules::load::{References, load};
use crate::rules::{RuleSet, decide};
use crate::templates::{Catalog, Corp, RenderContext, Staff};

fn shop() -> (Catalog, RuleSet) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (catalog, mut report) = Catalog::load(&root.join("templates"));
    let references = References {
        servicer_groups: &names(&["售后组", "售前组"]),
        webhooks: &names(&["订单系统"]),
        robots: &names(&["店铺群"]),
        ..References::of(&catalog)
    };
    let (set, more) = load(&root.join("rules"), &references);
    report.merge(more);
    assert_eq!(report, Report::default(), "{}", report.human(Lang::Zh));
    (catalog, set.expect("no errors"))
}

fn decides(set: &RuleSet, inbound: &Inbound, contact: &Contact, now: UnixMillis) -> Vec<String> {
    ids(&decide(
        set,
        inbound,
        contact,
        &Standing::default(),
        now,
        &zone(),
    ))
}

fn says(channel: Channel, text: &str) -> Inbound {
    event(channel, Trigger::Message(Message::text(text)))
}

#[test]
fn the_shop_answers_as_it_promises() {
    let (_, set) = shop();
    let kf = |text: &str| decides(&set, &says(Channel::Kf, text), &customer(&[]), monday());
    assert_eq!(kf("人工"), ["转人工"]);
    assert_eq!(kf("我要 退 貨！"), ["退款咨询"]);
    assert_eq!(kf("不退款了"), Vec::<String>::new());
    assert_eq!(kf("单号202611230001234"), ["订单号查询"]);
    assert_eq!(kf("杯子摔碎了，怎么还没人理"), ["破损"]);
    assert_eq!(kf("龙井多少钱"), ["问价"]);
    assert_eq!(kf("我喜欢清淡"), ["口味"]);
    assert_eq!(kf("想送人"), ["送礼"]);
    assert_eq!(kf("太贵了，便宜点"), ["嫌贵"]);
    assert_eq!(
        kf("价格多少，快递几天到"),
        ["查物流", "问价"]
            .map(str::to_owned)
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    let old = customer(&["客户/已购买"]);
    assert_eq!(
        decides(&set, &says(Channel::Kf, "送礼"), &old, monday()),
        ["老客送礼"]
    );
}

#[test]
fn nights_and_holidays_have_their_own_answers() {
    let (_, set) = shop();
    let hello = says(Channel::Kf, "在吗");
    let at_time = |time: &str| decides(&set, &hello, &customer(&[]), at(time));
    assert_eq!(at_time("2026-11-23T21:00:00+08:00"), ["下班留言"]);
    assert_eq!(at_time("2026-10-02T10:00:00+08:00"), ["节假日留言"]);
    assert_eq!(
        at_time("2026-10-10T10:00:00+08:00"),
        Vec::<String>::new(),
        "a Saturday made up"
    );
    assert_eq!(
        at_time("2026-11-22T11:00:00+08:00"),
        Vec::<String>::new(),
        "an open Sunday"
    );
}

#[test]
fn members_and_the_bot_have_their_own_rules() {
    let (_, set) = shop();
    let app = |text: &str| decides(&set, &says(Channel::App, text), &customer(&[]), monday());
    assert_eq!(app("HELP"), ["员工帮助"]);
    assert_eq!(app("查单 202611230001234"), ["员工查单"]);
    assert_eq!(app("报损 白茶一盒"), ["员工报损"]);
    let bot = |text: &str| decides(&set, &says(Channel::Aibot, text), &customer(&[]), monday());
    assert_eq!(bot("报销怎么走"), ["机器人报销", "机器人常见问题"]);
}

#[test]
fn newcomers_are_welcomed_by_the_way_they_came() {
    let (_, set) = shop();
    let added = |source: Option<&str>| {
        let trigger = Trigger::Added {
            userid: "lin".into(),
            source: source.map(str::to_owned),
            welcome_code: Some("code".into()),
        };
        let inbound = Inbound {
            author: Author::System,
            ..event(Channel::Contact, trigger)
        };
        decides(&set, &inbound, &customer(&[]), monday())
    };
    assert_eq!(added(Some("门店-01")), ["门店新客"]);
    assert_eq!(added(None), ["新客"]);
}

#[test]
fn every_template_renders_for_a_stranger() {
    let (catalog, set) = shop();
    let zone = zone();
    let contact = customer(&[]);
    let captures = [("order".to_owned(), "202611230001234".to_owned())].into();
    let message = Message::text("我喜欢花香");
    let context = RenderContext {
        contact: &contact,
        staff: None::<Staff<'_>>,
        captures: &captures,
        message: Some(&message),
        now: monday(),
        zone: &zone,
        corp: Corp {
            id: "ww1",
            name: None,
        },
    };
    for name in catalog.names() {
        let messages = catalog.render(&TemplateName(name.to_owned()), &context);
        let messages = messages.unwrap_or_else(|error| panic!("{error}"));
        assert!(!messages.is_empty(), "{name}");
        let shown = format!("{messages:?}");
        assert!(
            !shown.contains("{{") && !shown.contains("{%"),
            "{name}: {shown}"
        );
    }
    for action in set.rules().iter().flat_map(|rule| rule.actions.iter()) {
        if let Action::Notify {
            content: Content::Text(text),
            ..
        } = action
        {
            catalog.render_text(text, &context).expect("renders");
        }
    }
    let price = catalog
        .render(&TemplateName("售前/价目".into()), &context)
        .expect("renders");
    assert!(matches!(
        &price[..],
        [Outgoing::Image { .. }, Outgoing::Text { .. }]
    ));
}
