"""Senders to group robots: pywgb 1.0.5, apprise 2.2.0, py-wecom-toolkit 4.0.11; whichever is
installed is run."""

from importlib.util import find_spec

from kit import *


def robot(key):
    control("robots", {"key": key, "name": "r"})
    return key


if find_spec("pywgb"):
    from pywgb.bot import FileBot, ImageBot, MarkdownBot, NewsBot, TextBot, VoiceBot

    round_ = Round("pywgb 1.0.5")
    redirect_requests()
    # It only takes keys that look like the platform's.
    key = robot("693aaaa6-7a0c-4bc4-97a0-0ec2b1fa5aaa")
    round_.check("text", lambda: ok(TextBot(key).send("你好", mentioned_list=["@all"], mentioned_mobile_list=["13800000000"])))
    round_.check("markdown", lambda: ok(MarkdownBot(key).send("**x**")))
    round_.check("news", lambda: ok(NewsBot(key).send(articles=[{"title": "T", "description": "D", "url": "http://a.invalid", "picurl": "http://a.invalid/p.png"}])))
    round_.check("image", lambda: ok(ImageBot(key).send(file_path=file("dot.png", PNG))))
    round_.check("file", lambda: ok(FileBot(key).send(file_path=file("f.txt", b"hello, file"))))
elif find_spec("apprise"):
    import apprise

    round_ = Round("apprise 2.2.0")
    redirect_requests()
    robot("botkey-1")
    target = apprise.Apprise()
    target.add("wecombot://botkey-1")
    round_.check("notify", lambda: target.notify(title="T", body="你好") or 1 / 0)
    round_.check("it arrived", lambda: control("journal?path=webhook/send")[0]["errcode"] == 0 or 1 / 0)
else:
    from py_wecom_toolkit.server.material.client import Client as Material
    from py_wecom_toolkit.server.message import msgtype as kinds
    from py_wecom_toolkit.server.message.client import Client as Messages
    from py_wecom_toolkit.webhook.client import Client

    round_ = Round("py-wecom-toolkit 4.0.11")
    check = round_.check
    from py_wecom_toolkit.server.cache import AccessTokenDiskcacheCache

    class Memory:
        def __init__(self):
            self.kept = {}

        def get(self, key):
            return self.kept.get(key)

        def set(self, key, value, ttl):
            self.kept[key] = value

    def good(answer):
        assert answer.ok, answer
        return answer

    hook = Client(ROBOT, base_url=MOCK)
    check("webhook text", lambda: good(hook.send_text("你好", mentioned_list=["@all"])))
    check("webhook markdown, markdown_v2", lambda: (good(hook.send_markdown("**x**")), good(hook.send_markdown_v2("| a |"))))
    check("webhook image", lambda: good(hook.send_image(base64.b64encode(PNG).decode(), __import__("hashlib").md5(PNG).hexdigest())))
    check("webhook upload_media, file", lambda: good(hook.send_file(good(hook.upload_media("file", file("f.txt", b"hello, file"))).media_id)))
    material = Material(CORP, "app-secret", base_url=MOCK, cache=Memory())
    check("media upload", lambda: good(material.upload("image", PNG, filename="dot.png")))
    check("media upload_img", lambda: good(material.upload_img(PNG, filename="dot.png")))
    messages = Messages(CORP, "app-secret", agentid=AGENT, base_url=MOCK, cache=Memory())
    check("message text", lambda: good(messages.send(kinds.TextMessage(agentid=AGENT, touser="lin.mei", text={"content": "你好"}))))
    check("message markdown", lambda: good(messages.send(kinds.MarkdownMessage(agentid=AGENT, touser="lin.mei", markdown={"content": "**x**"}))))
round_.end()
