//! Contacts: what rules change and what WeCom says.

use super::Subject;
use super::support::{CORP, accept, at, customer, decision, one_record, record};
use crate::domain::change::{ContactChange, TagGrant, TakeBack};
use crate::domain::contact::{Follower, Value};
use crate::domain::group::Group;
use crate::domain::ids::{Person, RecordId, RuleId, Tag, UserId};
use crate::store::{ContactFacts, DecisionCommit, GroupFacts, Store, SyncPage};

fn facts(synced_at: i64) -> ContactFacts {
    ContactFacts::asked(customer("a"), at(synced_at))
}

fn follower(userid: &str, added_at: i64) -> Follower {
    Follower {
        added_at: Some(at(added_at)),
        source: Some(format!("code-{userid}")),
        ..Follower::of(UserId::from(userid))
    }
}

async fn change(store: &dyn Store, text: &str, now: i64, change: ContactChange) {
    accept(store, vec![record("a", text, now)]).await;
    let claimed = one_record(store, now).await;
    let change = ContactChange {
        person: Some(customer("a")),
        ..change
    };
    let decision = DecisionCommit {
        contact: Some(change),
        ..decision(&claimed, now)
    };
    store.commit_decision(decision).await.unwrap();
}

fn rule_tag(tag: &str) -> ContactChange {
    ContactChange {
        add_tags: vec![TagGrant {
            tag: Tag::from(tag),
            rule: RuleId::from("r"),
            version: None,
            record: None,
        }],
        ..ContactChange::default()
    }
}

pub async fn wecom_facts_keep_what_only_we_know(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let ours = ContactChange {
        set: vec![("年龄".to_owned(), Value::Number(30.0))],
        fired: vec![RuleId::from("r")],
        ..rule_tag("意向/高")
    };
    change(&*store, "1", 5, ours).await;
    let said = ContactFacts {
        name: Some("小明".to_owned()),
        tags: Some(vec![Tag::from("意向/高"), Tag::from("来源/展会")]),
        ..facts(10)
    };
    let merged = store.merge_contact(said).await.unwrap();
    assert_eq!(
        store.contact(&customer("a")).await.unwrap().as_ref(),
        Some(&merged)
    );
    assert_eq!(merged.name.as_deref(), Some("小明"));
    assert_eq!(merged.attributes["年龄"], Value::Number(30.0));
    assert_eq!(merged.fired[&RuleId::from("r")], at(5));
    assert_eq!(
        merged.tags[&Tag::from("意向/高")].rule,
        Some(RuleId::from("r"))
    );
    assert_eq!(merged.tags[&Tag::from("意向/高")].at, at(5));
    assert_eq!(merged.tags[&Tag::from("来源/展会")].rule, None);

    // What was not asked stays; what WeCom no longer says goes.
    let kept = store.merge_contact(facts(11)).await.unwrap();
    assert_eq!((kept.tags.len(), kept.name.as_deref()), (2, Some("小明")));
    let gone = ContactFacts {
        tags: Some(vec![]),
        ..facts(12)
    };
    assert!(store.merge_contact(gone).await.unwrap().tags.is_empty());
}

pub async fn a_tag_set_after_wecom_was_asked_stays(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    change(&*store, "1", 20, rule_tag("意向/高")).await;
    let said = ContactFacts {
        tags: Some(vec![]),
        ..facts(10)
    };
    let merged = store.merge_contact(said).await.unwrap();
    assert!(merged.has_tag(&Tag::from("意向/高")));
}

pub async fn older_facts_are_ignored(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let newer = ContactFacts {
        name: Some("new".to_owned()),
        ..facts(10)
    };
    store.merge_contact(newer).await.unwrap();
    let older = ContactFacts {
        name: Some("old".to_owned()),
        ..facts(9)
    };
    let merged = store.merge_contact(older).await.unwrap();
    assert_eq!(
        (merged.name.as_deref(), merged.synced_at),
        (Some("new"), Some(at(10)))
    );
}

pub async fn followers_come_and_go(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let added = |userid, when| ContactChange {
        added_by: Some(follower(userid, when)),
        ..ContactChange::default()
    };
    change(&*store, "1", 1, added("li", 1)).await;
    change(&*store, "2", 2, added("wang", 2)).await;
    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(contact.followers, [follower("li", 1), follower("wang", 2)]);
    assert_eq!(
        (contact.added_at, contact.source.as_deref()),
        (Some(at(1)), Some("code-li"))
    );

    let removed = ContactChange {
        removed_by: Some(UserId::from("li")),
        ..ContactChange::default()
    };
    change(&*store, "3", 3, removed).await;
    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(contact.followers, [follower("wang", 2)]);
    assert_eq!(
        contact.source.as_deref(),
        Some("code-li"),
        "the first way in stays"
    );
}

pub async fn are_read_in_the_order_asked(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    store.merge_contact(facts(1)).await.unwrap();
    let found = store
        .contacts(&[customer("b"), customer("a")])
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], None);
    assert_eq!(found[1].as_ref().unwrap().person, customer("a"));
    assert_eq!(store.contact(&customer("b")).await.unwrap(), None);
}

pub async fn provenance_survives_what_wecom_says(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let grant = |tag: &str| TagGrant {
        tag: Tag::from(tag),
        rule: RuleId::from("r"),
        version: Some("v1".to_owned()),
        record: Some(RecordId(1)),
    };
    let ours = ContactChange {
        add_tags: vec![grant("意向"), grant("等级/高"), grant("等级/走了")],
        ..ContactChange::default()
    };
    change(&*store, "1", 5, ours).await;
    // WeCom names the group of every tag.
    let said = ContactFacts {
        tags: Some(vec![Tag::from("默认/意向"), Tag::from("等级/高")]),
        ..facts(10)
    };
    store.merge_contact(said).await.unwrap();
    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    let names: Vec<&str> = contact.tags.keys().map(|tag| tag.0.as_str()).collect();
    assert_eq!(names, ["等级/高", "默认/意向"]);
    for mark in contact.tags.values() {
        assert_eq!((mark.at, &mark.rule), (at(5), &Some(RuleId::from("r"))));
        assert_eq!(mark.version.as_deref(), Some("v1"));
        assert_eq!(mark.record, Some(RecordId(1)));
    }
}

pub async fn what_a_rule_set_is_taken_back_exactly(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    change(&*store, "1", 5, rule_tag("早")).await;
    let other = ContactChange {
        add_tags: vec![TagGrant {
            rule: RuleId::from("other"),
            ..rule_tag("等级/意向").add_tags.remove(0)
        }],
        ..ContactChange::default()
    };
    change(&*store, "2", 10, other).await;
    // It carries such a tag already: the rule has set nothing.
    change(&*store, "3", 11, rule_tag("等级/意向")).await;
    change(&*store, "4", 12, rule_tag("晚")).await;
    let undo = ContactChange {
        take_back: Some(TakeBack {
            rule: RuleId::from("r"),
            since: at(10),
        }),
        ..ContactChange::default()
    };
    change(&*store, "5", 20, undo).await;
    let contact = store.contact(&customer("a")).await.unwrap().unwrap();
    let names: Vec<&str> = contact.tags.keys().map(|tag| tag.0.as_str()).collect();
    assert_eq!(names, ["早", "等级/意向"]);
}

pub async fn are_read_page_by_page(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    for who in ["c", "a", "b"] {
        let said = ContactFacts {
            person: customer(who),
            ..facts(1)
        };
        store.merge_contact(said).await.unwrap();
    }
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = store.contacts_after(after.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.person.clone());
        seen.extend(page.into_iter().map(|contact| contact.person));
    }
    assert_eq!(seen, ["a", "b", "c"].map(customer));
}

/// What a member's list tells of the pair.
fn relation(userid: &str, tags: Option<&[&str]>, seen_at: i64) -> ContactFacts {
    let told = tags.map(|tags| tags.iter().map(|&tag| Tag::from(tag)).collect());
    let follower = Follower {
        tags: told,
        seen_at: Some(at(seen_at)),
        ..follower(userid, 1)
    };
    ContactFacts {
        name: Some("小明".to_owned()),
        relations: vec![follower],
        ..facts(seen_at)
    }
}

fn page(contacts: Vec<ContactFacts>) -> SyncPage {
    SyncPage {
        contacts,
        ..SyncPage::default()
    }
}

pub async fn what_leaves_on_another_day_counts_on_that_day(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let reached = || ContactChange {
        reached: true,
        ..ContactChange::default()
    };
    change(&*store, "1", 5, reached()).await;
    change(&*store, "2", 7, reached()).await;
    let moved = || ContactFacts::reached(customer("a"), at(5), at(90));
    let contact = store.merge_contact(moved()).await.unwrap();
    assert_eq!(contact.reached, [at(7), at(90)]);
    assert_eq!(contact.synced_at, None, "WeCom was asked nothing");
    // A second time there is nothing to move.
    let contact = store.merge_contact(moved()).await.unwrap();
    assert_eq!(contact.reached, [at(7), at(90)]);
}

pub async fn lists_tell_of_one_follower_at_a_time(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let both = vec![
        relation("a", Some(&["客户/新"]), 10),
        relation("b", Some(&["客户/老"]), 10),
    ];
    store.take_sync_page(page(both)).await.unwrap();
    let known = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!((known.followers.len(), known.tags.len()), (2, 2));
    // A list does not make the whole contact fresh.
    assert_eq!(known.synced_at, None);

    // One list says that its tag is gone; the other member's stays.
    let later = vec![relation("a", Some(&[]), 20), relation("b", None, 5)];
    store.take_sync_page(page(later)).await.unwrap();
    let known = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(
        known.tags.keys().collect::<Vec<_>>(),
        [&Tag::from("客户/老")]
    );
    // What was told later stays, whoever comes with something older.
    assert_eq!(known.followers[1].seen_at, Some(at(10)));

    // A list that cannot name the tags takes none away.
    let unnamed = vec![relation("b", None, 30)];
    store.take_sync_page(page(unnamed)).await.unwrap();
    let known = store.contact(&customer("a")).await.unwrap().unwrap();
    assert!(known.has_tag(&Tag::from("客户/老")));
}

pub async fn customers_are_lost_and_come_back(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let with = |followers: Vec<Follower>, now| ContactFacts {
        followers: Some(followers),
        ..facts(now)
    };
    let lost_at = async || {
        let known = store.contact(&customer("a")).await.unwrap();
        known.and_then(|known| known.lost_at)
    };
    // Somebody whom nobody ever had is not lost.
    store.merge_contact(with(vec![], 5)).await.unwrap();
    assert_eq!(lost_at().await, None);
    store
        .merge_contact(with(vec![follower("a", 6)], 7))
        .await
        .unwrap();
    store.merge_contact(with(vec![], 8)).await.unwrap();
    assert_eq!(lost_at().await, Some(at(8)));
    store
        .take_sync_page(page(vec![relation("a", None, 9)]))
        .await
        .unwrap();
    assert_eq!(lost_at().await, None);
    let removed = ContactChange {
        removed_by: Some(UserId::from("a")),
        ..ContactChange::default()
    };
    change(&*store, "1", 10, removed).await;
    assert_eq!(lost_at().await, Some(at(10)));
}

pub async fn groups_are_kept_like_contacts(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let person = Person::Group("wr1".into());
    let is = ContactFacts {
        name: Some("茶友群".to_owned()),
        group: Some(GroupFacts::Is {
            group: Group {
                owner: Some(UserId::from("a")),
                ..Group::default()
            },
            made_at: Some(at(1)),
        }),
        ..ContactFacts::asked(person.clone(), at(10))
    };
    let made = store.merge_contact(is).await.unwrap();
    assert_eq!(
        (made.name.as_deref(), made.added_at),
        (Some("茶友群"), Some(at(1)))
    );
    let gone = ContactFacts {
        group: Some(GroupFacts::Dissolved),
        ..ContactFacts::asked(person, at(20))
    };
    let gone = store.merge_contact(gone).await.unwrap();
    let group = gone.group.unwrap();
    assert_eq!(group.dissolved_at, Some(at(20)));
    assert_eq!(group.owner, Some(UserId::from("a")));
    assert_eq!(gone.name.as_deref(), Some("茶友群"));
}

pub async fn a_page_of_a_list_is_taken_whole(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let whole = SyncPage {
        contacts: vec![relation("a", None, 1)],
        records: vec![record("a", "made", 1)],
        notes: vec![("place".to_owned(), serde_json::json!(7))],
    };
    store.take_sync_page(whole.clone()).await.unwrap();
    store.take_sync_page(whole).await.unwrap();
    assert_eq!(
        store.fact("place").await.unwrap(),
        Some(serde_json::json!(7))
    );
    // The record is known by its dedupe key.
    let claimed = one_record(&*store, 2).await;
    assert_eq!(claimed.received_at, at(1));
    assert_eq!(store.depths(at(2)).await.unwrap().inbox, 1);
}

pub async fn what_counts_adds_up_on_the_newest_state(subject: &dyn Subject) {
    let store = subject.open(CORP).await;
    let more = || ContactChange {
        count: vec![("order_count".to_owned(), 1.0), ("sum".to_owned(), 2.5)],
        ..ContactChange::default()
    };
    change(&*store, "1", 1, more()).await;
    change(&*store, "2", 2, more()).await;
    let known = store.contact(&customer("a")).await.unwrap().unwrap();
    assert_eq!(known.attributes["order_count"], Value::Number(2.0));
    assert_eq!(known.attributes["sum"], Value::Number(5.0));
}
