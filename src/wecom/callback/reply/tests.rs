use super::*;
use crate::wecom::callback::template_card::{
    ActionMenu, CardImage, CardType, Checkbox, Choice, HorizontalContent, Jump, Link, QuoteArea,
    Source, TextKey, TitleDesc,
};
use crate::wecom::callback::xml::Element;

fn xml(create_time: i64, content: ReplyContent) -> String {
    PassiveReply {
        to_user: "lin.mei".to_owned(),
        from_user: "ww00000000000000aa".to_owned(),
        create_time,
        content,
    }
    .to_xml()
}

fn expected(create_time: i64, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[lin.mei]]></ToUserName><FromUserName><![CDATA[ww00000000000000aa]]></FromUserName><CreateTime>{create_time}</CreateTime>{rest}</xml>"
    )
}

#[test]
fn documented_samples() {
    let media_id = |id: &str| id.to_owned();
    assert_eq!(
        xml(
            1_760_000_200,
            ReplyContent::Text {
                content: "已收到".to_owned()
            }
        ),
        expected(
            1_760_000_200,
            "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[已收到]]></Content>"
        )
    );
    assert_eq!(
        xml(
            1_760_000_201,
            ReplyContent::Image {
                media_id: media_id("MEDIA_IMG_1")
            }
        ),
        expected(
            1_760_000_201,
            "<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[MEDIA_IMG_1]]></MediaId></Image>"
        )
    );
    assert_eq!(
        xml(
            1_760_000_202,
            ReplyContent::Voice {
                media_id: media_id("MEDIA_VOI_1")
            }
        ),
        expected(
            1_760_000_202,
            "<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[MEDIA_VOI_1]]></MediaId></Voice>"
        )
    );
    let video = ReplyContent::Video {
        media_id: media_id("MEDIA_VID_1"),
        title: Some("T".to_owned()),
        description: Some("D".to_owned()),
    };
    assert_eq!(
        xml(1_760_000_203, video),
        expected(
            1_760_000_203,
            "<MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[MEDIA_VID_1]]></MediaId><Title><![CDATA[T]]></Title><Description><![CDATA[D]]></Description></Video>"
        )
    );
}

#[test]
fn documented_news_and_button() {
    let news = ReplyContent::News(vec![Article {
        title: "A".to_owned(),
        description: Some("B".to_owned()),
        pic_url: Some("https://doc.invalid/a.png".to_owned()),
        url: Some("https://doc.invalid/a".to_owned()),
    }]);
    assert_eq!(
        xml(1_760_000_204, news),
        expected(
            1_760_000_204,
            "<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount><Articles><item><Title><![CDATA[A]]></Title><Description><![CDATA[B]]></Description><PicUrl><![CDATA[https://doc.invalid/a.png]]></PicUrl><Url><![CDATA[https://doc.invalid/a]]></Url></item></Articles>"
        )
    );
    let button = ReplyContent::UpdateButton {
        replace_name: "已处理".to_owned(),
    };
    assert_eq!(
        xml(1_760_000_205, button),
        expected(
            1_760_000_205,
            "<MsgType><![CDATA[update_button]]></MsgType><Button><ReplaceName><![CDATA[已处理]]></ReplaceName></Button>"
        )
    );
}

#[test]
fn text_cannot_leave_its_section() {
    let text = "a]]><b>&amp;]]]]>>\0\x1b\t\n]]";
    let reply = xml(
        1,
        ReplyContent::Text {
            content: text.to_owned(),
        },
    );
    assert!(reply.contains("<![CDATA[a]]]]><![CDATA[><b>&amp;]]]]]]><![CDATA[>>\t\n]]]]>"));
    let root = Element::parse(&reply).unwrap();
    let content = root.children().iter().find(|c| c.name() == "Content");
    assert_eq!(content.unwrap().text(), "a]]><b>&amp;]]]]>>\t\n]]");
}

fn vote_card() -> TemplateCard {
    let link = Link {
        kind: 2,
        app_id: Some("wxA".to_owned()),
        page_path: Some("p".to_owned()),
        ..Link::default()
    };
    let horizontal = |name: &str| HorizontalContent {
        keyname: name.to_owned(),
        kind: Some(3),
        user_id: Some("u".to_owned()),
        ..HorizontalContent::default()
    };
    TemplateCard {
        card_type: CardType::VoteInteraction,
        source: Some(Source {
            icon_url: Some("https://i".to_owned()),
            desc: None,
            desc_color: Some(0),
        }),
        action_menu: Some(ActionMenu {
            desc: None,
            action_list: vec![TextKey {
                text: "停".to_owned(),
                key: "stop".to_owned(),
            }],
        }),
        main_title: Some(TitleDesc {
            title: Some("T".to_owned()),
            desc: None,
        }),
        quote_area: Some(QuoteArea {
            link: link.clone(),
            title: None,
            quote_text: Some("q".to_owned()),
        }),
        card_image: Some(CardImage {
            url: "https://c".to_owned(),
            aspect_ratio: Some(1.3),
        }),
        horizontal_content_list: vec![horizontal("a"), horizontal("b")],
        jump_list: vec![Jump {
            link,
            title: "J".to_owned(),
            question: None,
        }],
        checkbox: Some(Checkbox {
            question_key: "q1".to_owned(),
            disable: Some(true),
            mode: Some(1),
            option_list: vec![Choice {
                id: "o1".to_owned(),
                text: "一".to_owned(),
                is_checked: Some(false),
            }],
        }),
        replace_text: Some("已提交".to_owned()),
        ..TemplateCard::default()
    }
}

#[test]
fn template_card_in_pascal_case() {
    let card = Box::new(vote_card());
    let reply = xml(1, ReplyContent::UpdateTemplateCard(card));
    let rest = [
        "<MsgType><![CDATA[update_template_card]]></MsgType><TemplateCard>",
        "<CardType><![CDATA[vote_interaction]]></CardType>",
        "<Source><IconUrl><![CDATA[https://i]]></IconUrl><DescColor>0</DescColor></Source>",
        "<ActionMenu><ActionList><Text><![CDATA[停]]></Text><Key><![CDATA[stop]]></Key></ActionList></ActionMenu>",
        "<MainTitle><Title><![CDATA[T]]></Title></MainTitle>",
        "<QuoteArea><Type>2</Type><Appid><![CDATA[wxA]]></Appid><PagePath><![CDATA[p]]></PagePath><QuoteText><![CDATA[q]]></QuoteText></QuoteArea>",
        "<CardImage><Url><![CDATA[https://c]]></Url><AspectRatio>1.3</AspectRatio></CardImage>",
        "<HorizontalContentList><KeyName><![CDATA[a]]></KeyName><Type>3</Type><UserId><![CDATA[u]]></UserId></HorizontalContentList>",
        "<HorizontalContentList><KeyName><![CDATA[b]]></KeyName><Type>3</Type><UserId><![CDATA[u]]></UserId></HorizontalContentList>",
        "<JumpList><Type>2</Type><AppId><![CDATA[wxA]]></AppId><PagePath><![CDATA[p]]></PagePath><Title><![CDATA[J]]></Title></JumpList>",
        "<CheckBox><QuestionKey><![CDATA[q1]]></QuestionKey><Disable>true</Disable><Mode>1</Mode><OptionList><Id><![CDATA[o1]]></Id><Text><![CDATA[一]]></Text><IsChecked>false</IsChecked></OptionList></CheckBox>",
        "<ReplaceText><![CDATA[已提交]]></ReplaceText></TemplateCard>",
    ];
    assert_eq!(reply, expected(1, &rest.concat()));
}

#[test]
fn documented_envelope() {
    let sealed = Sealed {
        encrypt: "QUJD".to_owned(),
        signature: "0123".to_owned(),
        timestamp: 1_760_000_000,
        nonce: "k3J9".to_owned(),
    };
    assert_eq!(
        envelope_xml(&sealed),
        "<xml><Encrypt><![CDATA[QUJD]]></Encrypt><MsgSignature><![CDATA[0123]]></MsgSignature><TimeStamp>1760000000</TimeStamp><Nonce><![CDATA[k3J9]]></Nonce></xml>"
    );
}
