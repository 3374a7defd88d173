//! Members who tell the app what to remind them of, and the cards they get.

use mock_wecom::{Action, AppEvent, Entry, MockWecom};

use crate::support::{
    Agent, AgentBuilder, MEMBER, answers, applied, calls, fault, member_says, mock, said_by_bot,
};

const SEND: &str = "message/send";
const UPDATE: &str = "message/update_template_card";

async fn start(mock: &MockWecom) -> Agent {
    let agent = Agent::start(mock).await;
    agent.move_to(mock, "2026-11-23 10:00");
    agent
}

/// Says something and gives what the app answers.
async fn ask(mock: &MockWecom, text: &str) -> String {
    let before = said_by_bot(mock, MEMBER).len();
    assert!(member_says(mock, MEMBER, text).await);
    let said = answers(mock, MEMBER, before + 1).await;
    said.last().cloned().unwrap_or_default()
}

fn is_card(call: &Entry) -> bool {
    call.request["body"]["msgtype"] == "template_card"
}

/// Waits for the cards sent so far.
async fn cards(mock: &MockWecom, count: usize) -> Vec<Entry> {
    crate::support::eventually(&format!("{count} cards"), async || {
        let sent = applied(mock, SEND);
        let cards: Vec<Entry> = sent.into_iter().filter(is_card).collect();
        (cards.len() >= count).then_some(cards)
    })
    .await
}

fn text(card: &Entry) -> &str {
    card.request["body"]["template_card"]["sub_title_text"]
        .as_str()
        .unwrap_or_default()
}

async fn press(mock: &MockWecom, card: &Entry, who: &str, key: &str) {
    let press = AppEvent {
        userid: who.to_owned(),
        event: "template_card_event".to_owned(),
        event_key: Some(key.to_owned()),
        msgid: card.response["msgid"].as_str().map(str::to_owned),
        ..AppEvent::default()
    };
    mock.app_event(press).await.expect("pressed");
}

/// What the last of so many card updates says.
async fn updated(mock: &MockWecom, count: usize) -> String {
    let updates = calls(mock, UPDATE, count).await;
    let button = &updates[count - 1].request["body"]["button"]["replace_name"];
    button.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_member_is_reminded_at_the_time_they_said_also_after_a_crash() {
    let mock = mock().await;
    let mut agent = start(&mock).await;
    assert_eq!(
        ask(&mock, "提醒我明天下午3点回访张三").await,
        "好的，11月24日 周二 15:00 提醒你：回访张三（编号 1）。回复“取消 1”可取消"
    );
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-24 14:58");
    agent.kill();
    agent.restart(&mock).await;
    agent.idle().await;
    assert!(!applied(&mock, SEND).iter().any(is_card));
    agent.move_to(&mock, "2026-11-24 15:00");
    let shown = cards(&mock, 1).await;
    assert_eq!(shown[0].request["body"]["touser"], MEMBER);
    assert_eq!(text(&shown[0]), "回访张三");
    assert!(shown[0].problems.is_empty(), "{:?}", shown[0].problems);
    agent.move_to(&mock, "2026-11-25 15:00");
    agent.idle().await;
    assert_eq!(cards(&mock, 1).await.len(), 1);
}

#[tokio::test]
async fn a_card_is_put_off_and_done_and_a_second_press_acts_once() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "半小时后提醒我关火").await;
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 10:31");
    let first = cards(&mock, 1).await.remove(0);
    press(&mock, &first, MEMBER, "soon").await;
    assert!(updated(&mock, 1).await.ends_with("再提醒"));
    agent.timers(1).await;
    press(&mock, &first, MEMBER, "done").await;
    assert_eq!(updated(&mock, 2).await, "已处理过");
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 11:02");
    let second = cards(&mock, 2).await.remove(1);
    press(&mock, &second, MEMBER, "done").await;
    assert_eq!(updated(&mock, 3).await, "已完成");
    agent.timers(0).await;
    assert!(ask(&mock, "我的提醒").await.starts_with("没有提醒"));
    for update in applied(&mock, UPDATE) {
        assert!(update.problems.is_empty(), "{:?}", update.problems);
    }
}

#[tokio::test]
async fn an_ambiguous_time_is_asked_back_and_the_next_message_answers() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let question = ask(&mock, "明天3点提醒我开会").await;
    assert!(
        question.contains("1. 凌晨：11月24日 周二 03:00"),
        "{question}"
    );
    assert!(
        question.contains("2. 下午：11月24日 周二 15:00"),
        "{question}"
    );
    assert!(
        ask(&mock, "下午")
            .await
            .starts_with("好的，11月24日 周二 15:00 提醒你：开会")
    );
    assert_eq!(
        ask(&mock, "我要退款").await,
        "退款请提供订单号",
        "rules hear the rest"
    );
    agent.timers(1).await;
}

#[tokio::test]
async fn what_comes_again_comes_again_and_is_listed_and_cancelled() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let echo = ask(&mock, "每周一9点 交周报").await;
    assert_eq!(
        echo,
        "好的，每周一 09:00（下一次 11月30日 周一 09:00） 提醒你：交周报（编号 1）。回复“取消 1”可取消"
    );
    ask(&mock, "下周五 15:30 寄合同").await;
    agent.timers(2).await;
    for (week, at) in ["2026-11-30 09:00", "2026-12-07 09:00"].iter().enumerate() {
        agent.move_to(&mock, at);
        // In between there was the contract.
        let shown = cards(&mock, week * 2 + 1).await;
        let last = shown.last().map(text);
        assert!(last == Some("交周报") || last == Some("寄合同"), "{last:?}");
        agent.idle().await;
    }
    let list = ask(&mock, "我的提醒").await;
    assert!(
        list.contains("1. 每周一 09:00（下一次 12月14日 周一 09:00） 交周报"),
        "{list}"
    );
    assert!(
        list.contains("2. 寄合同（12月4日 周五 15:30 已提醒，等你完成）"),
        "{list}"
    );
    assert_eq!(
        ask(&mock, "取消 1 和 7").await,
        "没有编号 7 的提醒\n已取消：1 交周报"
    );
    agent.timers(0).await;
    assert_eq!(ask(&mock, "完成 2").await, "已完成：2 寄合同");
}

#[tokio::test]
async fn a_reminder_is_handed_over_to_a_colleague() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "10分钟后提醒我取货").await;
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 10:11");
    let card = cards(&mock, 1).await.remove(0);
    press(&mock, &card, MEMBER, "hand_over").await;
    assert_eq!(updated(&mock, 1).await, "请回复转交给谁");
    assert_eq!(ask(&mock, "wang.wei").await, "已转交给 wang.wei：取货");
    let theirs = cards(&mock, 2).await.remove(1);
    assert_eq!(theirs.request["body"]["touser"], "wang.wei");
    assert_eq!(text(&theirs), format!("取货（{MEMBER} 转交）"));
    agent.idle().await;
    press(&mock, &theirs, "wang.wei", "done").await;
    assert_eq!(updated(&mock, 2).await, "已完成");
    assert!(ask(&mock, "我的提醒").await.starts_with("没有提醒"));
    agent.ahead(&mock, 30);
    // Without a card, by what it says.
    ask(&mock, "提醒我明天下午3点回访张三").await;
    let given = ask(&mock, "把回访张三转给wang.wei").await;
    assert!(
        given.starts_with("已转交给 wang.wei，到时提醒对方"),
        "{given}"
    );
    // After the card and what the press made of it.
    let told = answers(&mock, "wang.wei", 3).await.remove(2);
    assert!(
        told.starts_with(&format!("{MEMBER} 转交给你一条提醒：11月24日 周二 15:00")),
        "{told}"
    );
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-24 15:00");
    let card = cards(&mock, 3).await.remove(2);
    assert_eq!(card.request["body"]["touser"], "wang.wei");
    assert_eq!(text(&card), format!("回访张三（{MEMBER} 转交）"));
}

#[tokio::test]
async fn who_denies_a_reminder_loses_no_other_and_a_day_goes_alone() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "提醒我明天下午3点寄合同").await;
    ask(&mock, "每天早上9点提醒我打卡").await;
    agent.timers(2).await;
    let none = ask(&mock, "明天别提醒我喝水").await;
    assert!(none.starts_with("没有这样的提醒"), "{none}");
    let once = ask(&mock, "后天不用提醒打卡了").await;
    assert!(
        once.starts_with("好的，11月25日 周三 09:00 这一次不提醒了"),
        "{once}"
    );
    agent.timers(2).await;
    agent.ahead(&mock, 30);
    for (now, count) in [("2026-11-24 09:00", 1), ("2026-11-24 15:00", 2)] {
        agent.move_to(&mock, now);
        cards(&mock, count).await;
    }
    agent.move_to(&mock, "2026-11-25 12:00");
    agent.idle().await;
    assert_eq!(cards(&mock, 2).await.len(), 2, "not on Wednesday");
    agent.move_to(&mock, "2026-11-26 09:00");
    assert_eq!(text(&cards(&mock, 3).await[2]), "打卡");
}

#[tokio::test]
async fn without_cards_a_reminder_is_a_text() {
    let mock = mock().await;
    let agent = AgentBuilder::new()
        .config("[reminders]\ncards = false\n")
        .start(&mock)
        .await;
    agent.move_to(&mock, "2026-11-23 10:00");
    ask(&mock, "10分钟后提醒我取货").await;
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-23 10:11");
    let said = answers(&mock, MEMBER, 2).await;
    assert_eq!(said[1], "提醒：取货（编号 1）");
}

#[tokio::test]
async fn an_app_without_a_callback_in_wecom_gets_a_text() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "10分钟后提醒我取货").await;
    agent.timers(1).await;
    let refused = Action::Errcode {
        code: 43012,
        applied: false,
    };
    fault(&mock, SEND, refused);
    agent.move_to(&mock, "2026-11-23 10:11");
    let said = answers(&mock, MEMBER, 2).await;
    assert_eq!(said[1], "提醒 1\n取货");
    assert_eq!(ask(&mock, "完成 1").await, "已完成：1 取货");
}

#[tokio::test]
async fn reminders_are_spoken_of_by_what_they_say() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "提醒我明天下午3点给张三回访").await;
    ask(&mock, "提醒我明天下午4点回访李四").await;
    ask(&mock, "每周一9点 交周报").await;
    agent.timers(3).await;
    // Two say 回访: it is asked which.
    let which = ask(&mock, "取消回访").await;
    assert!(which.starts_with("是哪一条"), "{which}");
    agent.timers(3).await;
    assert!(ask(&mock, "取消回访张三").await.contains("1 给张三回访"));
    agent.timers(2).await;
    // Nobody who is not a machine says so much in ten seconds.
    agent.ahead(&mock, 30);
    let later = ask(&mock, "把回访李四改到后天上午10点").await;
    assert!(
        later.contains("11月25日") && later.contains("回访李四"),
        "{later}"
    );
    assert!(ask(&mock, "每周一的提醒不用了").await.contains("交周报"));
    agent.timers(1).await;
    agent.ahead(&mock, 30);
    let none = ask(&mock, "取消喝水的提醒").await;
    assert!(none.starts_with("没有这样的提醒"), "{none}");
    assert!(ask(&mock, "回访李四搞定了").await.contains("2 回访李四"));
    agent.timers(0).await;
    // What no reminder says is left to the rules.
    let before = said_by_bot(&mock, MEMBER).len();
    member_says(&mock, MEMBER, "取消订单").await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), before);
}

#[tokio::test]
async fn what_was_just_set_is_corrected_in_a_few_words() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "提醒我明天下午3点回访张三").await;
    assert_eq!(
        ask(&mock, "不对，是四点").await,
        "好的，1 推迟到 11月24日 周二 16:00：回访张三"
    );
    assert_eq!(
        ask(&mock, "推迟一天").await,
        "好的，1 推迟到 11月25日 周三 16:00：回访张三",
        "from its time, not from now"
    );
    let twice = ask(&mock, "提醒我后天下午4点回访张三").await;
    assert!(twice.starts_with("已经有这一条了"), "{twice}");
    assert_eq!(
        ask(&mock, "提前半小时").await,
        "好的，1 改到 11月25日 周三 15:30：回访张三"
    );
    agent.ahead(&mock, 30);
    agent.timers(1).await;
    agent.move_to(&mock, "2026-11-25 15:30");
    assert_eq!(text(&cards(&mock, 1).await[0]), "回访张三");
    ask(&mock, "提醒我周五上午10点订咖啡").await;
    assert_eq!(
        ask(&mock, "内容改成订茶").await,
        "好的，改成：2. 11月27日 周五 10:00 订茶"
    );
    ask(&mock, "提醒我周五上午11点开会").await;
    assert_eq!(ask(&mock, "算了不用了").await, "已取消：3 开会");
}

#[tokio::test]
async fn one_day_of_what_comes_again_is_moved_or_left_out() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "每周三上午10点提醒我交周报").await;
    let skipped = ask(&mock, "本周三不用交周报了").await;
    assert!(
        skipped.starts_with("好的，11月25日 周三 10:00 这一次不提醒了"),
        "{skipped}"
    );
    agent.move_to(&mock, "2026-11-26 10:00");
    agent.idle().await;
    assert!(!applied(&mock, SEND).iter().any(is_card));
    let once = ask(&mock, "周报改到下周四上午11点").await;
    assert!(
        once.starts_with("好的，只有这一次改到 12月3日 周四 11:00：交周报（编号 2）"),
        "{once}"
    );
    agent.timers(2).await;
    let all = ask(&mock, "1改成每周二").await;
    assert!(
        all.starts_with("好的，1 改到 每周二 10:00（下一次 12月1日 周二 10:00）"),
        "{all}"
    );
    let then = ask(&mock, "下周四有什么提醒").await;
    assert!(then.contains("2. ") && !then.contains("1. "), "{then}");
}

#[tokio::test]
async fn half_a_time_is_not_set_and_an_unclear_answer_is_asked_about() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let unsure = ask(&mock, "明天上午9点、下午3点提醒我喂鱼").await;
    assert!(unsure.starts_with("时间没有全听懂"), "{unsure}");
    agent.timers(0).await;
    let set = ask(&mock, "后天上午10点提醒我喂鱼").await;
    assert!(set.starts_with("好的，11月25日 周三 10:00"), "{set}");
    agent.ahead(&mock, 30);
    ask(&mock, "明天3点提醒我开会").await;
    let again = ask(&mock, "都要").await;
    assert!(again.starts_with("是哪个时间"), "{again}");
    assert_eq!(
        ask(&mock, "我要退款").await,
        "退款请提供订单号",
        "rules come first"
    );
    let still = ask(&mock, "都要都要").await;
    assert!(still.starts_with("是哪个时间"), "{still}");
    agent.timers(1).await;
    agent.ahead(&mock, 30);
    ask(&mock, "明天3点提醒我开会").await;
    let two = ask(&mock, "下午，另外后天下午2点提醒我发货").await;
    assert!(
        two.contains("11月24日 周二 15:00 提醒你：开会")
            && two.contains("11月25日 周三 14:00 提醒你：发货"),
        "{two}"
    );
    agent.timers(3).await;
}

#[tokio::test]
async fn a_question_stays_open_while_something_else_is_said() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "提醒我给客户打电话").await;
    assert_eq!(ask(&mock, "我要退款").await, "退款请提供订单号");
    let still = ask(&mock, "等我忙完").await;
    assert!(still.starts_with("什么时候提醒"), "{still}");
    let set = ask(&mock, "五分钟").await;
    assert!(set.contains("提醒你：给客户打电话（编号 1）"), "{set}");
    agent.timers(1).await;
}

#[tokio::test]
async fn small_talk_is_not_set_and_what_may_be_meant_is_asked() {
    let mock = mock().await;
    let agent = start(&mock).await;
    let before = said_by_bot(&mock, MEMBER).len();
    member_says(&mock, MEMBER, "每周一都堵车").await;
    agent.idle().await;
    assert_eq!(said_by_bot(&mock, MEMBER).len(), before);
    agent.timers(0).await;
    let wanted = ask(&mock, "明天下午5点王总来店里").await;
    assert!(wanted.starts_with("要我提醒吗？王总来店里"), "{wanted}");
    agent.timers(0).await;
    let set = ask(&mock, "要").await;
    assert!(
        set.starts_with("好的，11月24日 周二 17:00 提醒你：王总来店里"),
        "{set}"
    );
    let short = ask(&mock, "每周一9点 交周报").await;
    assert!(short.contains("交周报（编号 2）"), "{short}");
    agent.timers(2).await;
}

#[tokio::test]
async fn what_rang_is_put_off_and_given_away_in_a_few_words() {
    let mock = mock().await;
    let agent = start(&mock).await;
    ask(&mock, "10分钟后提醒我寄合同").await;
    agent.ahead(&mock, 11 * 60);
    cards(&mock, 1).await;
    let later = ask(&mock, "半个小时").await;
    assert!(later.starts_with("好的，1 推迟到"), "{later}");
    agent.ahead(&mock, 31 * 60);
    cards(&mock, 2).await;
    let unclear = ask(&mock, "推到下班前").await;
    assert!(unclear.starts_with("没听懂"), "{unclear}");
    assert_eq!(ask(&mock, "转wang.wei").await, "已转交给 wang.wei：寄合同");
}

#[tokio::test]
async fn nobody_looks_for_a_time_in_a_letter() {
    let mock = mock().await;
    let _agent = start(&mock).await;
    ask(&mock, "提醒我给客户打电话").await;
    // With an open question, and with times all over it.
    let letter = "明天下午3点我们开会，".repeat(5_000);
    assert!(member_says(&mock, MEMBER, &letter).await);
    let said = ask(&mock, "明天上午十点").await;
    assert!(said.contains("给客户打电话"), "{said}");
}
