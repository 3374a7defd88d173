"""Three Python SDKs of the long connection: wecom-aibot-sdk 1.0.8, wecom-aibot-python-sdk 1.0.2,
wecom-aibot-sdk-python 0.1.7; the one that is installed is run."""

import logging
from importlib import metadata

from kit import *

logging.disable(logging.CRITICAL)
WS = MOCK.replace("http", "ws") + "/"
NAMES = {"wecom-aibot-sdk": "wecom_aibot_sdk", "wecom-aibot-python-sdk": "aibot", "wecom-aibot-sdk-python": "wecom_aibot_sdk"}


def installed():
    for name, package in NAMES.items():
        try:
            return name, metadata.version(name), __import__(package)
        except metadata.PackageNotFoundError:
            continue
    raise SystemExit("no SDK is installed")


name, version, sdk = installed()
if name == "wecom-aibot-python-sdk":
    # It always hands a TLS context to the socket, which a plain ws:// address refuses.
    import websockets

    plain = websockets.connect

    def connect_plainly(uri, *more, ssl=None, **named):
        return plain(uri, *more, **named)

    websockets.connect = sdk.ws.websockets.connect = connect_plainly
round_ = Round(f"{name} {version}")
check = round_.check
if name == "wecom-aibot-sdk":
    client = sdk.WSClient("sample-bot", "sample-bot-secret", ws_url=WS, heartbeat_interval=300)
else:
    options = getattr(sdk, "WSClientOptions", None) or __import__(f"{NAMES[name]}.types", fromlist=["x"]).WSClientOptions
    client = sdk.WSClient(options(bot_id="sample-bot", secret="sample-bot-secret", ws_url=WS))


def once(event):
    future = round_.loop.create_future()

    def heard(*frames):
        if not future.done():
            future.set_result(frames[0] if frames else None)

    client.on(event, heard)
    return asyncio.wait_for(future, 5)


def value(frame, *names):
    for name in names:
        frame = frame[name] if isinstance(frame, dict) else getattr(frame, name)
    return frame


async def connect():
    ready = once("authenticated")
    pending = client.connect()
    if inspect.isawaitable(pending):
        await pending
    await ready


async def turn(event, answer, path="aibot/say", **body):
    heard = once(event)
    said = asyncio.to_thread(control, path, {"receiver": "sample-bot", "userid": "lin.mei", **body})
    said = asyncio.ensure_future(said)
    frame = await heard
    await answer(frame)
    return await said


async def stream():
    async def answer(frame):
        assert value(frame, "body", "text", "content") == "库存"
        await client.reply_stream(frame, "S1", "查询中", False)
        await client.reply_stream(frame, "S1", "还有 3 件", True)

    said = await turn("message.text", answer, content="库存", follow=True)
    assert "还有 3 件" in str(said["reply"]) or "查询中" in str(said["reply"]), said


async def welcome():
    async def answer(frame):
        await client.reply_welcome(frame, {"msgtype": "text", "text": {"content": "欢迎"}})

    await turn("event.enter_chat", answer, path="aibot/event", eventtype="enter_chat")


async def card():
    body = {"card_type": "button_interaction", "main_title": {"title": "批准？"}, "button_list": [{"text": "是", "style": 1, "key": "yes"}], "task_id": "t-" + version.replace(".", "_")}

    async def answer(frame):
        if name == "wecom-aibot-sdk-python":
            await client.reply(frame, {"msgtype": "template_card", "template_card": body})
        else:
            await client.reply_template_card(frame, body)

    await turn("message.text", answer, content="审批")


async def picture():
    control("media", {"kind": "image", "media_id": "IN_1", "filename": "in.png", "text": "hello, picture"})

    async def answer(frame):
        got = await client.download_file(value(frame, "body", "image", "url"), value(frame, "body", "image", "aeskey"))
        data = got["buffer"] if isinstance(got, dict) else got[0] if isinstance(got, tuple) else got
        assert bytes(data) == b"hello, picture", data
        await client.reply_stream(frame, "S9", "收到图片", True)

    await turn("message.image", answer, msgtype="image", payload={"media_id": "IN_1"})


check("subscribe", connect)
check("text, streamed answer", stream)
check("enter_chat, welcome", welcome)
check("card", card)
check("image message, download and decrypt", picture)
check("push markdown", lambda: client.send_message("lin.mei", {"msgtype": "markdown", "markdown": {"content": "**提醒**"}}))
if name == "wecom-aibot-sdk":
    check("upload_media", lambda: client.upload_media(PNG, type="image", filename="dot.png"))
round_.end()
