//! Every documented event, by family; the helpers are shared.

mod app;
mod corp;
mod customers;
mod unknown;

use super::*;
use crate::wecom::callback::{Body, Callback, parse};

fn callback(event: &str, elements: &str) -> Callback {
    let xml = format!(
        "<xml><ToUserName><![CDATA[ww00000000000000aa]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1760001000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{elements}</xml>"
    );
    parse(&xml).unwrap()
}

/// The typed event, all of whose elements must have found a field.
fn event(name: &str, elements: &str) -> Event {
    let callback = callback(name, elements);
    assert_eq!(callback.extra, Extra::new(), "{name}");
    match callback.body {
        Body::Event(event) => event,
        Body::Message(message) => panic!("{message:?}"),
    }
}

fn app(name: &str, elements: &str) -> AppEvent {
    match event(name, elements) {
        Event::App(event) => event,
        other => panic!("{other:?}"),
    }
}

fn changed(name: &str, change_type: &str, elements: &str) -> Event {
    event(
        name,
        &format!("<ChangeType><![CDATA[{change_type}]]></ChangeType>{elements}"),
    )
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn extra(pairs: &[(&str, &str)]) -> Extra {
    pairs
        .iter()
        .map(|&(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}
