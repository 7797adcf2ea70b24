import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.ResponseMode;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.client.ClientDeleteRequest;
import com.nimbusds.oauth2.sdk.client.ClientReadRequest;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationResponse;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformationResponse;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientUpdateRequest;
import com.nimbusds.openid.connect.sdk.validators.LogoutTokenValidator;
import java.net.URI;
import java.util.ArrayList;
import java.util.Map;

/** What a server has beyond the code flow: the flows against `profile = "oidc"`. */
final class OpenIdFlows {
  private final World world;

  OpenIdFlows(World world) {
    this.world = world;
  }

  void addTo(Map<String, World.Flow> flows) {
    for (var type : new String[] {"id_token", "id_token token", "code id_token", "code token", "code id_token token"}) {
      flows.put(type, () -> implicit(type, null));
    }
    flows.put("id_token by form_post", () -> implicit("id_token", ResponseMode.FORM_POST));
    flows.put("request object", () -> signIn("signed", this::signed));
    flows.put("request object by reference", () -> signIn("signed", this::byReference));
    flows.put("signed userinfo", () -> userinfo("signed"));
    flows.put("encrypted ID token", () -> new Party(world, "sealed").signIn());
    flows.put("encrypted userinfo", () -> userinfo("sealed"));
    flows.put("pairwise subject", this::pairwiseSubject);
    flows.put("registration", () -> register("Nimbus"));
    flows.put("registration management", this::registrationManagement);
    flows.put("back-channel logout", this::backChannelLogout);
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) throw new AssertionError(otherwise);
  }

  /** A sign-in whose answer has tokens in it, and maybe a code for more of them. */
  private void implicit(String responseType, ResponseMode mode) throws Exception {
    var party = new Party(world, "every");
    var wish = new Party.Wish().with(request -> request.responseMode(mode));
    wish.responseType = ResponseType.parse(responseType);
    wish.scope = "openid email";
    var front = party.front(wish);
    var answer = front.answer();
    expect(answer.impliedResponseType().equals(wish.responseType), "came with " + answer.impliedResponseType());
    var code = answer.getAuthorizationCode();
    var token = answer.getAccessToken();
    if (answer.getIDToken() != null) party.verified(answer.getIDToken(), front.nonce(), token, code);
    if (token != null) {
      var claims = party.userinfoAnswer(token).getUserInfo();
      expect(world.user("email").equals(claims.getEmailAddress()), "another mail address");
    }
    if (code != null) party.verified(party.redeem(code, front.verifier()), front.nonce());
  }

  @FunctionalInterface
  private interface Packing {
    AuthenticationRequest pack(Party party, AuthenticationRequest request) throws Exception;
  }

  private void signIn(String name, Packing packing) throws Exception {
    var party = new Party(world, name);
    var wish = new Party.Wish();
    wish.packed = request -> {
      try {
        return packing.pack(party, request);
      } catch (Exception fault) {
        throw new IllegalStateException(fault);
      }
    };
    party.signIn(wish);
  }

  /** The request as a JWT of the client (OIDC Core §6.1). */
  private static SignedJWT requestObject(Party party, AuthenticationRequest request) throws Exception {
    var claims = new JWTClaimsSet.Builder(request.toJWTClaimsSet())
        .issuer(party.id.getValue())
        .audience(party.metadata.getIssuer().getValue())
        .build();
    var key = ECKey.parse(JSONObjectUtils.getJSONObject(party.registered, "private_jwk"));
    var jwt = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build(), claims);
    jwt.sign(new ECDSASigner(key));
    return jwt;
  }

  private static AuthenticationRequest.Builder outer(Party party, AuthenticationRequest request) {
    return new AuthenticationRequest.Builder(ResponseType.CODE, new Scope("openid"), party.id, party.redirectUri)
        .endpointURI(request.getEndpointURI())
        .state(request.getState());
  }

  private AuthenticationRequest signed(Party party, AuthenticationRequest request) throws Exception {
    return outer(party, request).requestObject(requestObject(party, request)).build();
  }

  private AuthenticationRequest byReference(Party party, AuthenticationRequest request) throws Exception {
    var registration = JSONObjectUtils.getJSONObject(party.registered, "registration");
    var address = URI.create(JSONObjectUtils.getStringList(registration, "request_uris").get(0));
    world.host(address, requestObject(party, request).serialize());
    return outer(party, request).requestURI(address).build();
  }

  /** Userinfo as a JWT, and in a JWE if the client registered that. */
  private void userinfo(String name) throws Exception {
    var party = new Party(world, name);
    var jwt = party.userinfoAnswer(party.signIn().accessToken()).getUserInfoJWT();
    expect(jwt != null, "userinfo is no JWT");
    var processor = new DefaultJWTProcessor<SecurityContext>();
    processor.setJWSKeySelector(party.serverKeys(JWSAlgorithm.RS256));
    processor.setJWEKeySelector(party.opening(JWEAlgorithm.ECDH_ES_A128KW, EncryptionMethod.A128CBC_HS256));
    var claims = processor.process(jwt, null);
    expect(world.user("email").equals(claims.getStringClaim("email")), "another mail address");
    expect(claims.getAudience().contains(party.id.getValue()), "for " + claims.getAudience());
  }

  private void pairwiseSubject() throws Exception {
    var subjects = new ArrayList<String>();
    for (var name : new String[] {"pairwise", "every", "pairwise"}) {
      subjects.add(new Party(world, name).signIn().claims().getSubject().getValue());
    }
    expect(subjects.get(0).equals(subjects.get(2)), "another subject the second time");
    expect(!subjects.get(0).equals(subjects.get(1)), "everybody's subject");
  }

  private static OIDCClientInformation information(ClientRegistrationResponse answer) throws Exception {
    if (!answer.indicatesSuccess()) {
      var error = answer.toErrorResponse().getErrorObject();
      throw new Party.Refusal(error.getCode(), error.getDescription());
    }
    return ((OIDCClientInformationResponse) answer.toSuccessResponse()).getOIDCClientInformation();
  }

  private OIDCClientInformation register(String name) throws Exception {
    var provider = OIDCProviderMetadata.resolve(new Issuer(world.fullIssuer()));
    var wanted = new OIDCClientMetadata();
    wanted.setName(name);
    wanted.setRedirectionURI(URI.create("https://nimbus.example/cb"));
    wanted.setIDTokenJWSAlg(JWSAlgorithm.ES256);
    var request = new OIDCClientRegistrationRequest(provider.getRegistrationEndpointURI(), wanted, null);
    var made = information(OIDCClientRegistrationResponseParser.parse(request.toHTTPRequest().send()));
    expect(name.equals(made.getOIDCMetadata().getName()), "another name");
    expect(made.getSecret() != null, "no secret");
    return made;
  }

  private void registrationManagement() throws Exception {
    var made = register("Nimbus");
    var address = made.getRegistrationURI();
    var read = information(OIDCClientRegistrationResponseParser.parse(
        new ClientReadRequest(address, made.getRegistrationAccessToken()).toHTTPRequest().send()));
    expect(read.getID().equals(made.getID()), "another client");
    var token = read.getRegistrationAccessToken() == null
        ? made.getRegistrationAccessToken() : read.getRegistrationAccessToken();
    var wanted = new OIDCClientMetadata();
    wanted.setName("Nimbus once more");
    wanted.setRedirectionURI(URI.create("https://nimbus.example/cb"));
    var update = new OIDCClientUpdateRequest(address, made.getID(), token, wanted, made.getSecret());
    var changed = information(OIDCClientRegistrationResponseParser.parse(update.toHTTPRequest().send()));
    expect("Nimbus once more".equals(changed.getOIDCMetadata().getName()), "the old name");
    token = changed.getRegistrationAccessToken() == null ? token : changed.getRegistrationAccessToken();
    var gone = new ClientDeleteRequest(address, token).toHTTPRequest().send();
    expect(gone.getStatusCode() == 204, "HTTP " + gone.getStatusCode());
    var after = new ClientReadRequest(address, token).toHTTPRequest().send();
    expect(after.getStatusCode() == 401, "HTTP " + after.getStatusCode());
  }

  private void backChannelLogout() throws Exception {
    var party = new Party(world, "told");
    var wish = new Party.Wish();
    wish.browser = "Nimbus, who is told";
    var signedIn = party.signIn(wish);
    var after = URI.create(party.text("post_logout_redirect_uri"));
    var endpoint = party.metadata.getEndSessionEndpointURI();
    var request = new LogoutRequest(endpoint, signedIn.idToken(), after, new State());
    world.walk(wish.browser, request.toURI(), after, wish.decision);
    var told = JWTParser.parse(world.posted("told", "logout_token"));
    var alg = JWSAlgorithm.parse(party.text("id_token_alg"));
    var validator = new LogoutTokenValidator(
        party.metadata.getIssuer(), party.id, true, party.serverKeys(alg), null);
    var claims = validator.validate(told);
    expect(claims.getSessionID().equals(signedIn.claims().getSessionID()), "another session");
    expect(claims.getSubject().equals(signedIn.claims().getSubject()), "another subject");
  }
}
