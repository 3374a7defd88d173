"""wecom-crm-mcp 0.1.0: httpx, the whole of 客户联系."""

import time

from kit import *
from wecom_crm_mcp.client import WecomClient
from wecom_crm_mcp.config import WecomConfig
from wecom_crm_mcp.modules import acquisition, contact_way, customer, group_chat, misc, moment, msg_template, statistics, tag, transfer_active, transfer_resigned
from wecom_crm_mcp.modules import media as media_module

round_ = Round("wecom-crm-mcp 0.1.0")
check = round_.check
client = WecomClient(WecomConfig(CORP, "contact-secret", base_url=MOCK, cache_dir=FOLDER))


def module(source):
    kinds = [kind for name, kind in vars(source).items() if inspect.isclass(kind) and kind.__module__ == source.__name__]
    return kinds[0](client)


now = int(time.time())
people, tags, groups, ways = module(customer), module(tag), module(group_chat), module(contact_way)
check("gettoken", lambda: client.get_access_token())
check("customer.list_followers", people.list_followers)
check("customer.list", lambda: people.list("lin.mei"))
check("customer.get", lambda: people.get(CUSTOMER))
check("customer.batch_get", lambda: people.batch_get(["lin.mei", "wang.wei"], limit=1))
check("customer.remark", lambda: people.remark("lin.mei", CUSTOMER, remark="老客户", description="d", remark_company="c", remark_mobiles=["13800000000"]))


async def corp_tags():
    group = (await tags.add_corp_tag(group_name="新组", tag=[{"name": "a"}]))["tag_group"]
    await tags.edit_corp_tag(group["tag"][0]["id"], name="b", order=2)
    await tags.mark_tag("lin.mei", CUSTOMER, add_tag=[group["tag"][0]["id"]])
    await tags.list_corp_tags()
    await tags.del_corp_tag(group_id=[group["group_id"]])


check("tag.*", corp_tags)
check("group_chat.list", lambda: groups.list_groupchats(owner_filter={"userid_list": ["lin.mei"]}))
check("group_chat.get", lambda: groups.get_groupchat(GROUP))


async def contact_ways():
    way = (await ways.add_contact_way(1, 2, style=1, remark="r", skip_verify=False, state="s", user=["lin.mei"]))["config_id"]
    await ways.get_contact_way(way)
    assert (await ways.list_contact_way(start_time=now - 3600, end_time=now + 3600))["contact_way"]
    await ways.update_contact_way(way, remark="r2")
    await ways.del_contact_way(way)


async def join_ways():
    way = (await ways.groupchat_add_join_way(scene=2, chat_id_list=[GROUP], state="s"))["config_id"]
    await ways.groupchat_get_join_way(way)
    await ways.groupchat_update_join_way(way, scene=2, chat_id_list=[GROUP], remark="r")
    await ways.groupchat_del_join_way(way)


check("contact_way.*", contact_ways)
check("join_way.*", join_ways)
check("contact_way.close_temp_chat", lambda: ways.close_temp_chat("lin.mei", CUSTOMER))

uploads = module(media_module)
dot = file("dot.png", PNG)
media = check("media.upload", lambda: uploads.upload(dot))["media_id"]
attached = check("media.upload_attachment", lambda: uploads.upload_attachment(dot, media_type="image", attachment_type=1))["media_id"]
product_picture = check("media.upload_attachment for a product", lambda: uploads.upload_attachment(dot, media_type="image", attachment_type=2))["media_id"]

mass = module(msg_template)


async def sending():
    task = (await mass.add_msg_template("single", external_userid=[CUSTOMER, OTHER], sender="lin.mei", text={"content": "hi"}, attachments=[{"msgtype": "image", "image": {"media_id": media}}]))["msgid"]
    assert (await mass.get_groupmsg_task(task))["task_list"][0]["status"] == 0
    control("mass/confirm", {"msgid": task, "userid": "lin.mei"})
    assert (await mass.get_groupmsg_task(task))["task_list"][0]["status"] == 2
    assert len((await mass.get_groupmsg_send_result(task, "lin.mei"))["send_list"]) == 2
    assert (await mass.get_groupmsg_list_v2("single", now - 3600, now + 3600))["group_msg_list"]


async def sending_to_groups():
    task = (await mass.add_msg_template("group", sender="lin.mei", text={"content": "hi"}))["msgid"]
    control("mass/confirm", {"msgid": task, "userid": "lin.mei"})
    assert (await mass.get_groupmsg_send_result(task, "lin.mei"))["send_list"][0]["chat_id"] == GROUP


check("msg_template to customers", sending)
check("msg_template to groups", sending_to_groups)
check("msg_template.send_welcome_msg", lambda: mass.send_welcome_msg(control("contact/add", {"external_userid": "wmNEW", "userid": "lin.mei"})["welcome_code"], text={"content": "hi"}))

moments = module(moment)


async def moment_task():
    job = (await moments.add_moment_task({"content": "hi"}, [{"msgtype": "image", "image": {"media_id": attached}}], visible_range={"sender_list": {"user_list": ["lin.mei"]}}))["jobid"]
    made = (await moments.get_moment_task_result(job))["result"]["moment_id"]
    control("moment/publish", {"moment_id": made, "userid": "lin.mei"})
    await moments.get_moment_list(now - 3600, now + 3600)
    await moments.get_moment_task(made)
    assert (await moments.get_moment_customer_list(made, "lin.mei"))["customer_list"]
    await moments.cancel_moment_task(made)


check("moment.*", moment_task)
counts = module(statistics)
check("statistics.get_user_behavior_data", lambda: counts.get_user_behavior_data(userid=["lin.mei"], start_time=now - 172800, end_time=now - 86400))
check("statistics.groupchat_statistic", lambda: counts.groupchat_statistic(now - 86400, owner_filter={"userid_list": ["lin.mei"]}))
check("statistics.groupchat_statistic_group_by_day", lambda: counts.groupchat_statistic_group_by_day(now - 172800, now - 86400, owner_filter={"userid_list": ["lin.mei"]}))

active, resigned = module(transfer_active), module(transfer_resigned)
check("transfer_active.transfer_customer", lambda: active.transfer_customer("lin.mei", "wang.wei", [CUSTOMER]))
check("transfer_active.transfer_result", lambda: active.transfer_result("lin.mei", "wang.wei"))
control("member/leave", {"userid": "lin.mei"})
check("transfer_resigned.get_unassigned_list", lambda: resigned.get_unassigned_list())
check("transfer_resigned.resigned_transfer_customer", lambda: resigned.resigned_transfer_customer("lin.mei", "wang.wei", [OTHER]))
check("transfer_resigned.resigned_transfer_result", lambda: resigned.resigned_transfer_result("lin.mei", "wang.wei"))
check("transfer_resigned.groupchat_transfer", lambda: resigned.groupchat_transfer([GROUP], "wang.wei"))

links, rest = module(acquisition), module(misc)


async def acquisition_links():
    await links.list_links(limit=10)
    # The package nests the new link in {"link": …}, which the platform does not; its own caller can:
    made = (await client.post("/cgi-bin/externalcontact/customer_acquisition/create_link", json={"link_name": "n", "range": {"user_list": ["wang.wei"]}}))["link"]["link_id"]
    await links.get_link(made)
    await links.list_customers(made)
    await links.get_statistic(made, now - 172800, now - 86400)
    await links.delete_link(made)


async def products():
    made = (await rest.product_album_add({"description": "茶", "price": 1, "attachments": [{"type": "image", "image": {"media_id": product_picture}}]}))["product_id"]
    await rest.product_album_get(made)
    await rest.product_album_list()
    await rest.product_album_update({"product_id": made, "price": 2})
    await rest.product_album_delete(made)


async def intercept_rules():
    made = (await rest.add_intercept_rule({"rule_name": "n", "word_list": ["w"], "intercept_type": 1, "applicable_range": {"user_list": ["wang.wei"]}}))["rule_id"]
    await rest.list_intercept_rule()
    await rest.get_intercept_rule(made)
    await rest.update_intercept_rule({"rule_id": made, "rule_name": "m"})
    await rest.del_intercept_rule(made)


check("acquisition.*", acquisition_links)
check("misc: products", products)
check("misc: intercept rules", intercept_rules)
round_.end()
