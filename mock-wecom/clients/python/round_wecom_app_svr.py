"""wecom-app-svr 0.1.0: a Flask server for an app's callbacks."""

import logging

from kit import *
from wecom_app_svr import RspTextMsg, WecomAppServer

logging.getLogger("werkzeug").disabled = True
round_ = Round("wecom-app-svr 0.1.0")
check = round_.check
port = free_port()


def answer(message):
    reply = RspTextMsg()
    reply.content = f"收到 {message.msg_type}"
    return reply


server = WecomAppServer("app", "127.0.0.1", port, "/callback", token=TOKEN, aes_key=AES_KEY, corp_id=CORP)
server.set_message_handler(answer)
server.set_event_handler(answer)
threading.Thread(target=server.run, daemon=True).start()
receiver("app", "app", f"http://127.0.0.1:{port}/callback", agent_id=AGENT)
until_verified("app")
check("callback: URL verification", lambda: control("receivers/verify", {"name": "app"})["ok"] or 1 / 0)
check("callback: text, passive reply", lambda: "收到 text" in str(control("app/say", {"userid": "lin.mei", "content": "x"})["reply"]) or 1 / 0)
check("callback: image", lambda: "收到 image" in str(control("app/say", {"userid": "lin.mei", "msgtype": "image", "payload": {"MediaId": "M", "PicUrl": "http://a.invalid"}})["reply"]) or 1 / 0)
# Its events want a MsgId, which the platform's events do not have: a 500, repeated three times.
check("callback: an event is repeated three times", lambda: control("app/event", {"userid": "lin.mei", "event": "enter_agent", "event_key": ""})["attempts"] == 4 or 1 / 0)
round_.end()
