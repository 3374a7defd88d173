//! Uploaded files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::errcode::{self, ApiError};

const LIFE_SECS: i64 = 3 * 86_400;

/// A file with its three days to live.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Media {
    pub(crate) kind: String,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) created_at: i64,
    /// The robot it belongs to; such a file serves nobody else.
    pub(crate) robot: Option<String>,
    /// 1 for moments, 2 for the product album; absent for ordinary files.
    #[serde(default)]
    pub(crate) attachment: Option<i64>,
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
}

/// Files by media id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct MediaStore {
    pub(crate) files: BTreeMap<String, Media>,
    pub(crate) images: usize,
}

impl MediaStore {
    /// A living file.
    pub(crate) fn get(&self, media_id: &str, now: i64) -> Result<&Media, ApiError> {
        let file = self
            .files
            .get(media_id)
            .filter(|file| file.created_at + LIFE_SECS > now);
        file.ok_or_else(|| errcode::BAD_MEDIA_ID.about(media_id))
    }

    /// A living file of the right kind for this use.
    pub(crate) fn check(
        &self,
        media_id: &str,
        kind: &str,
        robot: Option<&str>,
        now: i64,
    ) -> Result<(), ApiError> {
        let file = self.get(media_id, now)?;
        if file.kind != kind || file.robot.as_deref() != robot {
            return Err(
                errcode::BAD_MEDIA_ID.about(format!("{media_id} is no {kind} for this call"))
            );
        }
        Ok(())
    }

    /// Whether the file came from `upload_attachment`.
    pub(crate) fn is_attachment(&self, media_id: &str) -> bool {
        let file = self.files.get(media_id);
        file.is_some_and(|file| file.attachment.is_some())
    }

    /// Whether the file came from `upload_attachment` for moments.
    pub(crate) fn is_for_moments(&self, media_id: &str) -> bool {
        let file = self.files.get(media_id);
        file.is_some_and(|file| file.attachment == Some(1))
    }
}
