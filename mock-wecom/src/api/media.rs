//! `media/*`: temporary files.

use serde_json::json;

use super::contract::{Field, one_of, range, text};
use super::{Body, Call, Ctx, Endpoint, Reply, Scope, Upload};
use crate::errcode::{self, ApiError, Errcode};
use crate::state::media::Media;

/// What can be wrong with a file.
pub(super) const FILE_CODES: &[Errcode] = &[
    errcode::ROBOT_STOPPED,
    errcode::BAD_MEDIA_TYPE,
    errcode::EMPTY_MEDIA,
    errcode::MEDIA_TOO_LARGE,
    errcode::BAD_IMAGE,
    errcode::BIG_ATTACHMENT,
    errcode::BAD_VIDEO,
    errcode::TOO_FREQUENT,
];
const KIND: Field = one_of("type", &["image", "voice", "video", "file"])
    .must(errcode::BAD_MEDIA_TYPE)
    .or(errcode::BAD_MEDIA_TYPE);
const MEDIA_ID: Field = text("media_id").must(errcode::NO_MEDIA_ID);

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/cgi-bin/media/upload", Scope::Any, upload, &[])
        .query(&[KIND])
        .errors(FILE_CODES)
        .switches(&["media_content_check"]),
    Endpoint::post(
        "/cgi-bin/media/upload_attachment",
        Scope::Any,
        upload_attachment,
        &[],
    )
    .query(&[
        one_of("media_type", &["image", "video", "file"])
            .must(errcode::BAD_MEDIA_TYPE)
            .or(errcode::BAD_MEDIA_TYPE),
        range("attachment_type", 1, 2).must(errcode::BAD_PARAMETER),
    ])
    .errors(FILE_CODES)
    .switches(&["media_content_check"]),
    Endpoint::post("/cgi-bin/media/uploadimg", Scope::Any, upload_image, &[])
        .query(&[text("type")])
        .errors(FILE_CODES)
        .switches(&["media_content_check", "uploadimg_per_day"]),
    Endpoint::get("/cgi-bin/media/get", Scope::Any, get, &[MEDIA_ID])
        .errors(&[errcode::BAD_MEDIA_ID, errcode::BAD_RANGE]),
    Endpoint::get(
        "/cgi-bin/media/get/jssdk",
        Scope::Any,
        get_voice,
        &[MEDIA_ID],
    )
    .errors(&[errcode::BAD_MEDIA_ID, errcode::BAD_RANGE]),
];

const MB: usize = 1024 * 1024;
const UNRANGED_MAX: usize = 20 * MB;

/// What a kind of file must look like.
pub(super) struct Rule {
    kind: String,
    max: usize,
    /// 1 for moments, 2 for the product album.
    attachment: Option<i64>,
    /// Whether the bytes are looked at.
    by_content: bool,
}

impl Rule {
    pub(super) fn of(ctx: &Ctx<'_>, kind: &str) -> Result<Self, ApiError> {
        let max = match kind {
            "image" | "video" => 10 * MB,
            "voice" => 2 * MB,
            "file" => 20 * MB,
            other => return Err(errcode::BAD_MEDIA_TYPE.about(other)),
        };
        Ok(Self {
            kind: kind.to_owned(),
            max,
            attachment: None,
            by_content: ctx.world.switches.media_content_check,
        })
    }

    fn check(&self, file: &Upload) -> Result<(), ApiError> {
        if file.bytes.len() <= 5 {
            return Err(errcode::EMPTY_MEDIA.about("the file must have more than 5 bytes"));
        }
        if file.bytes.len() > self.max {
            let code = match self.attachment {
                Some(_) => errcode::BIG_ATTACHMENT,
                None => errcode::MEDIA_TOO_LARGE,
            };
            return Err(code.about(format!("over {} bytes", self.max)));
        }
        if self.by_content {
            self.check_content(&file.bytes)
        } else {
            self.check_name(&file.filename)
        }
    }

    fn check_name(&self, filename: &str) -> Result<(), ApiError> {
        let name = filename.to_ascii_lowercase();
        let endings: &[&str] = match self.kind.as_str() {
            "image" => &[".jpg", ".jpeg", ".png"],
            "voice" => &[".amr"],
            "video" => &[".mp4"],
            _ => return Ok(()),
        };
        if endings.iter().any(|ending| name.ends_with(ending)) {
            return Ok(());
        }
        let wanted = endings.join(" or ");
        Err(errcode::BAD_MEDIA_TYPE.about(format!("{} must be {wanted}", self.kind)))
    }

    /// JPG and PNG, AMR and MP4 are known by their first bytes.
    fn check_content(&self, bytes: &[u8]) -> Result<(), ApiError> {
        match self.kind.as_str() {
            "image" if !is_image(bytes) => Err(errcode::BAD_IMAGE.about("neither JPG nor PNG")),
            "voice" if !bytes.starts_with(b"#!AMR") => {
                Err(errcode::BAD_MEDIA_TYPE.about("voice must be AMR"))
            }
            "video" if bytes.get(4..8) != Some(b"ftyp") => Err(match self.attachment {
                Some(_) => errcode::BAD_VIDEO.plain(),
                None => errcode::BAD_MEDIA_TYPE.about("video must be MP4"),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether these bytes begin as a JPG or a PNG does.
pub(super) fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xD8\xFF") || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn file(call: &Call) -> Result<&Upload, ApiError> {
    match &call.body {
        Body::Upload(file) => Ok(file),
        _ => Err(errcode::EMPTY_MEDIA.about("no multipart file with a filename")),
    }
}

/// Checks an uploaded file and keeps it for three days.
pub(super) fn keep(
    ctx: &mut Ctx<'_>,
    call: &Call,
    rule: &Rule,
    robot: Option<String>,
) -> Result<String, ApiError> {
    let file = file(call)?;
    rule.check(file)?;
    if file.field != "media" {
        ctx.problem(format!("the form field is {}, not media", file.field));
    }
    let media_id = ctx.world.ids.text("M", 60);
    let media = Media {
        kind: rule.kind.clone(),
        filename: file.filename.clone(),
        content_type: file.content_type.clone(),
        created_at: ctx.now,
        robot,
        attachment: rule.attachment,
        bytes: file.bytes.clone(),
    };
    ctx.world.media.files.insert(media_id.clone(), media);
    Ok(media_id)
}

fn upload(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let kind = call.param("type").unwrap_or_default();
    let media_id = {
        let rule = Rule::of(ctx, kind)?;
        keep(ctx, call, &rule, None)?
    };
    // A text here, a number in upload_attachment: that is how the platform does it.
    Ok(Reply::with(
        json!({"type": kind, "media_id": media_id, "created_at": ctx.now.to_string()}),
    ))
}

fn upload_attachment(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let kind = call.param("media_type").unwrap_or_default();
    let mut rule = Rule::of(ctx, kind)?;
    rule.attachment = match call.param("attachment_type") {
        Some("1") if kind != "file" => Some(1),
        Some("2") => Some(2),
        _ => return Err(errcode::BAD_PARAMETER.about("attachment_type")),
    };
    rule.max = 10 * MB;
    let media_id = keep(ctx, call, &rule, None)?;
    Ok(Reply::with(
        json!({"type": kind, "media_id": media_id, "created_at": ctx.now}),
    ))
}

fn upload_image(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let mut rule = Rule::of(ctx, "image")?;
    rule.max = 2 * MB;
    rule.check(file(call)?)?;
    let most = ctx.world.switches.uploadimg_per_day;
    if !ctx
        .world
        .traffic
        .uploaded_images
        .admit(ctx.now, 86_400, most)
    {
        return Err(errcode::TOO_FREQUENT.plain());
    }
    ctx.world.media.images += 1;
    let name = ctx.world.ids.text("", 32);
    Ok(Reply::with(
        json!({"url": format!("https://wework.qpic.cn/wwpic/{name}/0")}),
    ))
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let media_id = call.param("media_id").ok_or(errcode::NO_MEDIA_ID.plain())?;
    let file = ctx.world.media.get(media_id, ctx.now)?;
    let range = match &call.range {
        Some(text) => Some(parse_range(text, file.bytes.len()).ok_or(errcode::BAD_RANGE.plain())?),
        None if file.bytes.len() > UNRANGED_MAX => return Err(errcode::BAD_RANGE.plain()),
        None => None,
    };
    Ok(Reply::File {
        content_type: file.content_type.clone(),
        filename: file.filename.clone(),
        bytes: file.bytes.clone(),
        range,
    })
}

/// The voice in high quality; the mock has only the one file.
fn get_voice(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    get(ctx, call)
}

/// The first and last byte of `bytes=a-b`, inside a file of this length.
fn parse_range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let from: usize = from.parse().ok()?;
    let to = if to.is_empty() {
        last
    } else {
        to.parse::<usize>().ok()?.min(last)
    };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_stay_inside_the_file() {
        assert_eq!(parse_range("bytes=2-3", 10), Some((2, 3)));
        assert_eq!(parse_range("bytes=2-", 10), Some((2, 9)));
        assert_eq!(parse_range("bytes=2-99", 10), Some((2, 9)));
        for bad in ["bytes=10-12", "bytes=3-2", "bytes=-5", "2-3", "bytes=a-b"] {
            assert_eq!(parse_range(bad, 10), None, "{bad}");
        }
        assert_eq!(parse_range("bytes=0-", 0), None);
    }
}
