//! The wire form that all message types share.

/// Defines an enum whose wire form names its kind and nests the payload under
/// that name: `{"msgtype": "text", "text": {…}}`.
macro_rules! messages {
    (
        $(#[$meta:meta])*
        $name:ident by $key:literal {
            $($(#[$variant_meta:meta])* $variant:ident($payload:ty) = $tag:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant($payload),)*
        }

        impl $name {
            /// The name of this kind on the wire.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $tag,)*
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry($key, self.kind())?;
                match self {
                    $(Self::$variant(payload) => map.serialize_entry($tag, payload)?,)*
                }
                map.end()
            }
        }
    };
}
pub(crate) use messages;
