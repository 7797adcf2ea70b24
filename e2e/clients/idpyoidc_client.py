"""idpyoidc, unmodified, through every step a relying party takes."""

import contextlib
import copy
import logging
import sys

from cryptojwt import KeyJar
from cryptojwt.key_jar import init_key_jar
from idpyoidc.client.client_auth import CLIENT_AUTHN_METHOD
from idpyoidc.client.defaults import DEFAULT_CLIENT_CONFIGS, DEFAULT_KEY_DEFS, DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import OidcServiceError, ResponseError
from idpyoidc.client.oauth2.stand_alone_client import StandAloneClient, backchannel_logout

from support.flows import WORLD, brought, posted, run, walk

# It warns of every answer that says `application/json` where it would say `json`.
logging.disable(logging.CRITICAL)

CLIENTS = WORLD["clients"]
BASIC = CLIENTS["basic"]
SCOPE = ["openid", "profile", "email", "offline_access"]
PERSON = "idpyoidc"
SERVICES = DEFAULT_OIDC_SERVICES | {
    "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
    "introspection": {"class": "idpyoidc.client.oauth2.introspection.Introspection"},
    "token_revocation": {"class": "idpyoidc.client.oauth2.token_revocation.TokenRevocation"},
    "client_credentials": {"class": "idpyoidc.client.oauth2.client_credentials.CCAccessTokenRequest"},
}
RESPONSE_TYPES = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
PKCE = DEFAULT_CLIENT_CONFIGS[""]["add_ons"]


def party(client, **more):
    """A relying party that has read discovery and knows what it registered."""
    config = {
        "issuer": client["issuer"],
        "client_id": client["id"],
        "client_type": "oidc",
        "base_url": client["redirect_uri"].rpartition("/")[0],
        "redirect_uris": [client["redirect_uri"]],
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "scopes_supported": SCOPE,
        "client_authn_methods": list(CLIENT_AUTHN_METHOD),
        "token_endpoint_auth_methods_supported": [client["auth_method"]],
        "id_token_signing_alg_values_supported": [client["id_token_alg"]],
        "post_logout_redirect_uris": [client["post_logout_redirect_uri"]],
        "add_ons": copy.deepcopy(PKCE),
    }
    if "secret" in client:
        config["client_secret"] = client["secret"]
    keys = KeyJar()
    if "private_jwk" in client:
        for owner in ("", client["id"]):
            keys.import_jwks({"keys": [client["private_jwk"]]}, owner)
        config["token_endpoint_auth_signing_alg_values_supported"] = [client["private_jwk"]["alg"]]
    if client["auth_method"] == "client_secret_jwt":
        config["token_endpoint_auth_signing_alg_values_supported"] = ["HS256"]
    made = StandAloneClient(keyjar=keys, config=config | more, services=copy.deepcopy(SERVICES), client_type="oidc")
    made.do_provider_info()
    made.do_client_registration()
    return made


class SignIn:
    """A sign-in with `client`, from the authorization request to userinfo."""

    def __init__(self, client, browser=PERSON, decision="allow", config=None, **asked):
        self.client, self.party = client, party(client, **(config or {}))
        url = self.party.init_authorization(req_args={"scope": list(SCOPE), "response_type": "code"} | asked)
        back = walk(browser, url, client["redirect_uri"], decision=decision)
        answer = brought(back)
        # For `code token`, where an access token is there already.
        self.result = self.party.finalize(answer, {"collect_tokens": "code" in answer})
        if "error" in self.result:
            raise OidcServiceError(self.result["error"])
        self.state, self.claims = self.result["state"], self.result["id_token"]
        assert self.claims["iss"] == client["issuer"]

    def token(self, name):
        return self.party.get_context().cstate.get_claim(self.state, claim=name)

    def refresh(self):
        return self.party.refresh_access_token(self.state)


def ask(asker, service, **arguments):
    """One request to an endpoint beside the sign-in, authenticated as registered."""
    client = CLIENTS[asker]
    return party(client).do_request(service, request_args=arguments, authn_method=client["auth_method"])


def introspect(token):
    return ask("resource_server", "introspection", token=token)


def refuses(error, action, *arguments, **options):
    try:
        action(*arguments, **options)
    except OidcServiceError as refusal:
        assert error in str(refusal), refusal
    else:
        raise AssertionError(f"no {error}")


def discovery():
    metadata = party(BASIC).get_context().provider_info
    assert metadata["issuer"] == BASIC["issuer"]


def code(client):
    def flow():
        signed_in = SignIn(client)
        first = signed_in.token("access_token")
        signed_in.refresh()
        assert signed_in.token("access_token") != first

    return flow


def implicit(response_type):
    def flow():
        signed_in = SignIn(CLIENTS["every"], response_type=response_type, scope=["openid", "email"])
        assert signed_in.result["userinfo"]["email"] == WORLD["user"]["email"]

    return flow


def request_object():
    # Not its `request_param`, which signs for an audience named "request".
    jar = {
        "function": "idpyoidc.client.oauth2.add_on.jar.add_support",
        "kwargs": {"request_object_signing_alg": "ES256", "with_jti": True},
    }
    config = {"request_object_signing_alg_values_supported": ["ES256"]}
    SignIn(CLIENTS["signed"], config=config | {"add_ons": copy.deepcopy(PKCE) | {"jar": jar}})


def signed_userinfo():
    signed_in = SignIn(CLIENTS["signed"], config={"userinfo_signing_alg_values_supported": ["RS256"]})
    assert signed_in.result["userinfo"]["email"] == WORLD["user"]["email"]


def pairwise_subject():
    subjects = [SignIn(CLIENTS[name]).claims["sub"] for name in ("pairwise", "every", "pairwise")]
    assert subjects[0] == subjects[2] != subjects[1]


def registration():
    home = "https://idpyoidc.example"
    config = {
        "issuer": WORLD["full"]["issuer"],
        "client_type": "oidc",
        "client_name": "idpyoidc",
        "base_url": home,
        "redirect_uris": [f"{home}/cb"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid"],
        "client_authn_methods": list(CLIENT_AUTHN_METHOD),
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "add_ons": copy.deepcopy(PKCE),
    }
    keys = init_key_jar(key_defs=DEFAULT_KEY_DEFS)
    made = StandAloneClient(keyjar=keys, config=config, services=copy.deepcopy(SERVICES), client_type="oidc")
    made.do_provider_info()
    # Left to itself it asks for no scope, and does not understand the list that it is answered with.
    made.do_client_registration(request_args={"scope": "openid"})
    back = walk(PERSON, made.init_authorization(), f"{home}/cb")
    assert made.finalize(brought(back))["id_token"]["aud"] == [made.get_client_id()]


def back_channel_logout():
    browser = "idpyoidc, who is told"
    signed_in = SignIn(CLIENTS["told"], browser=browser)
    asked = signed_in.party.logout(signed_in.state)
    walk(browser, asked["url"], CLIENTS["told"]["post_logout_redirect_uri"])
    state = backchannel_logout(signed_in.party, request_args=posted("told"))
    assert state == signed_in.state


def form_post():
    SignIn(BASIC, response_mode="form_post")


def claims_parameter():
    asked = {"id_token": {"email": None}, "userinfo": {"name": {"essential": True}}}
    signed_in = SignIn(BASIC, scope=["openid"], claims=asked)
    assert signed_in.claims["email"] == WORLD["user"]["email"]
    assert signed_in.result["userinfo"]["name"] == WORLD["user"]["name"]
    assert "email" not in signed_in.result["userinfo"]


def userinfo():
    answer = SignIn(BASIC).result["userinfo"]
    assert answer["preferred_username"] == WORLD["user"]["username"]
    assert answer["email"] == WORLD["user"]["email"]


def refresh():
    signed_in = SignIn(BASIC)
    first = signed_in.token("refresh_token")
    assert signed_in.refresh()["refresh_token"] != first


def introspection():
    signed_in = SignIn(BASIC)
    alive = introspect(signed_in.token("access_token"))
    assert alive["active"] is True
    assert alive["client_id"] == BASIC["id"]
    assert alive["sub"] == signed_in.claims["sub"]


def revocation():
    for name in ("basic", "post"):
        signed_in = SignIn(CLIENTS[name])
        # It takes the empty body of a revocation (RFC 7009 §2.2) for a fault.
        with contextlib.suppress(ResponseError):
            ask(name, "token_revocation", token=signed_in.token("refresh_token"))
        assert introspect(signed_in.token("access_token"))["active"] is False
        refuses("invalid_grant", signed_in.refresh)


def client_credentials():
    answer = ask("service", "client_credentials", scope="api")
    assert answer["token_type"].lower() == "bearer"


def prompt_none():
    refuses("login_required", SignIn, BASIC, browser="idpyoidc, nobody", prompt="none", scope=["openid"])
    SignIn(BASIC)
    SignIn(BASIC, prompt="none", scope=["openid"])


def refused_consent():
    refuses("access_denied", SignIn, BASIC, decision="deny")


def logout():
    browser = "idpyoidc, who leaves"
    signed_in = SignIn(BASIC, browser=browser)
    asked = signed_in.party.logout(signed_in.state)
    back = walk(browser, asked["url"], BASIC["post_logout_redirect_uri"])
    assert brought(back)["state"] == asked["request"]["state"]
    refuses("login_required", SignIn, BASIC, browser=browser, prompt="none", scope=["openid"])


sys.exit(
    run(
        "idpyoidc",
        {
            "discovery": discovery,
            "code, client_secret_basic": code(CLIENTS["basic"]),
            "code, client_secret_post": code(CLIENTS["post"]),
            "code, private_key_jwt": code(CLIENTS["key"]),
            "code, client_secret_jwt": code(CLIENTS["secret_jwt"]),
            "id_token": implicit("id_token"),
            "id_token token": implicit("id_token token"),
            "code id_token": implicit("code id_token"),
            "code token": implicit("code token"),
            "code id_token token": implicit("code id_token token"),
            "request object": request_object,
            "signed userinfo": signed_userinfo,
            "pairwise subject": pairwise_subject,
            "registration": registration,
            "back-channel logout": back_channel_logout,
            "ID token PS256": code(CLIENTS["post"]),
            "ID token ES256": code(CLIENTS["key"]),
            "form_post": form_post,
            "claims parameter": claims_parameter,
            "userinfo": userinfo,
            "refresh": refresh,
            "introspection": introspection,
            "revocation": revocation,
            "client credentials": client_credentials,
            "prompt=none": prompt_none,
            "refused consent": refused_consent,
            "logout": logout,
        },
    )
)
