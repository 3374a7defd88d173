//! Files: a media id lives three days and is shared by all apps of the corp.

pub mod get;
pub mod upload;
pub mod upload_attachment;
pub mod uploadimg;

/// Smallest file that any upload accepts.
pub const MIN_BYTES: usize = 6;

/// What a file is to be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPG or PNG.
    Image,
    /// AMR, at most 60 s.
    Voice,
    /// MP4.
    Video,
    /// Anything.
    File,
}

impl Kind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::File => "file",
        }
    }

    /// The largest file that `media/upload` accepts.
    pub fn max_bytes(self) -> usize {
        const MB: usize = 1024 * 1024;
        match self {
            Self::Image | Self::Video => 10 * MB,
            Self::Voice => 2 * MB,
            Self::File => 20 * MB,
        }
    }
}
