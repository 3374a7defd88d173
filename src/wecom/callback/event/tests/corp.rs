use super::{changed, event, owned};
use crate::wecom::callback::event::{
    Approval, ApprovalComment, ApprovalEvent, ApprovalItem, ApprovalNode, ApprovalRecord,
    ApprovalStep, ChainEvent, ContactEvent, DocEvent, Event, ExtAttr, MemberChange, OtherEvent,
    PartyChange, ScheduleRef, SystemApproval, TagMembersChange,
};

#[test]
fn self_built_approval() {
    let info = "<ApprovalInfo><ThirdNo>2019</ThirdNo><OpenSpName>付款</OpenSpName><OpenTemplateId>T1</OpenTemplateId><OpenSpStatus>1</OpenSpStatus><ApplyTime>1760000000</ApplyTime><ApplyUserName>林</ApplyUserName><ApplyUserId>lin.mei</ApplyUserId><ApplyUserParty>研发</ApplyUserParty><ApplyUserImage>http://i</ApplyUserImage><ApprovalNodes><ApprovalNode><NodeStatus>1</NodeStatus><NodeAttr>2</NodeAttr><NodeType>3</NodeType><Items><Item><ItemName>王</ItemName><ItemUserId>wang</ItemUserId><ItemImage>http://w</ItemImage><ItemStatus>2</ItemStatus><ItemSpeech>好</ItemSpeech><ItemOpTime>1760000001</ItemOpTime></Item></Items></ApprovalNode></ApprovalNodes><NotifyNodes><NotifyNode><ItemName>李</ItemName><ItemUserId>li</ItemUserId><ItemImage>http://l</ItemImage></NotifyNode></NotifyNodes><approverstep>0</approverstep></ApprovalInfo><AgentID>1</AgentID>";
    let expected = Approval {
        third_no: "2019".to_owned(),
        name: owned("付款"),
        template_id: owned("T1"),
        status: Some(1),
        apply_time: Some(1_760_000_000),
        applicant_name: owned("林"),
        applicant_id: owned("lin.mei"),
        applicant_party: owned("研发"),
        applicant_image: owned("http://i"),
        nodes: vec![ApprovalNode {
            status: Some(1),
            attr: Some(2),
            kind: Some(3),
            items: vec![ApprovalItem {
                name: owned("王"),
                user_id: owned("wang"),
                image: owned("http://w"),
                status: Some(2),
                speech: owned("好"),
                op_time: Some(1_760_000_001),
            }],
        }],
        notified: vec![ApprovalItem {
            name: owned("李"),
            user_id: owned("li"),
            image: owned("http://l"),
            status: None,
            speech: None,
            op_time: None,
        }],
        step: Some(0),
    };
    assert_eq!(
        event("open_approval_change", info),
        Event::Approval(ApprovalEvent::Open(Box::new(expected)))
    );
}

#[test]
fn system_approval() {
    let info = "<ApprovalInfo><SpNo>2019</SpNo><SpName>请假</SpName><SpStatus>1</SpStatus><TemplateId>T1</TemplateId><ApplyTime>1760000000</ApplyTime><Applyer><UserId>lin.mei</UserId><Party>1</Party></Applyer><SpRecord><SpStatus>1</SpStatus><ApproverAttr>1</ApproverAttr><Details><Approver><UserId>wang</UserId></Approver><Speech>好</Speech><SpStatus>2</SpStatus><SpTime>1760000001</SpTime></Details><Details><Approver><UserId>li</UserId></Approver><SpStatus>1</SpStatus></Details></SpRecord><Notifyer><UserId>a</UserId></Notifyer><Notifyer><UserId>b</UserId></Notifyer><Comments><CommentUserInfo><UserId>c</UserId></CommentUserInfo><CommentTime>1760000002</CommentTime><CommentContent>快</CommentContent><CommentId>9</CommentId></Comments><StatuChangeEvent>10</StatuChangeEvent></ApprovalInfo>";
    let step = |user: &str, speech, status, time| ApprovalStep {
        user_id: owned(user),
        speech,
        status: Some(status),
        time,
    };
    let expected = SystemApproval {
        sp_no: "2019".to_owned(),
        name: owned("请假"),
        status: Some(1),
        template_id: owned("T1"),
        apply_time: Some(1_760_000_000),
        applicant_id: owned("lin.mei"),
        applicant_party: owned("1"),
        records: vec![ApprovalRecord {
            status: Some(1),
            approver_attr: Some(1),
            steps: vec![
                step("wang", owned("好"), 2, Some(1_760_000_001)),
                step("li", None, 1, None),
            ],
        }],
        notified: vec!["a".to_owned(), "b".to_owned()],
        comments: vec![ApprovalComment {
            user_id: owned("c"),
            time: Some(1_760_000_002),
            content: owned("快"),
            id: owned("9"),
        }],
        change: Some(10),
    };
    assert_eq!(
        event("sys_approval_change", info),
        Event::Approval(ApprovalEvent::System(Box::new(expected)))
    );
}

#[test]
fn members() {
    let elements = "<UserID>lin.mei</UserID><NewUserID>lin</NewUserID><Name>林</Name><Department>1,2, 3</Department><MainDepartment>1</MainDepartment><IsLeaderInDept>1,0,0</IsLeaderInDept><DirectLeader>wang,li</DirectLeader><Mobile>13800000000</Mobile><Position>经理</Position><Gender>2</Gender><Email>a@b.invalid</Email><BizMail>c@b.invalid</BizMail><Status>1</Status><Avatar>http://i</Avatar><Alias>m</Alias><Telephone></Telephone><Address>路</Address><ExtAttr><Item><Name>爱好</Name><Type>0</Type><Text><Value>旅游</Value></Text></Item><Item><Name>卡</Name><Type>1</Type><Web><Title>企业微信</Title><Url>https://w</Url></Web></Item></ExtAttr>";
    let attr = |name: &str, kind| ExtAttr {
        name: owned(name),
        kind: Some(kind),
        text: None,
        web_title: None,
        web_url: None,
    };
    let expected = MemberChange {
        user_id: "lin.mei".to_owned(),
        new_user_id: owned("lin"),
        name: owned("林"),
        departments: vec![1, 2, 3],
        main_department: Some(1),
        is_leader_in_dept: vec![1, 0, 0],
        direct_leaders: vec!["wang".to_owned(), "li".to_owned()],
        mobile: owned("13800000000"),
        position: owned("经理"),
        gender: Some(2),
        email: owned("a@b.invalid"),
        biz_mail: owned("c@b.invalid"),
        status: Some(1),
        avatar: owned("http://i"),
        alias: owned("m"),
        telephone: owned(""),
        address: owned("路"),
        ext_attrs: vec![
            ExtAttr {
                text: owned("旅游"),
                ..attr("爱好", 0)
            },
            ExtAttr {
                web_title: owned("企业微信"),
                web_url: owned("https://w"),
                ..attr("卡", 1)
            },
        ],
    };
    let contact = |kind, elements| changed("change_contact", kind, elements);
    assert_eq!(
        contact("update_user", elements),
        Event::Contact(ContactEvent::UpdateUser(Box::new(expected)))
    );
    let short = MemberChange {
        user_id: "lin".to_owned(),
        departments: vec![1],
        ..MemberChange::default()
    };
    assert_eq!(
        contact(
            "create_user",
            "<UserID>lin</UserID><Department>1</Department>"
        ),
        Event::Contact(ContactEvent::CreateUser(Box::new(short)))
    );
    let user_id = "lin".to_owned();
    assert_eq!(
        contact("delete_user", "<UserID>lin</UserID>"),
        Event::Contact(ContactEvent::DeleteUser { user_id })
    );
}

#[test]
fn departments_and_contact_tags() {
    let contact = |kind, elements| changed("change_contact", kind, elements);
    let party = PartyChange {
        id: 2,
        name: owned("张"),
        parent_id: Some(1),
        order: Some(7),
    };
    assert_eq!(
        contact(
            "create_party",
            "<Id>2</Id><Name>张</Name><ParentId>1</ParentId><Order>7</Order>"
        ),
        Event::Contact(ContactEvent::CreateParty(party))
    );
    let party = PartyChange {
        id: 2,
        name: None,
        parent_id: Some(3),
        order: None,
    };
    assert_eq!(
        contact("update_party", "<Id>2</Id><ParentId>3</ParentId>"),
        Event::Contact(ContactEvent::UpdateParty(party))
    );
    assert_eq!(
        contact("delete_party", "<Id>2</Id>"),
        Event::Contact(ContactEvent::DeleteParty { id: 2 })
    );
    let tag = TagMembersChange {
        tag_id: 5,
        added_users: vec!["a".to_owned(), "b".to_owned()],
        removed_users: Vec::new(),
        added_parties: vec![1, 2],
        removed_parties: vec![3],
    };
    assert_eq!(
        contact(
            "update_tag",
            "<TagId>5</TagId><AddUserItems>a,b</AddUserItems><DelUserItems></DelUserItems><AddPartyItems>1,2</AddPartyItems><DelPartyItems>3</DelPartyItems>"
        ),
        Event::Contact(ContactEvent::UpdateTag(tag))
    );
}

#[test]
fn calendars() {
    let schedule = "<CalId>c</CalId><ScheduleId>s</ScheduleId>";
    let schedule_ref = || ScheduleRef {
        cal_id: owned("c"),
        schedule_id: "s".to_owned(),
    };
    let calendar = "<CalId>c</CalId>";
    let cal_id = || "c".to_owned();
    let cases = [
        (
            "respond_schedule",
            schedule,
            OtherEvent::RespondSchedule(schedule_ref()),
        ),
        (
            "add_schedule",
            schedule,
            OtherEvent::AddSchedule(schedule_ref()),
        ),
        (
            "modify_schedule",
            schedule,
            OtherEvent::ModifySchedule(schedule_ref()),
        ),
        (
            "delete_schedule",
            schedule,
            OtherEvent::DeleteSchedule(schedule_ref()),
        ),
        (
            "modify_calendar",
            calendar,
            OtherEvent::ModifyCalendar { cal_id: cal_id() },
        ),
        (
            "delete_calendar",
            calendar,
            OtherEvent::DeleteCalendar { cal_id: cal_id() },
        ),
    ];
    for (name, elements, expected) in cases {
        assert_eq!(event(name, elements), Event::Other(expected), "{name}");
    }
}

#[test]
fn rooms_broadcasts_and_schools() {
    let room = "<MeetingRoomId>1</MeetingRoomId><BookingId>b</BookingId>";
    let meeting_room_id = || "1".to_owned();
    let booking_id = || owned("b");
    let cases = [
        (
            "msgaudit_notify",
            "<AgentID>2000004</AgentID>",
            OtherEvent::MsgAuditNotify,
        ),
        (
            "living_status_change",
            "<LivingId>l</LivingId><Status>1</Status><AgentID>1</AgentID>",
            OtherEvent::LivingStatusChange {
                living_id: "l".to_owned(),
                status: Some(1),
            },
        ),
        (
            "book_meeting_room",
            room,
            OtherEvent::BookMeetingRoom {
                meeting_room_id: meeting_room_id(),
                booking_id: booking_id(),
            },
        ),
        (
            "cancel_meeting_room",
            room,
            OtherEvent::CancelMeetingRoom {
                meeting_room_id: meeting_room_id(),
                booking_id: booking_id(),
            },
        ),
        (
            "change_school_contact",
            "<ChangeType>create_student</ChangeType><Id>x</Id>",
            OtherEvent::SchoolContact {
                change_type: "create_student".to_owned(),
                id: owned("x"),
            },
        ),
    ];
    for (name, elements, expected) in cases {
        assert_eq!(event(name, elements), Event::Other(expected), "{name}");
    }
}

#[test]
fn chains_and_documents() {
    let chain = ChainEvent {
        change_type: "corp_join".to_owned(),
        chain_id: owned("C"),
        corp_ids: vec!["w1".to_owned(), "w2".to_owned()],
        group_ids: vec!["1".to_owned()],
    };
    let elements = "<ChainId>C</ChainId><CorpIds>w1,w2</CorpIds><GroupIds>1</GroupIds>";
    assert_eq!(
        changed("change_chain", "corp_join", elements),
        Event::Other(OtherEvent::Chain(chain))
    );
    let doc = DocEvent {
        change_type: "form_complete".to_owned(),
        doc_ids: Vec::new(),
        form_ids: vec!["f1".to_owned(), "f2".to_owned()],
    };
    let elements = "<FormId>f1</FormId><FormId>f2</FormId>";
    assert_eq!(
        changed("doc_change", "form_complete", elements),
        Event::Other(OtherEvent::Doc(doc))
    );
}
