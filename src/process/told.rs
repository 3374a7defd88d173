//! What one of the company's own systems told about a customer becomes attributes. No I/O.

use super::own::TaskScene;
use crate::domain::change::ContactChange;
use crate::domain::contact::Value;
use crate::domain::inbound::{Told, ToldValue};

/// Puts what was told into the change: the attributes as they are, and for an event when it
/// last happened, how often, and how much it came to. Less than nothing is money given back:
/// it lowers the sum, and nothing has happened once more.
pub(super) fn tell(scene: &TaskScene<'_>, told: &Told, change: &mut ContactChange) {
    change.person = Some(scene.contact.person.clone());
    let set = told.set.iter();
    change
        .set
        .extend(set.map(|(name, value)| (name.clone(), value_of(value))));
    let Some(event) = &told.event else {
        return;
    };
    let given_back = told.amount_hundredths.is_some_and(|amount| amount < 0);
    if !given_back {
        happened(scene, event, change);
    }
    if let Some(hundredths) = told.amount_hundredths {
        #[expect(
            clippy::cast_precision_loss,
            reason = "money in hundredths is far below 2^52"
        )]
        let amount = hundredths as f64 / 100.0;
        change.count.push((format!("{event}_amount"), amount));
    }
}

/// Notes when an event last happened, and that it did once more.
fn happened(scene: &TaskScene<'_>, event: &str, change: &mut ContactChange) {
    let at = scene.record.inbound.at.timestamp();
    let at = at.to_zoned(scene.config.timezone.clone());
    let at = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let name = format!("last_{event}_at");
    // Systems may tell an older event after a newer one.
    let newer = match scene.contact.attributes.get(&name) {
        Some(Value::Text(known)) => *known < at,
        _ => true,
    };
    if newer {
        change.set.push((name, Value::Text(at)));
    }
    change.count.push((format!("{event}_count"), 1.0));
}

fn value_of(value: &ToldValue) -> Value {
    match value {
        ToldValue::Bool(value) => Value::Bool(*value),
        ToldValue::Text(text) => Value::Text(text.clone()),
        ToldValue::Number(text) => match text.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(text.clone()),
        },
    }
}
