import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import net.minidev.json.JSONObject;

/** The world that e2e/run made for its clients, and where they report to. */
final class World {
  private final JSONObject world;

  World() throws Exception {
    world = JSONObjectUtils.parse(Files.readString(Path.of(System.getenv("E2E_WORLD"))));
  }

  JSONObject client(String name) throws Exception {
    return JSONObjectUtils.getJSONObject(JSONObjectUtils.getJSONObject(world, "clients"), name);
  }

  String user(String member) throws Exception {
    return JSONObjectUtils.getString(JSONObjectUtils.getJSONObject(world, "user"), member);
  }

  String fullIssuer() throws Exception {
    return JSONObjectUtils.getString(JSONObjectUtils.getJSONObject(world, "full"), "issuer");
  }

  /** A field of a form that somebody posted to that name, once they did. */
  String posted(String name, String field) throws Exception {
    var outside = JSONObjectUtils.getString(world, "outside");
    var answer = new HTTPRequest(HTTPRequest.Method.GET, URI.create(outside + "/post/" + name)).send();
    return JSONObjectUtils.getString(answer.getBodyAsJSONObject(), field);
  }

  /** Lets anybody fetch that text at that address, which is one outside. */
  void host(URI address, String text) throws Exception {
    var request = new HTTPRequest(HTTPRequest.Method.PUT, address);
    request.setBody(text);
    request.send().ensureStatusCode(200);
  }

  /** Lets a person's browser open an address; returns the one starting with `until` it reaches. */
  URI walk(String browser, URI address, URI until, String decision) throws Exception {
    var outside = JSONObjectUtils.getString(world, "outside");
    var request = new HTTPRequest(HTTPRequest.Method.POST, URI.create(outside + "/walk"));
    var asked = Map.of(
        "browser", browser, "url", address.toString(), "until", until.toString(), "decision", decision);
    request.setBody(new JSONObject(asked).toJSONString());
    var answer = request.send().getBodyAsJSONObject();
    if (answer.containsKey("error")) throw new IOException(answer.get("error").toString());
    return URI.create(answer.get("url").toString());
  }

  @FunctionalInterface
  interface Flow {
    void walk() throws Exception;
  }

  /** Runs flows one after another and notes what came of each; returns the exit status. */
  static int run(String client, Map<String, Flow> flows) throws IOException {
    var results = Path.of(System.getenv("E2E_RESULTS"));
    var status = 0;
    for (var flow : flows.entrySet()) {
      var began = System.nanoTime();
      String why = null;
      try {
        flow.getValue().walk();
      } catch (Exception | AssertionError fault) {
        var trace = new StringWriter();
        fault.printStackTrace(new PrintWriter(trace));
        why = trace.toString();
        status = 1;
      }
      var milliseconds = (System.nanoTime() - began) / 1_000_000;
      var result = new JSONObject();
      result.put("client", client);
      result.put("flow", flow.getKey());
      result.put("ok", why == null);
      result.put("milliseconds", milliseconds);
      result.put("why", why);
      Files.writeString(results, result.toJSONString() + "\n",
          StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      var verdict = why == null ? "ok  " : "FAIL";
      System.out.printf("  %s  %s: %s (%d ms)%n", verdict, client, flow.getKey(), milliseconds);
      if (why != null) System.out.println(why);
    }
    return status;
  }
}
