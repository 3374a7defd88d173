import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BotTest {
    private static final String CUSTOMER = "wmSAMPLE00000000000000000000001";
    private static final String KF = "wkSAMPLE00000000000000000000001";
    private static MockWecom mock;

    @BeforeAll
    static void start() throws Exception {
        mock = MockWecom.start();
    }

    @AfterAll
    static void stop() {
        mock.close();
    }

    @BeforeEach
    void reset() throws Exception {
        mock.call("reset", "{}");
    }

    /** Stands for your bot: point its base URL at the mock instead of qyapi.weixin.qq.com. */
    private static String send(String text) throws Exception {
        var http = HttpClient.newHttpClient();
        var url = mock.baseUrl + "/cgi-bin/gettoken?corpid=ww0000000000000001&corpsecret=kf-secret";
        var answer = http.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).body();
        var token = answer.replaceAll(".*\"access_token\":\"([^\"]*)\".*", "$1");
        var body = """
            {"touser": "%s", "open_kfid": "%s", "msgtype": "text", "text": {"content": "%s"}}""".formatted(CUSTOMER, KF, text);
        url = mock.baseUrl + "/cgi-bin/kf/send_msg?access_token=" + token;
        var request = HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.ofString(body)).build();
        return http.send(request, BodyHandlers.ofString()).body();
    }

    @Test
    void theCustomerGetsAnAnswer() throws Exception {
        mock.call("kf/say", "{\"external_userid\": \"%s\", \"content\": \"价格表\"}".formatted(CUSTOMER));
        assertTrue(send("这是价格表").contains("\"errcode\":0"));
        mock.expect("""
            {"kind": "call", "path": "kf/send_msg", "count": 1, "wait_ms": 5000,
             "body": {"text": {"content": {"$contains": "价格"}}}}""");
    }

    @Test
    void aBusyPlatform() throws Exception {
        mock.call("kf/say", "{\"external_userid\": \"%s\", \"content\": \"在吗\"}".formatted(CUSTOMER));
        mock.call("faults", "{\"path\": \"kf/send_msg\", \"action\": \"errcode\", \"code\": 45009}");
        assertTrue(send("您好").contains("\"errcode\":45009"));
        assertTrue(send("您好").contains("\"errcode\":0"));
    }
}
