"""A resource server with PyJWT: one access token a line in, `ok` or the reason against a line out."""

import os
import sys

import jwt

ISSUER = os.environ["ISSUER"]
keys = jwt.PyJWKClient(os.environ["JWKS_URI"], cache_keys=True)


def verdict(token: str) -> str:
    try:
        if jwt.get_unverified_header(token).get("typ") not in ("at+jwt", "application/at+jwt"):
            return "typ is not at+jwt (RFC 9068 §4)"
        key = keys.get_signing_key_from_jwt(token)
        jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            issuer=ISSUER,
            options={"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "aud", "jti", "client_id"]},
        )
    except Exception as fault:  # noqa: BLE001: every reason is an answer
        return f"{type(fault).__name__}: {fault}".replace("\n", " ")
    return "ok"


for line in sys.stdin:
    print(verdict(line.strip()), flush=True)
