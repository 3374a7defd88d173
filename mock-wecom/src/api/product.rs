//! `*_product_album*`: goods that members show to customers.

use serde_json::{Map, Value, json};

use super::contract::{Field, bytes, chars, int, objects, one_of, range, text};
use super::endpoint::CONTACT;
use super::fields::page;
use super::way::copy;
use super::{Call, Ctx, Endpoint, Reply, shapes};
use crate::errcode::{self, ApiError};
use crate::state::shelf::{Record, number_id};

const PRODUCT_ID: Field = text("product_id").must(errcode::BAD_PRODUCT);
const PICTURES: Field = objects(
    "attachments",
    9,
    &[
        one_of("type", &["image"]).must(errcode::BAD_ATTACHMENT_TYPE),
        super::contract::object("image", shapes::MEDIA).must(errcode::NO_MEDIA_ID),
    ],
)
.or(errcode::BAD_ATTACHMENT_COUNT);
const PRODUCT: &[Field] = &[
    PICTURES.must(errcode::EMPTY_PARAMETER),
    chars("description", 300).must(errcode::EMPTY_PARAMETER),
    range("price", 0, 5_000_000).must(errcode::EMPTY_PARAMETER),
    bytes("product_sn", 128),
];
const CHANGE: &[Field] = &[
    PRODUCT_ID,
    PICTURES,
    chars("description", 300),
    range("price", 0, 5_000_000),
    bytes("product_sn", 128),
];

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/cgi-bin/externalcontact/add_product_album",
        CONTACT,
        add,
        PRODUCT,
    )
    .errors(&[errcode::BAD_MEDIA_ID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_product_album",
        CONTACT,
        get,
        &[PRODUCT_ID],
    ),
    Endpoint::post(
        "/cgi-bin/externalcontact/get_product_album_list",
        CONTACT,
        list_products,
        &[int("limit"), text("cursor")],
    )
    .errors(&[errcode::BAD_CURSOR]),
    Endpoint::post(
        "/cgi-bin/externalcontact/update_product_album",
        CONTACT,
        update,
        CHANGE,
    )
    .errors(&[errcode::BAD_MEDIA_ID]),
    Endpoint::post(
        "/cgi-bin/externalcontact/delete_product_album",
        CONTACT,
        delete,
        &[PRODUCT_ID],
    ),
];

fn check_pictures(ctx: &Ctx<'_>, call: &Call) -> Result<(), ApiError> {
    for attachment in call.fields().objects("attachments")? {
        let media_id = attachment
            .object("image")?
            .need("media_id", errcode::NO_MEDIA_ID)?;
        ctx.world.media.get(&media_id, ctx.now)?;
    }
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check_pictures(ctx, call)?;
    let mut kept = Map::new();
    copy(call.fields(), PRODUCT, &mut kept);
    let (secret, now, world) = (ctx.secret(), ctx.now, &mut *ctx.world);
    let id = number_id(&mut world.ids);
    let id = world.shelves.products.add(id, &secret, now, kept);
    Ok(Reply::with(json!({"product_id": id})))
}

fn known<'w>(ctx: &'w mut Ctx<'_>, call: &Call) -> Result<&'w mut Record, ApiError> {
    let id = call.fields().need("product_id", errcode::BAD_PRODUCT)?;
    let product = ctx.world.shelves.products.0.get_mut(&id);
    product.ok_or_else(|| errcode::BAD_PRODUCT.about(id))
}

fn row(product: &Record) -> Value {
    let mut row = product.with_id("product_id");
    row["create_time"] = json!(product.created_at);
    row
}

fn get(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let product = row(known(ctx, call)?);
    Ok(Reply::with(json!({"product": product})))
}

fn list_products(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let fields = call.fields();
    let products = ctx.world.shelves.products.in_order();
    let rows = products.into_iter().map(row);
    let (rows, next) = page(rows, fields.offset()?, fields.limit(50, 100, 50)?);
    Ok(Reply::with(
        json!({"product_list": rows, "next_cursor": next}),
    ))
}

fn update(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    check_pictures(ctx, call)?;
    copy(call.fields(), &CHANGE[1..], &mut known(ctx, call)?.fields);
    Ok(Reply::ok())
}

fn delete(ctx: &mut Ctx<'_>, call: &Call) -> Result<Reply, ApiError> {
    let id = known(ctx, call)?.id.clone();
    ctx.world.shelves.products.0.remove(&id);
    Ok(Reply::ok())
}
