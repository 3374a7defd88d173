//! The people a fresh mock begins with; ids are fixed, so that examples can name them.

use super::World;
use super::app::{AppChat, Robot};
use super::book::{Department, Member};
use super::customers::{Customer, Follow};
use super::groups::{CustomerGroup, GroupMember};
use super::kf::{KfAccount, Servicer};

const KF: &str = "wkSAMPLE00000000000000000000001";
const CUSTOMERS: [(&str, &str, &str); 3] = [
    ("wmSAMPLE00000000000000000000001", "张晓", "lin.mei"),
    ("wmSAMPLE00000000000000000000002", "李强", "lin.mei"),
    ("wmSAMPLE00000000000000000000003", "王芳", "wang.wei"),
];

/// Fills a new world.
pub(super) fn fill(world: &mut World, now: i64) {
    for (id, name, parentid) in [(1, "示例公司", 0), (2, "销售部", 1), (3, "客服部", 1)] {
        world.book.departments.insert(
            id,
            Department {
                id,
                name: name.to_owned(),
                parentid,
                name_en: String::new(),
                order: 1,
            },
        );
    }
    for (userid, name, department) in [
        ("lin.mei", "林梅", 2),
        ("wang.wei", "王伟", 2),
        ("zhao.min", "赵敏", 3),
    ] {
        world.book.put(Member {
            department: vec![department],
            ..Member::new(userid, name)
        });
    }
    for (id, name, userid) in CUSTOMERS {
        let customer = Customer {
            external_userid: id.to_owned(),
            name: name.to_owned(),
            followers: vec![Follow::new(userid, now)],
            ..Customer::default()
        };
        world.customers.0.insert(id.to_owned(), customer);
    }
    for (group, tags) in [
        ("客户等级", ["普通", "意向", "成交"]),
        ("来源", ["展会", "官网", "转介绍"]),
    ] {
        let tags = tags.map(|name| (name.to_owned(), 0));
        world.tags.add(group, &tags, now, &mut world.ids);
    }
    world.kf.accounts.insert(KF.to_owned(), account());
    let group = group(now);
    world.groups.0.insert(group.chat_id.clone(), group);
    let chat = AppChat {
        chatid: "SAMPLECHAT1".to_owned(),
        name: "示例内部群".to_owned(),
        owner: "lin.mei".to_owned(),
        userlist: ["lin.mei", "wang.wei", "zhao.min"]
            .map(str::to_owned)
            .to_vec(),
        agent_id: 1_000_002,
    };
    world.app.chats.insert(chat.chatid.clone(), chat);
    let robot = Robot {
        key: "sample-robot-key".to_owned(),
        name: "值班提醒".to_owned(),
        stopped: false,
    };
    world.app.robots.insert(robot.key.clone(), robot);
    let bots = &mut world.links.bots;
    bots.insert("sample-bot".to_owned(), "sample-bot-secret".to_owned());
}

fn account() -> KfAccount {
    KfAccount {
        open_kfid: KF.to_owned(),
        name: "示例客服".to_owned(),
        servicers: vec![Servicer {
            userid: "zhao.min".to_owned(),
            status: 0,
        }],
        ..KfAccount::default()
    }
}

fn group(now: i64) -> CustomerGroup {
    let member = |userid: &str, join_scene| GroupMember {
        userid: userid.to_owned(),
        join_time: now,
        join_scene,
        state: String::new(),
    };
    CustomerGroup {
        chat_id: "wrSAMPLE00000000000000000000001".to_owned(),
        name: "示例客户群".to_owned(),
        owner: "lin.mei".to_owned(),
        create_time: now,
        notice: String::new(),
        members: vec![member("lin.mei", 1), member(CUSTOMERS[0].0, 3)],
        admins: Vec::new(),
        version: 1,
    }
}
