"""weworkapi 0.1.7, Tencent's own Python sample: `CorpApi` and `WXBizMsgCrypt3`."""

from kit import *
from weworkapi.CorpApi import CORP_API_TYPE as API
from weworkapi.CorpApi import CorpApi
from weworkapi.WXBizMsgCrypt3 import WXBizMsgCrypt

redirect_requests()
round_ = Round("weworkapi 0.1.7")
check = round_.check
app, book = CorpApi(CORP, "app-secret"), CorpApi(CORP, "book-secret")
check("MESSAGE_SEND", lambda: app.httpCall(API["MESSAGE_SEND"], {"touser": "lin.mei", "agentid": AGENT, "msgtype": "text", "text": {"content": "你好"}, "safe": 0}))
check("USER_GET", lambda: app.httpCall(API["USER_GET"], {"userid": "lin.mei"}))
check("USER_LIST", lambda: app.httpCall(API["USER_LIST"], {"department_id": "1", "fetch_child": "1"}))
check("USER_CREATE, UPDATE, DELETE", lambda: (book.httpCall(API["USER_CREATE"], {"userid": "n1", "name": "新", "department": [1], "mobile": "13800000001"}), book.httpCall(API["USER_UPDATE"], {"userid": "n1", "name": "旧"}), book.httpCall(API["USER_DELETE"], {"userid": "n1"})))
check("DEPARTMENT_*", lambda: book.httpCall(API["DEPARTMENT_DELETE"], {"id": str(book.httpCall(API["DEPARTMENT_CREATE"], {"name": "新", "parentid": 1})["id"])}))
check("TAG_*", lambda: book.httpCall(API["TAG_DELETE"], {"tagid": str(book.httpCall(API["TAG_CREATE"], {"tagname": "新"})["tagid"])}))
check("USERID_TO_OPENID and back", lambda: app.httpCall(API["OPENID_TO_USERID"], {"openid": app.httpCall(API["USERID_TO_OPENID"], {"userid": "lin.mei"})["openid"]}))
check("AGENT_GET, AGENT_GET_LIST", lambda: (app.httpCall(API["AGENT_GET"], {"agentid": str(AGENT)}), app.httpCall(API["AGENT_GET_LIST"])))
check("APP_CHAT_CREATE, SEND", lambda: app.httpCall(API["APP_CHAT_SEND"], {"chatid": app.httpCall(API["APP_CHAT_CREATE"], {"name": "群", "userlist": ["lin.mei", "wang.wei"]})["chatid"], "msgtype": "text", "text": {"content": "x"}}))
check("GET_USER_INFO_BY_CODE", lambda: app.httpCall(API["GET_USER_INFO_BY_CODE"], {"code": control("oauth/login", {"userid": "lin.mei"})["code"]}))
control("tokens/revoke", {})
check("a token revoked by another instance", lambda: app.httpCall(API["USER_GET"], {"userid": "lin.mei"}))


def answer(query, body):
    crypt = WXBizMsgCrypt(TOKEN, AES_KEY, CORP)
    if "echostr" in query:
        code, echo = crypt.VerifyURL(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"])
        assert code == 0, code
        return echo.decode()
    code, plain = crypt.DecryptMsg(body, query["msg_signature"], query["timestamp"], query["nonce"])
    assert code == 0, code
    reply = f"<xml><ToUserName><![CDATA[lin.mei]]></ToUserName><FromUserName><![CDATA[{CORP}]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{len(plain)}]]></Content></xml>"
    code, sealed = crypt.EncryptMsg(reply, query["nonce"], query["timestamp"])
    assert code == 0, code
    return sealed


receiver("app", "app", receive(answer), agent_id=AGENT)
check("callback: URL verification", lambda: control("receivers/verify", {"name": "app"})["ok"] or 1 / 0)
check("callback: text, passive reply", lambda: "'MsgType': 'text'" in str(control("app/say", {"userid": "lin.mei", "content": "在吗"})["reply"]) or 1 / 0)
round_.end()
