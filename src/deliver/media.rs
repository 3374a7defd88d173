//! Files of templates, uploaded once and again before WeCom forgets them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use tokio::sync::Mutex;

use super::translate::Failure;
use crate::domain::clock::{SharedClock, UnixMillis};
use crate::domain::effect::Effect;
use crate::domain::outgoing::{MediaFile, Outgoing};
use crate::store::Store;
use crate::wecom::api::media::{self, Kind, upload_attachment};
use crate::wecom::api::webhook::upload_media;
use crate::wecom::client::{App, Client, File, Secret};

/// WeCom keeps an upload for three days; ours is renewed half a day before.
const RENEW_AFTER: Duration = Duration::from_secs(60 * 3600);
/// Owner of the uploads that every app of the corp can use.
const CORP: &str = "corp";
/// Owner of the uploads for moments.
const MOMENTS: &str = "moments";
/// The largest file that any kind takes.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// Files below the templates folder and their uploads.
pub struct Media {
    store: Arc<dyn Store>,
    clock: SharedClock,
    folder: PathBuf,
    /// One upload at a time: two messages with one picture upload it once.
    uploading: Mutex<()>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Uploaded {
    media_id: String,
    at: UnixMillis,
}

impl Media {
    /// Media of the templates in `folder`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: SharedClock, folder: &Path) -> Self {
        Self {
            store,
            clock,
            folder: folder.to_path_buf(),
            uploading: Mutex::new(()),
        }
    }

    /// The `media_id` of a file, uploading it if that is needed.
    pub(super) async fn id(
        &self,
        app: &App,
        kind: Kind,
        file: &MediaFile,
    ) -> Result<String, Failure> {
        let bytes = self.read(file).await?;
        let name = fact_name(CORP, kind.as_str(), file, &bytes);
        let upload = media::upload::Request::new(kind, wire_file(file, bytes));
        self.cached(name, async || Ok(app.upload(&upload).await?.media_id))
            .await
    }

    /// The `media_id` of a file for moments, which take no other.
    pub(super) async fn moment_id(
        &self,
        app: &App,
        kind: Kind,
        file: &MediaFile,
    ) -> Result<String, Failure> {
        let bytes = self.read(file).await?;
        let name = fact_name(MOMENTS, kind.as_str(), file, &bytes);
        let purpose = upload_attachment::Purpose::Moments;
        let file = wire_file(file, bytes);
        let upload = upload_attachment::Request::new(kind, purpose, file);
        self.cached(name, async || Ok(app.upload(&upload).await?.media_id))
            .await
    }

    /// The `media_id` of a file for one robot.
    pub(super) async fn robot_id(
        &self,
        client: &Client,
        robot: &str,
        key: &str,
        kind: upload_media::Kind,
        file: &MediaFile,
    ) -> Result<String, Failure> {
        let bytes = self.read(file).await?;
        let name = fact_name(&robot_owner(robot), kind.as_str(), file, &bytes);
        let upload = upload_media::Request::new(Secret::new(key), kind, wire_file(file, bytes));
        self.cached(name, async || Ok(client.upload(&upload).await?.media_id))
            .await
    }

    async fn cached(
        &self,
        name: String,
        upload: impl AsyncFnOnce() -> Result<String, crate::wecom::error::Error>,
    ) -> Result<String, Failure> {
        if let Some(known) = self.known(&name).await? {
            return Ok(known);
        }
        let _one = self.uploading.lock().await;
        // Somebody may have uploaded it while we waited.
        if let Some(known) = self.known(&name).await? {
            return Ok(known);
        }
        let media_id = upload().await.map_err(Failure::Preparing)?;
        let uploaded = Uploaded {
            media_id: media_id.clone(),
            at: self.clock.now(),
        };
        let value = serde_json::to_value(&uploaded).unwrap_or_default();
        self.store.put_facts(vec![(name, value)]).await?;
        Ok(media_id)
    }

    /// An upload that WeCom still has.
    async fn known(&self, name: &str) -> Result<Option<String>, Failure> {
        let value = self.store.fact(name).await?;
        let uploaded = value.and_then(|value| serde_json::from_value::<Uploaded>(value).ok());
        Ok(uploaded
            .filter(|known| self.clock.now().since(known.at) < RENEW_AFTER)
            .map(|known| known.media_id))
    }

    /// WeCom no longer knows an upload of this effect: the next try uploads again.
    pub(super) async fn forget(&self, effect: &Effect) {
        let owner = match effect {
            Effect::Robot { robot, .. } => robot_owner(robot),
            _ => CORP.to_owned(),
        };
        for (kind, file) in files(effect) {
            let Ok(bytes) = self.read(file).await else {
                continue;
            };
            let name = fact_name(&owner, kind, file, &bytes);
            if let Err(error) = self
                .store
                .put_facts(vec![(name, serde_json::Value::Null)])
                .await
            {
                tracing::warn!(%error, "an expired upload could not be forgotten");
            }
        }
    }

    /// The bytes of a file. Its name was checked when the template was read.
    pub(super) async fn read(&self, file: &MediaFile) -> Result<Bytes, Failure> {
        let unusable = |why: String| Failure::Content(format!("the file {}: {why}", file.0));
        let path = inside(&self.folder, file)
            .await
            .map_err(|e| unusable(e.kind().to_string()))?;
        let meta = tokio::fs::metadata(&path)
            .await
            .map_err(|e| unusable(e.kind().to_string()))?;
        if meta.len() > MAX_BYTES {
            return Err(unusable("larger than WeCom takes (20 MiB)".to_owned()));
        }
        let bytes = tokio::fs::read(&path)
            .await
            .map_err(|e| unusable(e.kind().to_string()))?;
        Ok(Bytes::from(bytes))
    }
}

/// Where a file really is. A link may have been laid since the templates were checked: what
/// lies outside of their folder is nobody's to send.
async fn inside(folder: &Path, file: &MediaFile) -> io::Result<PathBuf> {
    let real = tokio::fs::canonicalize(folder.join(&file.0)).await?;
    if real.starts_with(tokio::fs::canonicalize(folder).await?) {
        Ok(real)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

fn files(effect: &Effect) -> Vec<(&'static str, &MediaFile)> {
    let messages = match effect {
        Effect::KfSend { message, .. }
        | Effect::AppSend { message, .. }
        | Effect::Appchat { message, .. }
        | Effect::Robot { message, .. } => std::slice::from_ref(message),
        Effect::Welcome { messages, .. } | Effect::MassSend { messages, .. } => messages.as_slice(),
        _ => &[],
    };
    messages
        .iter()
        .filter_map(|message| match message {
            Outgoing::Image { file } => Some((Kind::Image.as_str(), file)),
            Outgoing::Voice { file } => Some((Kind::Voice.as_str(), file)),
            // Robots take a film as any other file.
            Outgoing::Video { file, .. } if matches!(effect, Effect::Robot { .. }) => {
                Some((Kind::File.as_str(), file))
            }
            Outgoing::Video { file, .. } => Some((Kind::Video.as_str(), file)),
            Outgoing::File { file } => Some((Kind::File.as_str(), file)),
            Outgoing::Link {
                picture: Some(file),
                ..
            }
            | Outgoing::Miniprogram {
                picture: Some(file),
                ..
            } => Some((Kind::Image.as_str(), file)),
            _ => None,
        })
        .collect()
}

/// A robot's uploads serve nobody else.
fn robot_owner(robot: &str) -> String {
    format!("robot/{robot}")
}

/// Changed content is a new upload, whatever the file is called.
fn fact_name(owner: &str, kind: &str, file: &MediaFile, bytes: &Bytes) -> String {
    let digest = Sha1::digest(bytes);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("media/{owner}/{kind}/{hash}/{}", file.0)
}

fn wire_file(file: &MediaFile, bytes: Bytes) -> File {
    let name = file.0.rsplit('/').next().unwrap_or(&file.0).to_owned();
    let ending = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let content_type = match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "mp4" => "video/mp4",
        "amr" => "audio/amr",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    };
    File {
        name,
        content_type: content_type.to_owned(),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{MediaFile, inside};

    #[tokio::test]
    async fn nothing_outside_of_the_folder_is_sent() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("templates");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(home.path().join("secret.png"), b"secret").expect("written");
        std::fs::write(folder.join("good.png"), b"picture").expect("written");
        symlink("../secret.png", folder.join("link.png")).expect("a link");
        symlink("good.png", folder.join("same.png")).expect("a link");
        symlink("..", folder.join("up")).expect("a link");
        let all = [
            ("good.png", true),
            ("same.png", true),
            ("link.png", false),
            ("up/secret.png", false),
            ("../secret.png", false),
            ("/etc/passwd", false),
            ("%2e%2e/secret.png", false),
            ("good.png\0", false),
            ("..\\secret.png", false),
        ];
        for (name, fine) in all {
            let found = inside(&folder, &MediaFile(name.to_owned())).await;
            assert_eq!(found.is_ok(), fine, "{name}: {found:?}");
        }
    }
}
