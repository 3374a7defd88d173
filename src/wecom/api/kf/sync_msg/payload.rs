//! What the kinds of messages hold. Every field is optional on the wire.

use serde::Deserialize;
use serde_json::Value;

macro_rules! payloads {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }
    )*};
}

payloads! {
    /// A text.
    Text {
        /// The text.
        content: String,
        /// Set if the customer clicked a menu item.
        menu_id: Option<String>,
    }
    /// A file to fetch with `media/get` within three days.
    MediaRef {
        /// The file's id.
        media_id: String,
    }
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// Name of the place.
        name: String,
        /// Its address.
        address: String,
    }
    /// A linked page.
    Link {
        /// Shown title.
        title: String,
        /// Shown description.
        desc: String,
        /// The page.
        url: String,
        /// Image URL.
        pic_url: String,
    }
    /// A member's card.
    BusinessCard {
        /// The member.
        userid: String,
    }
    /// A miniprogram.
    Miniprogram {
        /// Shown title.
        title: String,
        /// The miniprogram.
        appid: String,
        /// Page to open.
        pagepath: String,
        /// Cover image.
        thumb_media_id: String,
    }
    /// A menu.
    MenuMessage {
        /// Text above.
        head_content: String,
        /// The items as they came.
        list: Vec<Value>,
        /// Text below.
        tail_content: String,
    }
    /// A product of a Channels shop.
    ShopProduct {
        /// The product's id.
        product_id: String,
        /// Image URL.
        head_image: String,
        /// Shown title.
        title: String,
        /// Price as shown.
        sales_price: String,
        /// The shop's name.
        shop_nickname: String,
        /// Image URL of the shop.
        shop_head_image: String,
    }
    /// An order of a Channels shop.
    ShopOrder {
        /// The order's id.
        order_id: String,
        /// Names of the products.
        product_titles: String,
        /// Price as shown.
        price_wording: String,
        /// State as shown.
        state: String,
        /// Image URL.
        image_url: String,
        /// The shop's name.
        shop_nickname: String,
    }
    /// Forwarded messages.
    MergedMessage {
        /// Shown title.
        title: String,
        /// The messages.
        item: Vec<MergedItem>,
    }
    /// One forwarded message.
    MergedItem {
        /// Unix seconds.
        send_time: i64,
        /// Kind of the message.
        msgtype: String,
        /// Who wrote it.
        sender_name: String,
        /// Its payload, as JSON text.
        msg_content: String,
    }
    /// A Channels post, live stream or card.
    Channels {
        /// 1 post, 2 live stream, 3 card.
        sub_type: i64,
        /// The author.
        nickname: String,
        /// Shown title.
        title: String,
    }
}
