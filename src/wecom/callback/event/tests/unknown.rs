use super::{callback, changed, event, extra, owned};
use crate::wecom::callback::event::Event;

#[test]
fn unknown_events_and_change_types_keep_everything() {
    assert_eq!(
        event("dance", "<Who>a</Who><Steps><S>1</S><S>2</S></Steps>"),
        Event::Unknown {
            event: "dance".to_owned(),
            change_type: None,
            fields: extra(&[("Who", "a"), ("Steps/S", "1"), ("Steps/S", "2")]),
        }
    );
    assert_eq!(
        changed("change_external_contact", "wink", "<UserID>u</UserID>"),
        Event::Unknown {
            event: "change_external_contact".to_owned(),
            change_type: owned("wink"),
            fields: extra(&[("UserID", "u")]),
        }
    );
    // Event names are case-sensitive.
    assert!(matches!(
        event("location", "<Latitude>1</Latitude>"),
        Event::Unknown { .. }
    ));
}

#[test]
fn an_event_without_its_subject_is_unknown() {
    let cases = [
        ("change_external_contact", "add_external_contact", "UserID"),
        ("change_external_chat", "update", "ChatId"),
        ("change_contact", "delete_party", "Name"),
        ("change_external_tag", "create", "TagType"),
        ("customer_acquisition", "delete_link", "State"),
    ];
    for (name, change, element) in cases {
        let elements = format!("<{element}>x</{element}>");
        assert_eq!(
            changed(name, change, &elements),
            Event::Unknown {
                event: name.to_owned(),
                change_type: owned(change),
                fields: extra(&[(element, "x")]),
            }
        );
    }
    let approval = "<ApprovalInfo><SpName>a</SpName></ApprovalInfo>";
    assert_eq!(
        event("sys_approval_change", approval),
        Event::Unknown {
            event: "sys_approval_change".to_owned(),
            change_type: None,
            fields: extra(&[("ApprovalInfo/SpName", "a")]),
        }
    );
}

#[test]
fn new_elements_of_known_events_are_extra() {
    let callback = callback(
        "scancode_push",
        "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><Lens>2</Lens></ScanCodeInfo><New>n</New>",
    );
    let expected = extra(&[("ScanCodeInfo/Lens", "2"), ("New", "n")]);
    assert_eq!(callback.extra, expected);
}
