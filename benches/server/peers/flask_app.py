"""The usual callback in Python: Flask with wechatpy, which keeps nothing."""

import sys

from flask import Flask, request
from wechatpy.work import parse_message
from wechatpy.work.crypto import WeChatCrypto

TOKEN, KEY, CORP = "TestToken01", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "ww0000000000000001"
app = Flask(__name__)
crypto = WeChatCrypto(TOKEN, KEY, CORP)


@app.post("/callback/<name>")
def callback(name):
    query = request.args
    plain = crypto.decrypt_message(
        request.data, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    message = parse_message(plain)
    return ("", 200) if message.content else ("", 400)


if __name__ == "__main__":
    sys.exit("run by gunicorn")
