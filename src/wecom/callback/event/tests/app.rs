use super::{app, callback, owned};
use crate::wecom::callback::event::{
    AppEvent, CardClick, Event, PickedPhotos, PickedPlace, Scan, SelectedItem,
};
use crate::wecom::callback::{Body, Callback, Extra, parse};

#[test]
fn documented_template_card_click() {
    let xml = "<xml><ToUserName><![CDATA[ww00000000000000aa]]></ToUserName><FromUserName><![CDATA[lin.mei]]></FromUserName><CreateTime>1760001000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[btn_ok]]></EventKey><TaskId><![CDATA[sop-42]]></TaskId><CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[RC_1]]></ResponseCode><AgentID>1000007</AgentID><SelectedItems><SelectedItem><QuestionKey><![CDATA[q1]]></QuestionKey><OptionIds><OptionId><![CDATA[o2]]></OptionId></OptionIds></SelectedItem></SelectedItems></xml>";
    let click = CardClick {
        event_key: "btn_ok".to_owned(),
        task_id: owned("sop-42"),
        card_type: owned("button_interaction"),
        response_code: owned("RC_1"),
        selected_items: vec![SelectedItem {
            question_key: "q1".to_owned(),
            option_ids: vec!["o2".to_owned()],
        }],
    };
    let expected = Callback {
        to_user: "ww00000000000000aa".to_owned(),
        from_user: owned("lin.mei"),
        create_time: Some(1_760_001_000),
        agent_id: Some(1_000_007),
        body: Body::Event(Event::App(AppEvent::TemplateCard(click))),
        extra: Extra::new(),
    };
    assert_eq!(parse(xml), Ok(expected));
}

#[test]
fn menu_and_presence() {
    let key = "<EventKey><![CDATA[MENU_PRICE]]></EventKey><AgentID>1000007</AgentID>";
    let event_key = "MENU_PRICE".to_owned();
    assert_eq!(app("click", key), AppEvent::Click { event_key });
    let url = "MENU_PRICE".to_owned();
    assert_eq!(app("view", key), AppEvent::View { url });
    let page = "MENU_PRICE".to_owned();
    assert_eq!(
        app("view_miniprogram", key),
        AppEvent::ViewMiniprogram { page }
    );
    let event_key = None;
    assert_eq!(
        app("subscribe", "<EventKey></EventKey>"),
        AppEvent::Subscribe { event_key }
    );
    let event_key = None;
    assert_eq!(app("unsubscribe", ""), AppEvent::Unsubscribe { event_key });
    let event_key = None;
    assert_eq!(
        app("enter_agent", "<EventKey><![CDATA[]]></EventKey>"),
        AppEvent::EnterAgent { event_key }
    );
    let place = "<Latitude>23.5</Latitude><Longitude>113.25</Longitude><Precision>65.0</Precision><AppType><![CDATA[wxwork]]></AppType>";
    let expected = AppEvent::Location {
        latitude: 23.5,
        longitude: 113.25,
        precision: Some(65.0),
        app_type: owned("wxwork"),
    };
    assert_eq!(app("LOCATION", place), expected);
}

#[test]
fn scans_photos_and_places() {
    let scan = "<EventKey>6</EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult></ScanCodeInfo>";
    let expected = Scan {
        event_key: owned("6"),
        scan_type: owned("qrcode"),
        result: owned("1"),
    };
    assert_eq!(
        app("scancode_push", scan),
        AppEvent::ScancodePush(expected.clone())
    );
    assert_eq!(
        app("scancode_waitmsg", scan),
        AppEvent::ScancodeWaitmsg(expected)
    );

    let photos = "<EventKey>6</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>aa</PicMd5Sum></item><item><PicMd5Sum>bb</PicMd5Sum></item></PicList></SendPicsInfo>";
    let expected = PickedPhotos {
        event_key: owned("6"),
        count: Some(2),
        md5_sums: vec!["aa".to_owned(), "bb".to_owned()],
    };
    assert_eq!(
        app("pic_sysphoto", photos),
        AppEvent::PicSysphoto(expected.clone())
    );
    assert_eq!(
        app("pic_photo_or_album", photos),
        AppEvent::PicPhotoOrAlbum(expected.clone())
    );
    assert_eq!(app("pic_weixin", photos), AppEvent::PicWeixin(expected));

    let place = "<EventKey>6</EventKey><SendLocationInfo><Location_X><![CDATA[23]]></Location_X><Location_Y><![CDATA[113]]></Location_Y><Scale><![CDATA[15]]></Scale><Label><![CDATA[ 广州市 ]]></Label><Poiname><![CDATA[]]></Poiname></SendLocationInfo><AppType>wxwork</AppType>";
    let expected = PickedPlace {
        event_key: owned("6"),
        latitude: Some(23.0),
        longitude: Some(113.0),
        scale: Some(15),
        label: owned("广州市"),
        poi_name: None,
        app_type: owned("wxwork"),
    };
    assert_eq!(
        app("location_select", place),
        AppEvent::LocationSelect(expected)
    );
}

#[test]
fn cards_and_jobs() {
    let menu = "<EventKey>m</EventKey><TaskId>t</TaskId><CardType>text_notice</CardType><ResponseCode>R</ResponseCode>";
    let click = CardClick {
        event_key: "m".to_owned(),
        task_id: owned("t"),
        card_type: owned("text_notice"),
        response_code: owned("R"),
        selected_items: Vec::new(),
    };
    assert_eq!(
        app("template_card_menu_event", menu),
        AppEvent::TemplateCardMenu(click)
    );
    let legacy = callback(
        "taskcard_click",
        "<EventKey>k</EventKey><TaskId>t</TaskId><AgentId>1</AgentId>",
    );
    assert_eq!(legacy.agent_id, Some(1));
    assert_eq!(
        legacy.body,
        Body::Event(Event::App(AppEvent::TaskcardClick {
            event_key: "k".to_owned(),
            task_id: owned("t"),
        }))
    );
    let job = "<BatchJob><JobId>j</JobId><JobType>sync_user</JobType><ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg></BatchJob>";
    let expected = AppEvent::BatchJobResult {
        job_id: "j".to_owned(),
        job_type: owned("sync_user"),
        err_code: Some(0),
        err_msg: owned("ok"),
    };
    assert_eq!(app("batch_job_result", job), expected);
}

#[test]
fn app_upkeep() {
    let time = "<EffectTime>1760009999</EffectTime><AgentID>1</AgentID>";
    let effect_time = Some(1_760_009_999);
    let cases = [
        (
            "inactive_alert",
            time,
            AppEvent::InactiveAlert { effect_time },
        ),
        (
            "low_active_alert",
            time,
            AppEvent::LowActiveAlert { effect_time },
        ),
        ("close_inactive_agent", "", AppEvent::CloseInactiveAgent),
        ("low_active", "", AppEvent::LowActive),
        ("reopen_inactive_agent", "", AppEvent::ReopenInactiveAgent),
        ("active_restored", "", AppEvent::ActiveRestored),
        (
            "share_agent_change",
            "<AgentID>1</AgentID>",
            AppEvent::ShareAgentChange,
        ),
        (
            "share_chain_change",
            "<AgentID>1</AgentID>",
            AppEvent::ShareChainChange,
        ),
        (
            "upload_media_job_finish",
            "<JobId>j</JobId>",
            AppEvent::UploadMediaJobFinish {
                job_id: "j".to_owned(),
            },
        ),
        (
            "switch_workbench_mode",
            "<Mode>1</Mode>",
            AppEvent::SwitchWorkbenchMode { mode: Some(1) },
        ),
    ];
    for (name, elements, expected) in cases {
        assert_eq!(app(name, elements), expected, "{name}");
    }
}
