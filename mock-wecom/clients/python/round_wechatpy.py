"""wechatpy 2.0.0a26, the most used Python client: every family it has, and its callback side."""

import io
import time

from kit import *
from wechatpy.work import WeChatClient, create_reply, parse_message
from wechatpy.work.crypto import WeChatCrypto

redirect_requests()  # fetch_access_token() ignores API_BASE_URL
round_ = Round("wechatpy 2.0.0a26")
check = round_.check


def client(secret):
    made = WeChatClient(CORP, secret)
    made.API_BASE_URL = f"{MOCK}/cgi-bin/"
    return made


app, book, contact, kf = map(client, ("app-secret", "book-secret", "contact-secret", "kf-secret"))


def named(body, name):
    return io.BufferedReader(_Named(body, name))


class _Named(io.BytesIO):
    def __init__(self, body, name):
        super().__init__(body)
        self.name = name


check("gettoken", lambda: app.fetch_access_token())
check("getcallbackip", lambda: app.misc.get_wechat_ips())
check("user.get", lambda: ok(app.user.get("lin.mei")))
check("user.list", lambda: app.user.list(1, fetch_child=True))
check("user.list simple", lambda: app.user.list(2, simple=True))
check("department.list", lambda: app.department.list())
check("department.simple_list", lambda: app.department.simple_list())
check("department.get", lambda: app.department.get(1))
check("department.get_users", lambda: app.department.get_users(2))
check("user.create", lambda: book.user.create("new.one", "新人", department=[2], position="销售", mobile="13800000000", gender=1, email="n@a.invalid", extattr={"attrs": []}))
check("user.update", lambda: book.user.update("new.one", name="老人", enable=0))
check("user.getuserid", lambda: book.user.getuserid("13800000000"))
check("user.convert_to_openid and back", lambda: book.user.convert_to_user_id(book.user.convert_to_openid("lin.mei")["openid"]))
check("user.delete", lambda: book.user.delete("new.one"))
check("user.batch_delete", lambda: (book.user.create("n2", "二", department=[1]), book.user.batch_delete(["n2"])))


def departments():
    made = book.department.create("新部门", parent_id=1, order=5)
    book.department.update(made["id"], name="改名")
    book.department.delete(made["id"])


def book_tags():
    made = book.tag.create("标签")
    book.tag.add_users(made["tagid"], user_ids=["lin.mei"], department_ids=[2])
    assert book.tag.get_users(made["tagid"])["userlist"]
    book.tag.update(made["tagid"], "改名")
    assert book.tag.list()
    book.tag.delete_users(made["tagid"], user_ids=["lin.mei"])
    book.tag.delete(made["tagid"])


check("department.create, update, delete", departments)
check("tag.*", book_tags)
check("agent.get", lambda: ok(app.agent.get(AGENT)))
check("agent.list", lambda: app.agent.list())
check("agent.set", lambda: app.agent.set(AGENT, name="助手"))
check("menu.*", lambda: (app.menu.create(AGENT, {"button": [{"type": "click", "name": "菜单", "key": "M"}]}), app.menu.get(AGENT), app.menu.delete(AGENT)))

media = check("media.upload image", lambda: ok(app.media.upload("image", named(PNG, "dot.png")))["media_id"])
voice = check("media.upload voice", lambda: ok(app.media.upload("voice", named(AMR, "v.amr")))["media_id"])
video = check("media.upload video", lambda: ok(app.media.upload("video", named(b"\0\0\0\x18ftypmp42" + bytes(16), "v.mp4")))["media_id"])
file = check("media.upload file", lambda: ok(app.media.upload("file", named(b"hello, file", "f.txt")))["media_id"])
check("media.upload_img", lambda: app.media.upload_img(named(PNG, "dot.png")))
check("media.download", lambda: app.media.download(media).content == PNG or 1 / 0)

check("message.send_text", lambda: ok(app.message.send_text(AGENT, ["lin.mei", "wang.wei"], "你好")))
check("message.send_text to party and tag", lambda: ok(app.message.send_text(AGENT, "", "你好", party_ids=["2"])))
check("message.send_text_card", lambda: ok(app.message.send_text_card(AGENT, "lin.mei", "T", "D", "http://a.invalid", btntxt="详情")))
check("message.send_image", lambda: ok(app.message.send_image(AGENT, "lin.mei", media)))
check("message.send_voice", lambda: ok(app.message.send_voice(AGENT, "lin.mei", voice)))
check("message.send_video", lambda: ok(app.message.send_video(AGENT, "lin.mei", video, title="T", description="D")))
check("message.send_file", lambda: ok(app.message.send_file(AGENT, "lin.mei", file)))
check("message.send_articles", lambda: ok(app.message.send_articles(AGENT, "lin.mei", [{"title": "T", "description": "D", "url": "http://a.invalid", "image": "http://a.invalid/p.png"}])))
check("message.send_mp_articles", lambda: ok(app.message.send_mp_articles(AGENT, "lin.mei", [{"thumb_media_id": media, "author": "A", "title": "T", "content": "C", "content_source_url": "", "digest": "", "show_cover_pic": 0}])))
check("message.send_markdown", lambda: ok(app.message.send_markdown(AGENT, "lin.mei", "**x**")))
check("jsapi.get_ticket", lambda: app.jsapi.get_ticket())
check("jsapi.get_agent_ticket", lambda: app.jsapi.get_agent_ticket())
check("oauth.get_user_info", lambda: ok(app.oauth.get_user_info(control("oauth/login", {"userid": "lin.mei"})["code"]))["UserId"])


def appchat():
    chat = app.appchat.create(chat_id="c1", name="群", owner="lin.mei", user_list=["lin.mei", "wang.wei"])["chatid"]
    app.appchat.update(chat, name="新群", add_user_list=["zhao.min"], del_user_list=["wang.wei"])
    assert len(app.appchat.get(chat)["userlist"]) == 2
    app.appchat.send_text(chat, "大家好")
    app.appchat.send(chat, "markdown", content="**x**")


check("appchat.*", appchat)
now = int(time.time())


def calendar():
    cal = app.calendar.add("lin.mei", "日历", "#FF3030", description="d", shares=["wang.wei"])
    app.calendar.update(cal, "日历二", "#FF3030")
    app.calendar.get([cal])
    schedule = app.schedule.add("lin.mei", now + 3600, now + 7200, attendees=["wang.wei"], summary="会", description="d", location="x", calendar_id=cal, remind_before_event_secs=300, is_remind=True, is_repeat=False)
    app.schedule.get([schedule])
    app.schedule.get_by_calendar(cal)
    app.schedule.delete(schedule)
    app.calendar.delete(cal)


check("calendar.*, schedule.*", calendar)

ec = contact.external_contact
check("external_contact.get_follow_user_list", lambda: ok(ec.get_follow_user_list()))
check("external_contact.list", lambda: ok(ec.list("lin.mei")))
check("external_contact.get", lambda: ok(ec.get(CUSTOMER)))
check("external_contact.batch_get_by_user", lambda: ok(ec.batch_get_by_user("lin.mei")))
check("external_contact.gen_all_by_user", lambda: len(list(ec.gen_all_by_user("lin.mei", 1))) == 2 or 1 / 0)


def ways():
    way = ec.add_contact_way(2, 2, style=1, remark="r", skip_verify=True, state="s", user=["lin.mei", "wang.wei"], party=[3])["config_id"]
    assert ec.get_contact_way(way)["contact_way"]["state"] == "s"
    ec.update_contact_way(way, remark="r2", user=["lin.mei"])
    ec.del_contact_way(way)


def corp_tags():
    group = ec.add_corp_tag(None, "新组", 1, [{"name": "a", "order": 1}, {"name": "b"}])["tag_group"]
    ec.edit_corp_tag(group["tag"][0]["id"], "a2", 3)
    ec.mark_tag("lin.mei", CUSTOMER, add_tag=[group["tag"][0]["id"]])
    ec.mark_tag("lin.mei", CUSTOMER, remove_tag=[group["tag"][0]["id"]])
    ec.del_corp_tag(group_id=[group["group_id"]])


check("external_contact.*_contact_way", ways)
check("external_contact.*_corp_tag, mark_tag", corp_tags)
check("external_contact.get_corp_tag_list", lambda: ok(ec.get_corp_tag_list()))
check("external_contact.add_msg_template", lambda: ok(ec.add_msg_template({"chat_type": "single", "external_userid": [CUSTOMER, OTHER], "sender": "lin.mei", "text": {"content": "hi"}, "image": {"media_id": media}})))
check("external_contact.get_user_behavior_data", lambda: ok(ec.get_user_behavior_data(["lin.mei"], now - 86400 * 2, now - 86400)))
check("external_contact.send_welcome_msg", lambda: ok(ec.send_welcome_msg({"welcome_code": control("contact/add", {"external_userid": "wmNEW", "userid": "lin.mei", "name": "新"})["welcome_code"], "text": {"content": "欢迎"}, "link": {"title": "T", "picurl": "", "desc": "D", "url": "http://a.invalid"}})))
check("external_contact.get_unassigned_list", lambda: ok(ec.get_unassigned_list(0, 100)))
check("external_contact.get_group_chat_list", lambda: ok(ec.get_group_chat_list(owner_filter={"userid_list": ["lin.mei"]}, limit=10)))
check("external_contact.get_group_chat_info", lambda: ok(ec.get_group_chat_info(GROUP)))
check("external_contact_group_chat.list_all", lambda: len(contact.external_contact_group_chat.list_all()) or 1 / 0)
check("external_contact_group_chat.statistic", lambda: ok(contact.external_contact_group_chat.statistic(now - 86400, owner_userid_list=["lin.mei"])))


def welcome_template():
    made = ec.add_group_welcome_template({"text": {"content": "欢迎 %NICKNAME%"}, "link": {"title": "T", "url": "http://a.invalid"}})["template_id"]
    ec.update_group_welcome_template({"text": {"content": "你好"}}, made)
    ec.get_group_welcome_template(made)
    ec.del_group_welcome_template(made)


check("external_contact.*_group_welcome_template", welcome_template)

control("kf/say", {"external_userid": CUSTOMER, "content": "在吗"})
# It has no way to name the account, which the platform demands.
check("kf.sync_msg is refused", refused(60251, lambda: kf.kf.sync_msg("")))
check("kf.get_account_list", lambda: ok(kf.kf.get_account_list()))
check("kf.get_service_state", lambda: ok(kf.kf.get_service_state(KF, CUSTOMER)))
check("kf.servicers", lambda: (kf.kf.add_servicer(KF, ["lin.mei"]), kf.kf.get_servicer_list(KF), kf.kf.del_servicer(KF, ["lin.mei"])))
check("kf.batchget_customer", lambda: len(ok(kf.kf.batchget_customer([CUSTOMER]))["customer_list"]) == 1 or 1 / 0)
check("kf.add_contact_way", lambda: ok(kf.kf.add_contact_way(KF, "scene1")))
check("kf.get_upgrade_service_config", lambda: ok(kf.kf.get_upgrade_service_config()))
check("kf.upgrade_service", lambda: ok(kf.kf.upgrade_service(KF, CUSTOMER, 1, member={"userid": "lin.mei", "wording": "加我"})))
check("kf_message.send_text", lambda: ok(kf.kf_message.send_text(CUSTOMER, KF, "在", msgid="M1")))
check("kf_message.send_msgmenu", lambda: ok(kf.kf_message.send_msgmenu(CUSTOMER, KF, "满意吗", [{"type": "click", "click": {"id": "1", "content": "满意"}}], "谢谢")))
# These two put the payload under a wrong name.
check("kf_message.send_location is refused", refused(40063, lambda: kf.kf_message.send_location(CUSTOMER, KF, "n", "a", 31.2, 121.4)))
check("kf_message.send_articles_link is refused", refused(40008, lambda: kf.kf_message.send_articles_link(CUSTOMER, KF, {"title": "T", "desc": "D", "url": "http://a.invalid", "thumb_media_id": media})))
check("kf.send_msg_on_event", lambda: ok(kf.kf.send_msg_on_event(control("kf/enter", {"external_userid": OTHER})["welcome_code"], "text", {"text": {"content": "欢迎"}})))
check("kf.trans_service_state", lambda: ok(kf.kf.trans_service_state(KF, CUSTOMER, 3, "zhao.min")))

crypto = WeChatCrypto(TOKEN, AES_KEY, CORP)
heard = []


def answer(query, body):
    if "echostr" in query:
        return crypto.check_signature(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])
    plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    message = parse_message(plain)
    heard.append(message)
    if message is None or message.type not in ("text", "image", "event"):
        return "success"
    return crypto.encrypt_message(create_reply(f"回：{message.type}", message).render(), query["nonce"], query["timestamp"])


url = receive(answer)
receiver("app", "app", url, agent_id=AGENT)
receiver("contact", "contact", url)
receiver("kf", "kf", url)
check("callback: URL verification", lambda: control("receivers/verify", {"name": "app"})["ok"] or 1 / 0)
check("callback: text, passive reply", lambda: "回：text" in str(control("app/say", {"userid": "lin.mei", "content": "x"})["reply"]) or 1 / 0)
check("callback: image", lambda: control("app/say", {"userid": "lin.mei", "msgtype": "image", "payload": {"MediaId": media, "PicUrl": "http://a.invalid"}}) and heard[-1].media_id == media or 1 / 0)
check("callback: click", lambda: control("app/event", {"userid": "lin.mei", "event": "click", "event_key": "K"}) and heard[-1].key == "K" or 1 / 0)
check("callback: customer added", lambda: control("contact/add", {"external_userid": "wmN2", "userid": "lin.mei", "state": "s"})["http_status"] == 200 or 1 / 0)
check("callback: kf", lambda: control("kf/say", {"external_userid": CUSTOMER, "content": "y"})["http_status"] == 200 or 1 / 0)
round_.end()
