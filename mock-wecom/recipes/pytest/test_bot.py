import json
import urllib.request

CUSTOMER = "wmSAMPLE00000000000000000000001"
KF = "wkSAMPLE00000000000000000000001"


def send(base_url, text):
    """Stands for your bot: point its base URL at the mock instead of qyapi.weixin.qq.com."""
    url = f"{base_url}/cgi-bin/gettoken?corpid=ww0000000000000001&corpsecret=kf-secret"
    token = json.load(urllib.request.urlopen(url))["access_token"]
    body = {"touser": CUSTOMER, "open_kfid": KF, "msgtype": "text", "text": {"content": text}}
    url = f"{base_url}/cgi-bin/kf/send_msg?access_token={token}"
    return json.load(urllib.request.urlopen(url, json.dumps(body).encode()))


def test_the_customer_gets_an_answer(mock):
    mock("kf/say", {"external_userid": CUSTOMER, "content": "价格表"})
    assert send(mock.base_url, "这是价格表")["errcode"] == 0
    mock.expect("kf/send_msg", {"touser": CUSTOMER, "text": {"content": {"$contains": "价格"}}}, count=1)
    assert mock(f"chat?external_userid={CUSTOMER}")[-1]["text"] == "这是价格表"


def test_a_busy_platform(mock):
    mock("kf/say", {"external_userid": CUSTOMER, "content": "在吗"})
    mock("faults", {"path": "kf/send_msg", "action": "errcode", "code": 45009})
    assert send(mock.base_url, "您好")["errcode"] == 45009
    assert send(mock.base_url, "您好")["errcode"] == 0


def test_after_48_hours_nothing_can_be_sent(mock):
    mock("kf/say", {"external_userid": CUSTOMER, "content": "在吗"})
    mock("clock", {"advance_secs": 48 * 3600})
    assert send(mock.base_url, "您好")["errcode"] == 95002
