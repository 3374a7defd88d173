//! `POST /cgi-bin/externalcontact/groupchat/update_join_way`: changes a "join the group" code
//! (doc 92229).

use super::groupchat_add_join_way::Settings;
use crate::wecom::api::Done;
use crate::wecom::client::endpoint;
use serde::Serialize;

/// Replaces everything but the picture.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    config_id: String,
    /// What it says from now on.
    #[serde(flatten)]
    pub settings: Settings,
}

impl Request {
    /// The code is to say this.
    pub fn new(config_id: impl Into<String>, settings: Settings) -> Self {
        Self {
            config_id: config_id.into(),
            settings,
        }
    }
}

endpoint!(Post "/cgi-bin/externalcontact/groupchat/update_join_way", Request => Done);

#[cfg(test)]
mod tests {
    use super::{Request, Settings};
    use crate::wecom::api::testing::{answer, assert_sends};

    #[test]
    fn wire() {
        assert_sends(
            &Request::new("CF1", Settings::new(vec!["wr1".into()])),
            r#"{"config_id":"CF1","scene":2,"auto_create_room":0,"chat_id_list":["wr1"]}"#,
        );
        answer::<Request>("{}");
    }
}
