import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseMode;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenIntrospectionSuccessResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.OIDCClaimsRequest;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.claims.ClaimRequirement;
import com.nimbusds.openid.connect.sdk.claims.ClaimsSetRequest;
import java.net.URI;
import java.util.LinkedHashMap;

/** Nimbus's OAuth 2.0 SDK with OIDC, unmodified, through every step a relying party takes. */
public final class RelyingParty {
  private final World world = new World();

  private RelyingParty() throws Exception {}

  private Party party(String name) throws Exception {
    return new Party(world, name);
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) throw new AssertionError(otherwise);
  }

  private static void refuses(String code, World.Flow action) throws Exception {
    try {
      action.walk();
    } catch (Party.Refusal refusal) {
      expect(refusal.getMessage().startsWith(code + ":"), refusal.getMessage());
      return;
    }
    throw new AssertionError("no " + code);
  }

  private void discovery() throws Exception {
    expect(party("basic").metadata.getCodeChallengeMethods().contains(CodeChallengeMethod.S256), "no S256");
  }

  private World.Flow code(String name) {
    return () -> {
      var party = party(name);
      var signedIn = party.signIn();
      party.userinfo(signedIn);
      party.token(new RefreshTokenGrant(signedIn.refreshToken()), null);
    };
  }

  private void formPost() throws Exception {
    party("basic").signIn(new Party.Wish().with(request -> request.responseMode(ResponseMode.FORM_POST)));
  }

  private void claimsParameter() throws Exception {
    var asked = new OIDCClaimsRequest()
        .withIDTokenClaimsRequest(new ClaimsSetRequest().add("email"))
        .withUserInfoClaimsRequest(new ClaimsSetRequest()
            .add(new ClaimsSetRequest.Entry("name").withClaimRequirement(ClaimRequirement.ESSENTIAL)));
    var wish = new Party.Wish().with(request -> request.claims(asked));
    wish.scope = "openid";
    var party = party("basic");
    var signedIn = party.signIn(wish);
    expect(world.user("email").equals(signedIn.claims().getStringClaim("email")), "no email in the ID token");
    var userinfo = party.userinfo(signedIn);
    expect(world.user("name").equals(userinfo.getName()), "no name from userinfo");
    expect(userinfo.getEmailAddress() == null, "an email that nobody asked userinfo for");
  }

  private void userinfo() throws Exception {
    var party = party("basic");
    var claims = party.userinfo(party.signIn());
    expect(world.user("username").equals(claims.getPreferredUsername()), "another user name");
    expect(world.user("email").equals(claims.getEmailAddress()), "another mail address");
  }

  private void refresh() throws Exception {
    var party = party("basic");
    var first = party.signIn();
    var second = party.token(new RefreshTokenGrant(first.refreshToken()), null).getOIDCTokens();
    expect(!second.getRefreshToken().equals(first.refreshToken()), "the same refresh token");
    expect(!second.getAccessToken().equals(first.accessToken()), "the same access token");
  }

  /** Introspection is for clients that can prove who they are, and a resource server is one. */
  private TokenIntrospectionSuccessResponse introspect(AccessToken token) throws Exception {
    var asker = party("resource_server");
    var endpoint = asker.metadata.getIntrospectionEndpointURI();
    var request = new TokenIntrospectionRequest(endpoint, asker.authentication(), token);
    return TokenIntrospectionResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
  }

  private void introspection() throws Exception {
    var party = party("basic");
    var signedIn = party.signIn();
    var alive = introspect(signedIn.accessToken());
    expect(alive.isActive(), "not active");
    expect(alive.getClientID().equals(party.id), "another client");
    expect(alive.getSubject().equals(signedIn.claims().getSubject()), "another subject");
  }

  private void revocation() throws Exception {
    for (var name : new String[] {"basic", "post", "key"}) {
      var party = party(name);
      var signedIn = party.signIn();
      var endpoint = party.metadata.getRevocationEndpointURI();
      var request = new TokenRevocationRequest(endpoint, party.authentication(), signedIn.refreshToken());
      expect(request.toHTTPRequest().send().indicatesSuccess(), "not revoked");
      expect(!introspect(signedIn.accessToken()).isActive(), "the access token lives on");
      refuses("invalid_grant", () -> party.token(new RefreshTokenGrant(signedIn.refreshToken()), null));
    }
  }

  private void clientCredentials() throws Exception {
    var party = party("service");
    var endpoint = party.metadata.getTokenEndpointURI();
    var request = new TokenRequest.Builder(endpoint, party.authentication(), new ClientCredentialsGrant())
        .scope(new Scope("api")).build();
    var answer = TokenResponse.parse(request.toHTTPRequest().send());
    expect(answer.indicatesSuccess(), "refused");
    expect(answer.toSuccessResponse().getTokens().getRefreshToken() == null, "a refresh token for a service");
  }

  private static Party.Wish silently(String browser) {
    var wish = new Party.Wish().with(request -> request.prompt(new Prompt(Prompt.Type.NONE)));
    wish.browser = browser;
    wish.scope = "openid";
    return wish;
  }

  private void promptNone() throws Exception {
    var party = party("basic");
    refuses("login_required", () -> party.signIn(silently("Nimbus, nobody")));
    party.signIn();
    party.signIn(silently(Party.PERSON));
  }

  private void refusedConsent() throws Exception {
    var wish = new Party.Wish().with(request -> request.prompt(new Prompt(Prompt.Type.CONSENT)));
    wish.decision = "deny";
    var party = party("basic");
    refuses("access_denied", () -> party.signIn(wish));
  }

  private void wrongVerifier() throws Exception {
    var wish = new Party.Wish();
    wish.otherVerifier = new CodeVerifier();
    var party = party("basic");
    refuses("invalid_grant", () -> party.signIn(wish));
  }

  private void codeUsedTwice() throws Exception {
    var party = party("basic");
    var first = party.signIn();
    refuses("invalid_grant", () -> party.redeem(first.code(), first.verifier()));
    refuses("invalid_grant", () -> party.token(new RefreshTokenGrant(first.refreshToken()), null));
  }

  private void logout() throws Exception {
    var party = party("basic");
    var wish = new Party.Wish();
    wish.browser = "Nimbus, who leaves";
    var idToken = party.signIn(wish).idToken();
    var state = new State();
    var after = URI.create(party.text("post_logout_redirect_uri"));
    var request = new LogoutRequest(party.metadata.getEndSessionEndpointURI(), idToken, after, state);
    var back = world.walk(wish.browser, request.toURI(), after, wish.decision);
    expect(back.getQuery().equals("state=" + state.getValue()), "came back with " + back.getQuery());
    refuses("login_required", () -> party.signIn(silently(wish.browser)));
  }

  public static void main(String[] arguments) throws Exception {
    var here = new RelyingParty();
    var flows = new LinkedHashMap<String, World.Flow>();
    flows.put("discovery", here::discovery);
    flows.put("code, none", here.code("public"));
    flows.put("code, client_secret_basic", here.code("basic"));
    flows.put("code, client_secret_post", here.code("post"));
    flows.put("code, private_key_jwt", here.code("key"));
    flows.put("code, client_secret_jwt", here.code("secret_jwt"));
    flows.put("ID token PS256", here.code("post"));
    flows.put("ID token ES256", here.code("public"));
    flows.put("form_post", here::formPost);
    flows.put("claims parameter", here::claimsParameter);
    flows.put("userinfo", here::userinfo);
    flows.put("refresh", here::refresh);
    flows.put("introspection", here::introspection);
    flows.put("revocation", here::revocation);
    flows.put("client credentials", here::clientCredentials);
    flows.put("prompt=none", here::promptNone);
    flows.put("refused consent", here::refusedConsent);
    flows.put("wrong verifier", here::wrongVerifier);
    flows.put("code used twice", here::codeUsedTwice);
    flows.put("logout", here::logout);
    new OpenIdFlows(here.world).addTo(flows);
    System.exit(World.run("Nimbus", flows));
  }
}
