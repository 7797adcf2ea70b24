"""Authlib, unmodified, through every step a relying party takes."""

import json
import os
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet

from form_driver import FormDriver

# Authlib refuses plain http otherwise; the server is on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

WORLD = json.loads(Path(os.environ["E2E_WORLD"]).read_text())
SCOPE = "openid profile email offline_access"


@pytest.fixture(scope="session")
def server():
    answer = requests.get(f"{WORLD['issuer']}/.well-known/openid-configuration", timeout=30)
    answer.raise_for_status()
    metadata = answer.json()
    assert metadata["issuer"] == WORLD["issuer"]
    return metadata


def session_of(client):
    return OAuth2Session(
        client["id"],
        client.get("secret"),
        scope=SCOPE,
        redirect_uri=client["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method=client["auth_method"],
        # Authlib would take client_secret_basic here whatever the client registered.
        revocation_endpoint_auth_method=client["auth_method"],
    )


def sign_in(server, client, driver):
    session = session_of(client)
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    callback = driver.walk(url, client["redirect_uri"])
    answer = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
    assert answer["iss"] == WORLD["issuer"], "RFC 9207"
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )
    return session, token, nonce


def verified(server, client, token, nonce):
    keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=[client["id_token_alg"]])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": WORLD["issuer"]}, "aud": {"value": client["id"]}},
        params={"nonce": nonce, "client_id": client["id"], "access_token": token["access_token"]},
    )
    claims.validate()
    return claims


@pytest.mark.parametrize("name", ["basic", "post", "public"])
def test_the_whole_life_of_a_sign_in(server, name):
    client = WORLD["clients"][name]
    driver = FormDriver(WORLD["user"]["username"], WORLD["user"]["password"])
    session, token, nonce = sign_in(server, client, driver)
    claims = verified(server, client, token, nonce)

    userinfo = UserInfo(session.get(server["userinfo_endpoint"]).json())
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["preferred_username"] == WORLD["user"]["username"]
    assert userinfo["email"] == WORLD["user"]["email"]

    refreshed = session.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
    assert refreshed["refresh_token"] != token["refresh_token"]

    # Introspection is for clients that can prove who they are.
    asker = session_of(WORLD["clients"]["resource_server"]) if name == "public" else session
    introspect = lambda value: asker.introspect_token(server["introspection_endpoint"], token=value).json()
    alive = introspect(refreshed["access_token"])
    assert alive["active"] is True
    assert alive["client_id"] == client["id"]
    assert alive["sub"] == claims["sub"]

    answer = session.revoke_token(
        server["revocation_endpoint"], token=refreshed["refresh_token"], token_type_hint="refresh_token"
    )
    assert answer.status_code == 200
    assert introspect(refreshed["access_token"])["active"] is False
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(server["token_endpoint"], refresh_token=refreshed["refresh_token"])

    query = urlencode(
        {
            "id_token_hint": token["id_token"],
            "post_logout_redirect_uri": client["post_logout_redirect_uri"],
            "state": "back",
        }
    )
    back = driver.walk(f"{server['end_session_endpoint']}?{query}", client["post_logout_redirect_uri"])
    assert parse_qs(urlsplit(back).query)["state"] == ["back"]


def test_a_wrong_verifier_gets_nothing(server):
    client = WORLD["clients"]["basic"]
    driver = FormDriver(WORLD["user"]["username"], WORLD["user"]["password"])
    session = session_of(client)
    url, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=generate_token(48), nonce="n"
    )
    callback = driver.walk(url, client["redirect_uri"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(
            server["token_endpoint"],
            authorization_response=callback,
            state=state,
            code_verifier=generate_token(48),
        )


def test_client_credentials(server):
    client = WORLD["clients"]["service"]
    session = OAuth2Session(client["id"], client["secret"], scope="api")
    token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
    assert token["token_type"].lower() == "bearer"
    assert "refresh_token" not in token
