use super::{changed, event, owned};
use crate::wecom::callback::event::{
    AcquisitionEvent, Event, ExternalEvent, Follow, GroupEvent, GroupUpdate, KfEvent, MemberDelta,
    TagEvent, TagRef, UpdateDetail,
};
use crate::wecom::callback::{Body, Callback, Extra, parse};

#[test]
fn customers() {
    let ids = "<UserID><![CDATA[lin.mei]]></UserID><ExternalUserID><![CDATA[wmTEST0000000000000000000000001]]></ExternalUserID>";
    let follow = || Follow {
        user_id: "lin.mei".to_owned(),
        external_user_id: "wmTEST0000000000000000000000001".to_owned(),
    };
    let external = |kind, more: &str| match changed(
        "change_external_contact",
        kind,
        &format!("{ids}{more}"),
    ) {
        Event::External(event) => event,
        other => panic!("{other:?}"),
    };
    let state_and_code =
        "<State><![CDATA[qr-expo-07]]></State><WelcomeCode><![CDATA[WC_0001]]></WelcomeCode>";
    assert_eq!(
        external("add_external_contact", state_and_code),
        ExternalEvent::Add {
            follow: follow(),
            state: owned("qr-expo-07"),
            welcome_code: owned("WC_0001"),
        }
    );
    assert_eq!(
        external("add_half_external_contact", ""),
        ExternalEvent::AddHalf {
            follow: follow(),
            state: None,
            welcome_code: None,
        }
    );
    assert_eq!(
        external("edit_external_contact", ""),
        ExternalEvent::Edit(follow())
    );
    assert_eq!(
        external(
            "del_external_contact",
            "<Source>DELETE_BY_TRANSFER</Source>"
        ),
        ExternalEvent::DeletedByMember {
            follow: follow(),
            source: owned("DELETE_BY_TRANSFER"),
        }
    );
    assert_eq!(
        external("del_follow_user", ""),
        ExternalEvent::DeletedByCustomer(follow())
    );
    assert_eq!(
        external("transfer_fail", "<FailReason>customer_refused</FailReason>"),
        ExternalEvent::TransferFail {
            follow: follow(),
            reason: owned("customer_refused"),
        }
    );
    assert_eq!(
        external("msg_audit_approved", "<WelcomeCode>WC</WelcomeCode>"),
        ExternalEvent::MsgAuditApproved {
            follow: follow(),
            welcome_code: owned("WC"),
        }
    );
}

#[test]
fn customer_groups() {
    let group = |kind, elements: &str| {
        let chat = format!("<ChatId>wr1</ChatId>{elements}");
        match changed("change_external_chat", kind, &chat) {
            Event::Group(event) => event,
            other => panic!("{other:?}"),
        }
    };
    let update = |detail, delta| {
        GroupEvent::Update(GroupUpdate {
            chat_id: "wr1".to_owned(),
            detail,
            delta,
        })
    };
    let added = "<UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>3</JoinScene><QuitScene>0</QuitScene><MemChangeCnt>1</MemChangeCnt><MemChangeList><Item>wmTEST0000000000000000000000001</Item></MemChangeList><LastMemVer>aa11</LastMemVer><CurMemVer>bb22</CurMemVer>";
    let delta = MemberDelta {
        join_scene: Some(3),
        quit_scene: Some(0),
        count: Some(1),
        members: vec!["wmTEST0000000000000000000000001".to_owned()],
        last_version: owned("aa11"),
        current_version: owned("bb22"),
    };
    assert_eq!(
        group("update", added),
        update(UpdateDetail::AddMember, delta)
    );
    let details = [
        ("del_member", UpdateDetail::DelMember),
        ("change_owner", UpdateDetail::ChangeOwner),
        ("change_name", UpdateDetail::ChangeName),
        ("change_notice", UpdateDetail::ChangeNotice),
        ("paint", UpdateDetail::Other("paint".to_owned())),
    ];
    for (name, detail) in details {
        let elements = format!("<UpdateDetail>{name}</UpdateDetail>");
        assert_eq!(
            group("update", &elements),
            update(detail, MemberDelta::default())
        );
    }
    let chat_id = || "wr1".to_owned();
    assert_eq!(
        group("create", ""),
        GroupEvent::Create { chat_id: chat_id() }
    );
    assert_eq!(
        group("dismiss", ""),
        GroupEvent::Dismiss { chat_id: chat_id() }
    );
}

#[test]
fn customer_tags() {
    let tag = |kind, elements| changed("change_external_tag", kind, elements);
    let elements = "<Id>et1</Id><TagType>tag_group</TagType><StrategyId>12</StrategyId>";
    let tag_ref = || TagRef {
        id: "et1".to_owned(),
        tag_type: owned("tag_group"),
        strategy_id: Some(12),
    };
    assert_eq!(
        tag("create", elements),
        Event::Tag(TagEvent::Create(tag_ref()))
    );
    assert_eq!(
        tag("update", elements),
        Event::Tag(TagEvent::Update(tag_ref()))
    );
    assert_eq!(
        tag("delete", elements),
        Event::Tag(TagEvent::Delete(tag_ref()))
    );
    assert_eq!(
        tag("shuffle", "<Id></Id>"),
        Event::Tag(TagEvent::Shuffle {
            group_id: None,
            strategy_id: None,
        })
    );
}

#[test]
fn customer_acquisition() {
    let acquisition = |kind, elements| match changed("customer_acquisition", kind, elements) {
        Event::Acquisition(event) => event,
        other => panic!("{other:?}"),
    };
    let link_id = || "L1".to_owned();
    let state = || owned("s");
    let link = "<LinkId>L1</LinkId>";
    let link_state = "<LinkId>L1</LinkId><State>s</State>";
    let cases = [
        ("balance_low", "", AcquisitionEvent::BalanceLow),
        ("balance_exhausted", "", AcquisitionEvent::BalanceExhausted),
        ("balance_increased", "", AcquisitionEvent::BalanceIncreased),
        (
            "quota_expire_soon",
            "<ExpireTime>1760009999</ExpireTime><ExpireQuotaNum>3</ExpireQuotaNum>",
            AcquisitionEvent::QuotaExpireSoon {
                expire_time: Some(1_760_009_999),
                expire_quota: Some(3),
            },
        ),
        (
            "link_unavailable",
            link,
            AcquisitionEvent::LinkUnavailable { link_id: link_id() },
        ),
        (
            "delete_link",
            link,
            AcquisitionEvent::DeleteLink { link_id: link_id() },
        ),
        (
            "open_profile",
            link_state,
            AcquisitionEvent::OpenProfile {
                link_id: link_id(),
                state: state(),
            },
        ),
        (
            "friend_request",
            link_state,
            AcquisitionEvent::FriendRequest {
                link_id: link_id(),
                state: state(),
            },
        ),
        (
            "customer_start_chat",
            "<UserID>u</UserID><ExternalUserID>w</ExternalUserID><LinkId>L1</LinkId>",
            AcquisitionEvent::CustomerStartChat {
                user_id: "u".to_owned(),
                external_user_id: "w".to_owned(),
                link_id: owned("L1"),
            },
        ),
        (
            "message_from_customer",
            "<LinkId>L1</LinkId><ChatKey>K</ChatKey>",
            AcquisitionEvent::MessageFromCustomer {
                link_id: owned("L1"),
                chat_key: "K".to_owned(),
            },
        ),
    ];
    for (name, elements, expected) in cases {
        assert_eq!(acquisition(name, elements), expected, "{name}");
    }
}

#[test]
fn customer_service() {
    let xml = "<xml><ToUserName><![CDATA[ww00000000000000aa]]></ToUserName><CreateTime>1760004000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[KFTOKEN_1]]></Token><OpenKfId><![CDATA[wkTEST00000000000000000000000001]]></OpenKfId></xml>";
    let expected = Callback {
        to_user: "ww00000000000000aa".to_owned(),
        from_user: None,
        create_time: Some(1_760_004_000),
        agent_id: None,
        body: Body::Event(Event::Kf(KfEvent::MsgOrEvent {
            token: owned("KFTOKEN_1"),
            open_kfid: "wkTEST00000000000000000000000001".to_owned(),
        })),
        extra: Extra::new(),
    };
    assert_eq!(parse(xml), Ok(expected));
    let auth = "<AuthAddOpenKfId>wk1</AuthAddOpenKfId><AuthDelOpenKfId>wk3</AuthDelOpenKfId><AuthAddOpenKfId>wk2</AuthAddOpenKfId>";
    assert_eq!(
        event("kf_account_auth_change", auth),
        Event::Kf(KfEvent::AccountAuthChange {
            added: vec!["wk1".to_owned(), "wk2".to_owned()],
            removed: vec!["wk3".to_owned()],
        })
    );
}
