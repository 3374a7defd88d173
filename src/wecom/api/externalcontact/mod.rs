//! Customers, their tags, their groups, and mass messages to them.
//!
//! Nothing here writes to a customer directly: welcome messages need a fresh
//! code, and mass messages are tasks that a member confirms.

mod attachment;
mod contact;

pub mod add_contact_way;
pub mod add_corp_tag;
pub mod add_moment_task;
pub mod add_msg_template;
pub mod batch_get_by_user;
pub mod cancel_groupmsg_send;
pub mod cancel_moment_task;
pub mod del_contact_way;
pub mod del_corp_tag;
pub mod edit_corp_tag;
pub mod get;
pub mod get_contact_way;
pub mod get_corp_tag_list;
pub mod get_follow_user_list;
pub mod get_groupmsg_list_v2;
pub mod get_groupmsg_send_result;
pub mod get_groupmsg_task;
pub mod get_moment_list;
pub mod get_moment_send_result;
pub mod get_moment_task;
pub mod get_moment_task_result;
pub mod group_welcome_template_add;
pub mod group_welcome_template_del;
pub mod group_welcome_template_edit;
pub mod group_welcome_template_get;
pub mod groupchat_add_join_way;
pub mod groupchat_get;
pub mod groupchat_get_join_way;
pub mod groupchat_list;
pub mod groupchat_update_join_way;
pub mod list;
pub mod list_contact_way;
pub mod mark_tag;
pub mod remark;
pub mod remind_groupmsg_send;
pub mod send_welcome_msg;
pub mod update_contact_way;

pub use attachment::{
    ATTACHMENTS_MAX, Attachment, File, Image, Link, Miniprogram, TEXT_MAX, Text, Video,
};
pub use contact::{ExternalContact, FollowInfo, FollowTag, FollowUser};
