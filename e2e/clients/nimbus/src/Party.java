import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWEDecryptionKeySelector;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AuthorizationCode;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretJWT;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.AuthenticationSuccessResponse;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.UserInfoSuccessResponse;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.validators.AccessTokenValidator;
import com.nimbusds.openid.connect.sdk.validators.AuthorizationCodeValidator;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import net.minidev.json.JSONObject;

/** A relying party as an application would set it up with Nimbus's SDK. */
final class Party {
  /** What the server refuses with. */
  static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    Refusal(String code, String description) {
      super(code + ": " + description);
    }
  }

  static final String PERSON = "Nimbus";
  static final String SCOPE = "openid profile email offline_access";

  final World world;
  final JSONObject registered;
  final OIDCProviderMetadata metadata;
  final ClientID id;
  final URI redirectUri;

  Party(World world, String name) throws Exception {
    this.world = world;
    registered = world.client(name);
    metadata = OIDCProviderMetadata.resolve(new Issuer(text("issuer")));
    id = new ClientID(text("id"));
    redirectUri = URI.create(text("redirect_uri"));
  }

  String text(String member) throws Exception {
    return JSONObjectUtils.getString(registered, member);
  }

  /** How the client proves who it is; null for one that cannot. */
  ClientAuthentication authentication() throws Exception {
    var endpoint = metadata.getTokenEndpointURI();
    switch (text("auth_method")) {
      case "none":
        return null;
      case "client_secret_basic":
        return new ClientSecretBasic(id, secret());
      case "client_secret_post":
        return new ClientSecretPost(id, secret());
      case "client_secret_jwt":
        return new ClientSecretJWT(id, endpoint, JWSAlgorithm.HS256, secret());
      case "private_key_jwt":
        var key = ECKey.parse(JSONObjectUtils.getJSONObject(registered, "private_jwk"));
        return new PrivateKeyJWT(id, endpoint, JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
      default:
        throw new IllegalStateException(text("auth_method"));
    }
  }

  Secret secret() throws Exception {
    return new Secret(text("secret"));
  }

  /** What a sign-in asks for beyond the usual. */
  static final class Wish {
    String browser = PERSON;
    String decision = "allow";
    String scope = SCOPE;
    CodeVerifier otherVerifier;
    ResponseType responseType = ResponseType.CODE;
    Consumer<AuthenticationRequest.Builder> more = builder -> {};
    /** Makes what is sent of what is meant. */
    UnaryOperator<AuthenticationRequest> packed = UnaryOperator.identity();

    Wish with(Consumer<AuthenticationRequest.Builder> parameters) {
      more = parameters;
      return this;
    }
  }

  /** A sign-in that worked. */
  record SignedIn(AuthorizationCode code, CodeVerifier verifier, OIDCTokenResponse answer, IDTokenClaimsSet claims) {
    AccessToken accessToken() {
      return answer.getOIDCTokens().getAccessToken();
    }

    RefreshToken refreshToken() {
      return answer.getOIDCTokens().getRefreshToken();
    }

    JWT idToken() {
      return answer.getOIDCTokens().getIDToken();
    }
  }

  SignedIn signIn() throws Exception {
    return signIn(new Wish());
  }

  /** What came back with the browser. */
  record Front(AuthenticationSuccessResponse answer, CodeVerifier verifier, Nonce nonce) {}

  /** Sends somebody off and waits for the answer. */
  Front front(Wish wish) throws Exception {
    var verifier = new CodeVerifier();
    var state = new State();
    var nonce = new Nonce();
    var builder = new AuthenticationRequest.Builder(wish.responseType, Scope.parse(wish.scope), id, redirectUri)
        .endpointURI(metadata.getAuthorizationEndpointURI())
        .state(state)
        .nonce(nonce);
    if (wish.responseType.contains(ResponseType.Value.CODE)) builder.codeChallenge(verifier, CodeChallengeMethod.S256);
    wish.more.accept(builder);
    var request = wish.packed.apply(builder.build());
    var answer = AuthenticationResponseParser.parse(
        world.walk(wish.browser, request.toURI(), redirectUri, wish.decision));
    if (!state.equals(answer.getState())) throw new AssertionError("the state is another");
    if (!metadata.getIssuer().equals(answer.getIssuer())) throw new AssertionError("iss is another");
    if (!answer.indicatesSuccess()) {
      var error = answer.toErrorResponse().getErrorObject();
      throw new Refusal(error.getCode(), error.getDescription());
    }
    return new Front(answer.toSuccessResponse(), verifier, nonce);
  }

  /** The code flow, from the authorization request to the verified ID token. */
  SignedIn signIn(Wish wish) throws Exception {
    var front = front(wish);
    var code = front.answer().getAuthorizationCode();
    var verifier = wish.otherVerifier == null ? front.verifier() : wish.otherVerifier;
    var tokens = redeem(code, verifier);
    return new SignedIn(code, verifier, tokens, verified(tokens, front.nonce()));
  }

  OIDCTokenResponse redeem(AuthorizationCode code, CodeVerifier verifier) throws Exception {
    return token(new AuthorizationCodeGrant(code, redirectUri, verifier), null);
  }

  OIDCTokenResponse token(AuthorizationGrant grant, Scope scope) throws Exception {
    var endpoint = metadata.getTokenEndpointURI();
    var proof = authentication();
    var builder = proof == null
        ? new TokenRequest.Builder(endpoint, id, grant)
        : new TokenRequest.Builder(endpoint, proof, grant);
    var response = OIDCTokenResponseParser.parse(builder.scope(scope).build().toHTTPRequest().send());
    if (!response.indicatesSuccess()) {
      var error = response.toErrorResponse().getErrorObject();
      throw new Refusal(error.getCode(), error.getDescription());
    }
    return (OIDCTokenResponse) response.toSuccessResponse();
  }

  IDTokenClaimsSet verified(OIDCTokenResponse answer, Nonce nonce) throws Exception {
    var tokens = answer.getOIDCTokens();
    return verified(tokens.getIDToken(), nonce, tokens.getAccessToken(), null);
  }

  /** The claims of an ID token, once its signature, they and its hashes are checked. */
  IDTokenClaimsSet verified(JWT idToken, Nonce nonce, AccessToken token, AuthorizationCode code) throws Exception {
    var alg = JWSAlgorithm.parse(text("id_token_alg"));
    var opening = opening(JWEAlgorithm.RSA_OAEP_256, EncryptionMethod.A256GCM);
    var claims = new IDTokenValidator(metadata.getIssuer(), id, serverKeys(alg), opening).validate(idToken, nonce);
    if (token != null) AccessTokenValidator.validate(token, alg, claims.getAccessTokenHash());
    if (code != null) AuthorizationCodeValidator.validate(code, alg, claims.getCodeHash());
    return claims;
  }

  JWSVerificationKeySelector<SecurityContext> serverKeys(JWSAlgorithm alg) throws Exception {
    var source = JWKSourceBuilder.<SecurityContext>create(metadata.getJWKSetURI().toURL()).build();
    return new JWSVerificationKeySelector<>(alg, source);
  }

  /** Our keys for what is encrypted to us; null for a client that has none. */
  JWEDecryptionKeySelector<SecurityContext> opening(JWEAlgorithm alg, EncryptionMethod enc) throws Exception {
    if (!registered.containsKey("opening_jwks")) return null;
    var keys = JWKSet.parse(Map.of("keys", registered.get("opening_jwks")));
    return new JWEDecryptionKeySelector<>(alg, enc, new ImmutableJWKSet<>(keys));
  }

  UserInfoSuccessResponse userinfoAnswer(AccessToken token) throws Exception {
    var request = new UserInfoRequest(metadata.getUserInfoEndpointURI(), token);
    var answer = UserInfoResponse.parse(request.toHTTPRequest().send());
    if (!answer.indicatesSuccess()) throw new Refusal(answer.toErrorResponse().getErrorObject().getCode(), "userinfo");
    return answer.toSuccessResponse();
  }

  UserInfo userinfo(SignedIn signedIn) throws Exception {
    var claims = userinfoAnswer(signedIn.accessToken()).getUserInfo();
    if (!claims.getSubject().equals(signedIn.claims().getSubject())) throw new AssertionError("another subject");
    return claims;
  }
}
