"""Small clients of apps: corpwechatbot 0.6.4, wecomkit 0.2.0, wecom-sdk 1.0.0, wecom-sdk-py 0.1.0;
whichever is installed is run."""

from importlib.util import find_spec

from kit import *

if find_spec("corpwechatbot"):
    from corpwechatbot.app import AppMsgSender
    from corpwechatbot.chatbot import CorpWechatBot

    from corpwechatbot.app import TOKEN_PATH

    # It keeps its token in its own folder, also when the platform behind it is another.
    TOKEN_PATH.unlink(missing_ok=True)
    round_ = Round("corpwechatbot 0.6.4")
    check = round_.check
    redirect_requests()
    app = AppMsgSender(CORP, "app-secret", str(AGENT), log_level=40)
    everybody = {"touser": ["lin.mei", "wang.wei"]}
    check("app text", lambda: ok(app.send_text("你好", **everybody)))
    check("app image", lambda: ok(app.send_image(file("dot.png", PNG), **everybody)))
    check("app voice", lambda: ok(app.send_voice(file("v.amr", AMR), **everybody)))
    check("app file", lambda: ok(app.send_file(file("f.txt", b"hello, file"), **everybody)))
    check("app news", lambda: ok(app.send_news("T", "D", "http://a.invalid", "http://a.invalid/p.png", **everybody)))
    check("app mpnews", lambda: ok(app.send_mpnews("T", file("dot.png", PNG), "C", "A", "", "", **everybody)))
    check("app markdown", lambda: ok(app.send_markdown("**x**", **everybody)))
    check("app card", lambda: ok(app.send_card("T", "D", "http://a.invalid", "详情", **everybody)))
    bot = CorpWechatBot(key=ROBOT, log_level=40)
    check("robot text", lambda: ok(bot.send_text("你好")))
    check("robot image", lambda: ok(bot.send_image(file("dot.png", PNG))))
    check("robot news", lambda: ok(bot.send_news("T", "D", "http://a.invalid", "")))
    check("robot markdown", lambda: ok(bot.send_markdown("**x**")))
    check("robot file", lambda: ok(bot.send_file(file("f.txt", b"hello, file"))))
elif find_spec("wecomkit"):
    from wecomkit.client import AsyncWeComClient
    from wecomkit.config import WeComConfig

    round_ = Round("wecomkit 0.2.0")
    check = round_.check
    app = AsyncWeComClient(WeComConfig(CORP, "app-secret", base_url=MOCK))
    book = AsyncWeComClient(WeComConfig(CORP, "book-secret", base_url=MOCK))
    check("messages.send_text", lambda: app.messages.send_text(AGENT, "你好", to_user="lin.mei"))
    check("messages.send_markdown", lambda: app.messages.send_markdown(AGENT, "**x**", to_user="lin.mei"))
    check("messages.send_textcard", lambda: app.messages.send_textcard(AGENT, "T", "D", "http://a.invalid", to_user="lin.mei"))
    check("messages.send_news", lambda: app.messages.send_news(AGENT, [{"title": "T", "url": "http://a.invalid"}], to_user="lin.mei"))
    check("users.get", lambda: app.users.get("lin.mei"))
    check("users.list_by_department", lambda: app.users.list_by_department(1, fetch_child=True))
    check("users.simple_list_by_department", lambda: app.users.simple_list_by_department(2))
    check("users.list_id", lambda: book.users.list_id(limit=10))

    async def people():
        await book.users.create("n1", "新", [2], mobile="13800000002")
        await book.users.update("n1", name="旧")
        await book.users.batch_delete(["n1"])

    check("users.create, update, batch_delete", people)
    check("departments.create", lambda: book.departments.create("新", 1))
    check("agent", lambda: app.agent.get(AGENT) if hasattr(app.agent, "get") else app.agent.list())
elif find_spec("wecom_sdk.modules"):
    from wecom_sdk import Wecom

    round_ = Round("wecom-sdk 1.0.0")
    check = round_.check
    redirect_httpx()
    app = Wecom(CORP, "app-secret")
    check("get_departments", lambda: app.get_departments())
    check("get_user", lambda: app.get_user("lin.mei"))
    check("get_user_in_department", lambda: app.get_user_in_department(2))
else:
    from wecom_sdk.contact.client import WecomContactAPIClient

    round_ = Round("wecom-sdk-py 0.1.0")
    check = round_.check
    redirect_requests()
    app = WecomContactAPIClient(CORP, "book-secret")
    check("get_user", lambda: app.get_user("lin.mei"))
    check("get_user_simple_list", lambda: app.get_user_simple_list(1))
    check("get_user_list", lambda: app.get_user_list(1))
    check("get_tag_list", lambda: app.get_tag_list())
    check("create_user", lambda: app.create_user("n1", "新", department=[1], mobile="13800000003"))
round_.end()
