import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/**
 * A mock-wecom for a test class, and a small client of its control API.
 *
 * <p>Needs Java 17 and no library. MOCK_WECOM names the program (default: the one in PATH);
 * MOCK_WECOM_URL uses a mock that is already running, such as a container.
 */
final class MockWecom implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final Process program;
    final String baseUrl;

    private MockWecom(Process program, String baseUrl) {
        this.program = program;
        this.baseUrl = baseUrl;
    }

    static MockWecom start() throws IOException {
        String running = System.getenv("MOCK_WECOM_URL");
        if (running != null) {
            return new MockWecom(null, running);
        }
        String path = System.getenv().getOrDefault("MOCK_WECOM", "mock-wecom");
        Process program = new ProcessBuilder(path, "serve", "--listen", "127.0.0.1:0")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var lines = new BufferedReader(new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8));
        // The first line reads "mock-wecom listening on http://127.0.0.1:PORT".
        String line = lines.readLine();
        return new MockWecom(program, line.substring(line.lastIndexOf(' ') + 1));
    }

    /** Posts JSON to /mock/PATH, or gets it when the body is null; answers the JSON. */
    String call(String path, String body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(baseUrl + "/mock/" + path));
        if (body != null) {
            request.POST(HttpRequest.BodyPublishers.ofString(body));
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new AssertionError(answer.body());
        }
        return answer.body();
    }

    /** Fails, with what came closest, unless the journal meets the expectation in time. */
    void expect(String expectation) throws IOException, InterruptedException {
        call("journal/assert", expectation);
    }

    @Override
    public void close() {
        if (program != null) {
            program.destroy();
        }
    }
}
