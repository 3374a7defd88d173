//! Logging in, tickets, schedules and calendars.

use mock_wecom::OauthLogin;
use serde_json::{Value, json};

use crate::support::{CORP, CUSTOMER, Corp, code};

async fn info(corp: &Corp, oauth_code: &str) -> Value {
    let query = format!("&code={oauth_code}");
    corp.read("app-secret", "auth/getuserinfo", &query).await
}

#[tokio::test]
async fn the_login_page_sends_the_browser_back_with_a_code() {
    let corp = Corp::start().await;
    let page = corp.url(&format!(
        "/connect/oauth2/authorize?appid={CORP}&redirect_uri=http%3A%2F%2Fapp.invalid%2Fcb%3Fx%3D1\
         &response_type=code&scope=snsapi_privateinfo&state=S1&agentid=1000002"
    ));
    let chooser = corp.http.get(&page).send().await.expect("a page");
    let chooser = chooser.text().await.expect("a text");
    assert!(chooser.contains("mock_userid=lin.mei"), "{chooser}");
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let back = http
        .get(format!("{page}&mock_userid=lin.mei"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(back.status(), 302);
    let location = back.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        location.starts_with("http://app.invalid/cb?x=1&code="),
        "{location}"
    );
    assert!(location.ends_with("&state=S1"), "{location}");
    let oauth_code = crate::support::between(&location, "code=", "&state");
    let member = info(&corp, oauth_code).await;
    assert_eq!(member["userid"], "lin.mei");
    assert_eq!(
        code(&info(&corp, oauth_code).await),
        40029,
        "a code works once"
    );
    let ticket = json!({"user_ticket": member["user_ticket"]});
    let detail = corp.call("app-secret", "auth/getuserdetail", &ticket).await;
    assert_eq!(detail["userid"], "lin.mei");
    corp.mock.advance_secs(1_800);
    let late = corp.call("app-secret", "auth/getuserdetail", &ticket).await;
    assert_eq!(code(&late), 84014);
}

#[tokio::test]
async fn codes_grow_old_and_know_who_is_outside() {
    let corp = Corp::start().await;
    let login = |request: OauthLogin| {
        let answer = corp.mock.oauth_code(request).expect("a code");
        answer["code"].as_str().expect("a text").to_owned()
    };
    let member = OauthLogin {
        userid: Some("lin.mei".into()),
        ..OauthLogin::default()
    };
    let late = login(member.clone());
    corp.mock.advance_secs(300);
    assert_eq!(code(&info(&corp, &late).await), 40029);
    let plain = info(&corp, &login(member.clone())).await;
    assert_eq!(
        plain["user_ticket"],
        Value::Null,
        "snsapi_base gives no ticket"
    );
    let old = format!("&code={}", login(member));
    let old = corp.read("app-secret", "user/getuserinfo", &old).await;
    assert_eq!(old["UserId"], "lin.mei", "the older call spells it so");
    let outside = |id: &str| OauthLogin {
        external_userid: Some(id.into()),
        ..OauthLogin::default()
    };
    let known = info(&corp, &login(outside(CUSTOMER))).await;
    assert_eq!(known["external_userid"], CUSTOMER);
    let stranger = info(&corp, &login(outside("wmSTRANGER"))).await;
    assert!(stranger["openid"].is_string());
    assert_eq!(stranger["external_userid"], Value::Null);
    let foreign = OauthLogin {
        userid: Some("lin.mei".into()),
        agent_id: Some(7),
        ..OauthLogin::default()
    };
    assert_eq!(code(&info(&corp, &login(foreign)).await), 50001);
}

#[tokio::test]
async fn js_tickets_belong_to_the_corp_or_to_an_app() {
    let corp = Corp::start().await;
    let of_corp = corp.read("app-secret", "get_jsapi_ticket", "").await;
    let again = corp.read("kf-secret", "get_jsapi_ticket", "").await;
    assert_eq!(of_corp["ticket"], again["ticket"]);
    let of_app = corp
        .read("app-secret", "ticket/get", "&type=agent_config")
        .await;
    assert_ne!(of_app["ticket"], of_corp["ticket"]);
    corp.mock.advance_secs(7_200);
    let fresh = corp.read("app-secret", "get_jsapi_ticket", "").await;
    assert_ne!(fresh["ticket"], of_corp["ticket"]);
}

#[tokio::test]
async fn schedules_live_in_calendars_of_the_same_app() {
    let corp = Corp::start().await;
    let call =
        async |path: &str, body: Value| corp.call("app-secret", &format!("oa/{path}"), &body).await;
    let calendar = json!({"calendar": {"summary": "回访", "color": "#0000FF"}});
    let calendar = call("calendar/add", calendar).await["cal_id"].clone();
    let schedule = |cal_id: &Value, diffs: Value| {
        json!({"schedule": {"start_time": 1_760_000_000, "end_time": 1_760_003_600,
            "summary": "回访张总", "attendees": [{"userid": "lin.mei"}], "cal_id": cal_id,
            "reminders": {"is_remind": 1, "remind_time_diffs": diffs}}})
    };
    let made = call("schedule/add", schedule(&calendar, json!([0, -900]))).await;
    let id = made["schedule_id"].clone();
    assert_eq!(
        code(&call("schedule/add", schedule(&calendar, json!([-7]))).await),
        90471
    );
    let foreign = corp
        .call(
            "contact-secret",
            "oa/schedule/add",
            &schedule(&calendar, json!([0])),
        )
        .await;
    assert_eq!(code(&foreign), 90466);
    let listed = call("schedule/get_by_calendar", json!({"cal_id": calendar})).await;
    assert_eq!(listed["schedule_list"][0]["summary"], "回访张总");
    let seen = call("schedule/get", json!({"schedule_id_list": [id, "none"]})).await;
    assert_eq!(seen["schedule_list"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        code(&call("schedule/del", json!({"schedule_id": id})).await),
        0
    );
    assert_eq!(
        code(&call("schedule/del", json!({"schedule_id": id})).await),
        90460
    );
    assert_eq!(
        code(&call("calendar/del", json!({"cal_id": calendar})).await),
        0
    );
    let gone = call("schedule/add", schedule(&calendar, json!([0]))).await;
    assert_eq!(code(&gone), 90457);
}
