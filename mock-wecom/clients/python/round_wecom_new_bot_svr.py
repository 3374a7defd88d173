"""wecom-new-bot-svr 0.1.3: a Flask server for an intelligent bot in URL mode."""

import logging

from kit import *
from wecom_new_bot_svr import RspStreamMsg, RspTemplateCardMsg, RspTextMsg, RspUpdateTemplateCardMsg, WecomNewBotServer

# Its codec, wx-crypt 0.0.3, cannot encrypt a text; as bytes it can.
import wecom_new_bot_svr.app as inner

plain = inner.WXBizMsgCrypt.EncryptMsg
inner.WXBizMsgCrypt.EncryptMsg = lambda self, text, *more: plain(self, text.encode() if isinstance(text, str) else text, *more)
logging.getLogger("werkzeug").disabled = True
round_ = Round("wecom-new-bot-svr 0.1.3")
check = round_.check
port = free_port()
CARD = {"card_type": "button_interaction", "main_title": {"title": "批准？"}, "task_id": "t1", "button_list": [{"text": "是", "key": "yes"}]}
turns = iter(range(100))


def on_message(message):
    if message.msg_type == "stream":
        return RspStreamMsg(message.stream_id, "还有 3 件", finish=True)
    if "卡片" in message.content:
        return RspTemplateCardMsg(CARD)
    return RspStreamMsg(f"S{next(turns)}", "查询中", finish=False)


def on_event(message):
    if message.eventtype == "enter_chat":
        return RspTextMsg("欢迎")
    return RspUpdateTemplateCardMsg({**CARD, "main_title": {"title": "已批准"}})


server = WecomNewBotServer("bot", "127.0.0.1", port, "/callback", token=TOKEN, aes_key=AES_KEY)
server.set_message_handler(on_message)
server.set_event_handler(on_event)
threading.Thread(target=server.run, daemon=True).start()
receiver("bot", "aibot", f"http://127.0.0.1:{port}/callback")
until_verified("bot")
check("URL verification", lambda: control("receivers/verify", {"name": "bot"})["ok"] or 1 / 0)
check("text, stream to its end", lambda: control("aibot/say", {"receiver": "bot", "userid": "lin.mei", "content": "库存", "follow": True})["reply"]["stream"]["content"] == "还有 3 件" or 1 / 0)
check("in a group", lambda: control("aibot/say", {"receiver": "bot", "userid": "lin.mei", "chatid": "C1", "content": "@bot 卡片"})["reply"]["msgtype"] == "template_card" or 1 / 0)
check("enter_chat", lambda: control("aibot/event", {"receiver": "bot", "userid": "lin.mei", "eventtype": "enter_chat"})["reply"]["text"]["content"] == "欢迎" or 1 / 0)
check("card click, update", lambda: control("aibot/event", {"receiver": "bot", "userid": "lin.mei", "eventtype": "template_card_event", "payload": {"card_type": "button_interaction", "event_key": "yes", "task_id": "t1", "selected_items": {"selected_item": []}}})["reply"]["response_type"] == "update_template_card" or 1 / 0)
round_.end()
