"""Authlib, unmodified, through every step a relying party takes."""

import os
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.core.claims import get_claim_cls_by_response_type
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet

from support.flows import WORLD, brought, run, walk

# Authlib refuses plain http otherwise; the server is on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

CLIENTS = WORLD["clients"]
BASIC = CLIENTS["basic"]
SCOPE = "openid profile email offline_access"
PERSON = "authlib"


def metadata_of(issuer):
    answer = requests.get(get_well_known_url(issuer, external=True), timeout=30)
    answer.raise_for_status()
    return OpenIDProviderMetadata(answer.json())


def session_of(client, **options):
    method, secret = client["auth_method"], client.get("secret")
    if method == "private_key_jwt":
        secret = ECKey.import_key(client["private_jwk"])
    session = OAuth2Session(
        client["id"],
        secret,
        scope=options.get("scope", SCOPE),
        redirect_uri=client["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        # Authlib would take client_secret_basic here whatever the client registered.
        revocation_endpoint_auth_method=method,
    )
    if method == "private_key_jwt":
        session.register_client_auth_method(PrivateKeyJWT(alg=client["private_jwk"]["alg"]))
    if method == "client_secret_jwt":
        session.register_client_auth_method(ClientSecretJWT())
    return session


def verified(client, server, text, response_type="code", **params):
    """The claims of an ID token, once its signature and they are checked."""
    keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
    if "opening_jwks" in client:
        opening = KeySet.import_key_set({"keys": client["opening_jwks"]})
        text = jwe.decrypt_compact(text, opening, algorithms=["RSA-OAEP-256", "A256GCM"]).plaintext.decode()
    decoded = jwt.decode(text, keys, algorithms=[client["id_token_alg"]])
    claims = get_claim_cls_by_response_type(response_type)(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": client["issuer"]}, "aud": {"value": client["id"]}},
        params={"client_id": client["id"]} | params,
    )
    claims.validate()
    return claims


class SignIn:
    """A sign-in with `client` from the authorization request to the verified ID token."""

    def __init__(self, client, extra=None, verifier=None, browser=PERSON, decision="allow", scope=SCOPE):
        self.client, self.server = client, metadata_of(client["issuer"])
        self.session, self.nonce = session_of(client, scope=scope), generate_token(20)
        self.verifier = generate_token(48)
        self.url, self.state = self.session.create_authorization_url(
            self.server["authorization_endpoint"],
            code_verifier=self.verifier,
            nonce=self.nonce,
            **(extra or {}),
        )
        self.callback = walk(browser, self.url, client["redirect_uri"], decision=decision)
        self.answer = brought(self.callback)
        assert self.answer["iss"] == client["issuer"], "RFC 9207"
        # Left to its integrations for web frameworks by Authlib.
        if "error" in self.answer:
            raise OAuthError(self.answer["error"], self.answer.get("error_description"))
        self.finish(verifier or self.verifier)

    def finish(self, verifier):
        self.token = self.redeem(verifier)
        access_token = self.token["access_token"]
        self.claims = verified(
            self.client, self.server, self.token["id_token"], nonce=self.nonce, access_token=access_token
        )

    def redeem(self, verifier):
        return self.session.fetch_token(
            self.server["token_endpoint"],
            authorization_response=self.callback,
            state=self.state,
            code_verifier=verifier,
        )

    def userinfo(self):
        answer = self.session.get(self.server["userinfo_endpoint"])
        answer.raise_for_status()
        return UserInfo(answer.json())

    def refresh(self, token):
        return self.session.refresh_token(self.server["token_endpoint"], refresh_token=token)


class Implicit(SignIn):
    """A sign-in whose answer has tokens in it, and maybe a code for more of them."""

    def __init__(self, response_type):
        self.response_type = response_type
        super().__init__(CLIENTS["every"], {"response_type": response_type}, scope="openid email")

    def finish(self, verifier):
        answer, words = self.answer, self.response_type.split()
        assert answer["state"] == self.state
        if "id_token" in words:
            params = {name: answer[name] for name in ("code", "access_token") if name in answer}
            self.claims = verified(
                self.client, self.server, answer["id_token"], self.response_type, nonce=self.nonce, **params
            )
        if "token" in words:
            self.session.fetch_token(authorization_response=self.callback, state=self.state)
            assert self.userinfo()["email"] == WORLD["user"]["email"]
        if "code" in words:
            # PKCE is for `code` alone in Authlib.
            token = self.session.fetch_token(self.server["token_endpoint"], code=answer["code"])
            claims = verified(self.client, self.server, token["id_token"], nonce=self.nonce)
            assert "id_token" not in words or claims["sub"] == self.claims["sub"]


def introspect(token):
    """Introspection is for clients that can prove who they are, and a resource server is one."""
    asker = CLIENTS["resource_server"]
    endpoint = metadata_of(asker["issuer"])["introspection_endpoint"]
    return session_of(asker).introspect_token(endpoint, token=token).json()


def refuses(error, action, *arguments, **options):
    try:
        action(*arguments, **options)
    except OAuthError as refusal:
        assert refusal.error == error, refusal
    else:
        raise AssertionError(f"no {error}")


def discovery():
    metadata = metadata_of(BASIC["issuer"])
    assert metadata["issuer"] == BASIC["issuer"]


def code(client):
    def flow():
        signed_in = SignIn(client)
        assert signed_in.userinfo()["sub"] == signed_in.claims["sub"]
        signed_in.refresh(signed_in.token["refresh_token"])

    return flow


def implicit(response_type):
    return lambda: Implicit(response_type)


def encrypted_id_token():
    signed_in = SignIn(CLIENTS["sealed"])
    assert len(signed_in.token["id_token"].split(".")) == 5


def pairwise_subject():
    subjects = [SignIn(CLIENTS[name]).claims["sub"] for name in ("pairwise", "every", "pairwise")]
    assert subjects[0] == subjects[2] != subjects[1]


def form_post():
    SignIn(BASIC, {"response_mode": "form_post"})


def claims_parameter():
    asked = '{"id_token": {"email": null}, "userinfo": {"name": {"essential": true}}}'
    signed_in = SignIn(BASIC, {"claims": asked}, scope="openid")
    assert signed_in.claims["email"] == WORLD["user"]["email"]
    userinfo = signed_in.userinfo()
    assert userinfo["name"] == WORLD["user"]["name"]
    assert "email" not in userinfo


def userinfo():
    answer = SignIn(BASIC).userinfo()
    assert answer["preferred_username"] == WORLD["user"]["username"]
    assert answer["email"] == WORLD["user"]["email"]


def refresh():
    signed_in = SignIn(BASIC)
    first = dict(signed_in.token)
    second = signed_in.refresh(first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]


def introspection():
    signed_in = SignIn(BASIC)
    alive = introspect(signed_in.token["access_token"])
    assert alive["active"] is True
    assert alive["client_id"] == BASIC["id"]
    assert alive["sub"] == signed_in.claims["sub"]


def revocation():
    for name in ("basic", "post", "public"):
        signed_in = SignIn(CLIENTS[name])
        access, refresh = signed_in.token["access_token"], signed_in.token["refresh_token"]
        endpoint = signed_in.server["revocation_endpoint"]
        answer = signed_in.session.revoke_token(endpoint, token=refresh, token_type_hint="refresh_token")
        assert answer.status_code == 200
        assert introspect(access)["active"] is False
        refuses("invalid_grant", signed_in.refresh, refresh)


def client_credentials():
    client = CLIENTS["service"]
    session = OAuth2Session(client["id"], client["secret"], scope="api")
    endpoint = metadata_of(client["issuer"])["token_endpoint"]
    token = session.fetch_token(endpoint, grant_type="client_credentials")
    assert token["token_type"].lower() == "bearer"
    assert "refresh_token" not in token


def prompt_none():
    refuses("login_required", SignIn, BASIC, {"prompt": "none"}, browser="authlib, nobody")
    SignIn(BASIC)
    SignIn(BASIC, {"prompt": "none"})


def refused_consent():
    refuses("access_denied", SignIn, BASIC, {"prompt": "consent"}, decision="deny")


def wrong_verifier():
    refuses("invalid_grant", SignIn, BASIC, verifier=generate_token(48))


def code_used_twice():
    signed_in = SignIn(BASIC)
    refresh = signed_in.token["refresh_token"]
    refuses("invalid_grant", signed_in.redeem, signed_in.verifier)
    refuses("invalid_grant", signed_in.refresh, refresh)


sys.exit(
    run(
        "Authlib",
        {
            "discovery": discovery,
            "code, none": code(CLIENTS["public"]),
            "code, client_secret_basic": code(CLIENTS["basic"]),
            "code, client_secret_post": code(CLIENTS["post"]),
            "code, private_key_jwt": code(CLIENTS["key"]),
            "code, client_secret_jwt": code(CLIENTS["secret_jwt"]),
            "id_token token": implicit("id_token token"),
            "code id_token": implicit("code id_token"),
            "code token": implicit("code token"),
            "code id_token token": implicit("code id_token token"),
            "encrypted ID token": encrypted_id_token,
            "pairwise subject": pairwise_subject,
            "ID token PS256": code(CLIENTS["post"]),
            "ID token ES256": code(CLIENTS["public"]),
            "ID token EdDSA": code(CLIENTS["opaque"]),
            "form_post": form_post,
            "claims parameter": claims_parameter,
            "userinfo": userinfo,
            "refresh": refresh,
            "introspection": introspection,
            "revocation": revocation,
            "client credentials": client_credentials,
            "prompt=none": prompt_none,
            "refused consent": refused_consent,
            "wrong verifier": wrong_verifier,
            "code used twice": code_used_twice,
        },
    )
)
