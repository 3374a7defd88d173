//! The README's tables are what the code does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::Corp;

/// Every call of the official pages that the mock promises, by the end of its path.
const PROMISED: &str = "
gettoken getcallbackip get_api_domain_ip
message/send message/update_template_card message/recall
appchat/create appchat/update appchat/get appchat/send
webhook/send webhook/upload_media
media/upload media/upload_attachment media/uploadimg media/get media/get/jssdk
kf/account/add kf/account/update kf/account/del kf/account/list kf/add_contact_way
kf/servicer/add kf/servicer/del kf/servicer/list kf/customer/batchget
kf/service_state/get kf/service_state/trans kf/sync_msg kf/send_msg kf/send_msg_on_event
kf/customer/upgrade_service kf/customer/cancel_upgrade_service
kf/customer/get_upgrade_service_config kf/get_corp_statistic kf/get_servicer_statistic
externalcontact/get_follow_user_list externalcontact/list externalcontact/get
externalcontact/batch/get_by_user externalcontact/remark externalcontact/mark_tag
externalcontact/contact_list externalcontact/get_corp_tag_list externalcontact/add_corp_tag
externalcontact/edit_corp_tag externalcontact/del_corp_tag externalcontact/send_welcome_msg
externalcontact/add_contact_way externalcontact/get_contact_way externalcontact/list_contact_way
externalcontact/update_contact_way externalcontact/del_contact_way externalcontact/close_temp_chat
externalcontact/transfer_customer externalcontact/transfer_result
externalcontact/get_unassigned_list externalcontact/resigned/transfer_customer
externalcontact/resigned/transfer_result externalcontact/groupchat/onjob_transfer
externalcontact/groupchat/transfer externalcontact/customer_acquisition/list_link
externalcontact/customer_acquisition/get externalcontact/customer_acquisition/create_link
externalcontact/customer_acquisition/update_link externalcontact/customer_acquisition/delete_link
externalcontact/customer_acquisition/customer externalcontact/customer_acquisition/statistic
externalcontact/customer_acquisition_quota externalcontact/get_user_behavior_data
externalcontact/customer_strategy/list externalcontact/customer_strategy/get
externalcontact/customer_strategy/get_range externalcontact/customer_strategy/create
externalcontact/customer_strategy/edit externalcontact/customer_strategy/del
externalcontact/get_strategy_tag_list externalcontact/add_strategy_tag
externalcontact/edit_strategy_tag externalcontact/del_strategy_tag
externalcontact/add_msg_template externalcontact/get_groupmsg_list_v2
externalcontact/get_groupmsg_task externalcontact/get_groupmsg_send_result
externalcontact/remind_groupmsg_send externalcontact/cancel_groupmsg_send
externalcontact/add_moment_task externalcontact/get_moment_task_result
externalcontact/cancel_moment_task externalcontact/get_moment_list externalcontact/get_moment_task
externalcontact/get_moment_customer_list externalcontact/get_moment_send_result
externalcontact/get_moment_comments externalcontact/groupchat/list externalcontact/groupchat/get
externalcontact/opengid_to_chatid externalcontact/groupchat/statistic
externalcontact/groupchat/statistic_group_by_day externalcontact/groupchat/add_join_way
externalcontact/groupchat/get_join_way externalcontact/groupchat/update_join_way
externalcontact/groupchat/del_join_way externalcontact/group_welcome_template/add
externalcontact/group_welcome_template/edit externalcontact/group_welcome_template/get
externalcontact/group_welcome_template/del externalcontact/add_intercept_rule
externalcontact/get_intercept_rule_list externalcontact/get_intercept_rule
externalcontact/update_intercept_rule externalcontact/del_intercept_rule
externalcontact/add_product_album externalcontact/get_product_album
externalcontact/get_product_album_list externalcontact/update_product_album
externalcontact/delete_product_album externalcontact/unionid_to_external_userid
externalcontact/convert_to_openid
user/get user/list_id user/simplelist department/list department/simplelist department/get
auth/getuserinfo auth/getuserdetail get_jsapi_ticket ticket/get
oa/schedule/add oa/schedule/update oa/schedule/get oa/schedule/get_by_calendar oa/schedule/del
oa/calendar/add oa/calendar/update oa/calendar/get oa/calendar/del
aibot/response
";

/// The README with each table between its marks as the code writes it.
fn renewed(readme: &str) -> String {
    let mut text = readme.to_owned();
    for (name, table) in mock_wecom::coverage_tables() {
        let (begin, end) = (
            format!("<!-- {name}: written by the code -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let from = text.find(&begin).unwrap_or_else(|| panic!("{begin}")) + begin.len();
        let to = text.find(&end).unwrap_or_else(|| panic!("{end}"));
        text.replace_range(from..to, &format!("\n{table}\n"));
    }
    text
}

#[test]
fn the_readme_shows_what_the_code_checks() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README");
    let renewed = renewed(&readme);
    if std::env::var_os("MOCK_WECOM_WRITE_README").is_some() {
        std::fs::write(&path, &renewed).expect("written");
    } else {
        assert!(
            readme == renewed,
            "README.md is out of date; MOCK_WECOM_WRITE_README=1 writes it anew"
        );
    }
}

#[tokio::test]
async fn everything_promised_is_served() {
    let corp = Corp::start().await;
    let served = corp.get("/mock/endpoints").await;
    let served: BTreeSet<&str> = served
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["path"].as_str())
        .filter_map(|path| path.strip_prefix("/cgi-bin/"))
        .collect();
    let missing: Vec<&str> = PROMISED
        .split_whitespace()
        .filter(|path| !served.contains(path))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
