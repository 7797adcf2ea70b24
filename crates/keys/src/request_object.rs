//! Request objects (OIDC Core §6, RFC 9101): signatures only. An encrypted one is opened by
//! [`DecryptionKeys`](crate::DecryptionKeys) first.

use vestibule_model::jose::ClientSignatureAlg;

use crate::client_signature::{self, ClientKeys, SignatureFault, Verified};

/// The media types of a request object (RFC 9101 §10.8; RFC 8725 §3.11). OIDC Core has none.
const TYPES: &[Option<&str>] = &[None, Some("jwt"), Some("oauth-authz-req+jwt")];

/// The claims of a request object. `registered` is the client's `request_object_signing_alg` (OIDC
/// Registration §2): without one any algorithm will do except `none`, which has to be registered.
/// Judges no claim and no time.
///
/// # Errors
/// See [`SignatureFault`].
pub fn verify(
    token: &str,
    keys: ClientKeys<'_>,
    registered: Option<ClientSignatureAlg>,
) -> Result<Verified, SignatureFault> {
    match registered {
        Some(ClientSignatureAlg::None) => client_signature::unsecured(token, TYPES),
        Some(only) => client_signature::verify(token, keys, |alg| alg == only, TYPES),
        None => client_signature::verify(token, keys, |_| true, TYPES),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use vestibule_model::client::SigningAlg;

    use super::*;
    use crate::{
        TokenFault, sign_unsecured,
        testing::{claims, forge, key, public_jwk, signer},
    };

    fn signed(alg: SigningAlg, typ: &Value) -> String {
        let header = json!({ "alg": alg.as_str(), "typ": typ }).to_string();
        forge(signer(&key(alg)).as_ref(), &header, &json!(claims()).to_string())
    }

    fn jwks(alg: SigningAlg) -> Value {
        json!({ "keys": [public_jwk(&key(alg))] })
    }

    #[test]
    fn it_may_have_its_own_type_or_none() {
        let jwks = jwks(SigningAlg::ES256);
        let keys = ClientKeys { jwks: Some(&jwks), secret: None };
        let verdict = |typ: Value| verify(&signed(SigningAlg::ES256, &typ), keys, None);
        for typ in [
            json!(null),
            json!("JWT"),
            json!("oauth-authz-req+jwt"),
            json!("application/oauth-authz-req+jwt"),
        ] {
            let verified = verdict(typ).unwrap();
            assert_eq!((verified.claims, verified.alg), (claims(), ClientSignatureAlg::ES256));
        }
        for typ in ["client-authentication+jwt", "logout+jwt", "dpop+jwt", "at+jwt", ""] {
            assert_eq!(verdict(json!(typ)), Err(TokenFault::WrongType.into()), "{typ}");
        }
    }

    #[test]
    fn the_registered_algorithm_is_the_only_one() {
        let jwks = jwks(SigningAlg::ES256);
        let keys = ClientKeys { jwks: Some(&jwks), secret: None };
        let token = signed(SigningAlg::ES256, &json!("JWT"));
        let registered = |alg| verify(&token, keys, alg).map(|verified| verified.alg);
        assert_eq!(registered(None), Ok(ClientSignatureAlg::ES256));
        assert_eq!(registered(Some(ClientSignatureAlg::ES256)), Ok(ClientSignatureAlg::ES256));
        for other in
            [ClientSignatureAlg::RS256, ClientSignatureAlg::HS256, ClientSignatureAlg::None]
        {
            assert_eq!(registered(Some(other)), Err(SignatureFault::AlgNotAllowed));
        }
    }

    #[test]
    fn unsigned_ones_are_for_clients_that_registered_none() {
        let jwks = jwks(SigningAlg::ES256);
        let keys = ClientKeys { jwks: Some(&jwks), secret: None };
        let token = sign_unsecured(&claims());
        let verified = verify(&token, keys, Some(ClientSignatureAlg::None)).unwrap();
        assert_eq!((verified.claims, verified.alg), (claims(), ClientSignatureAlg::None));
        for registered in [None, Some(ClientSignatureAlg::ES256)] {
            let refused = verify(&token, keys, registered);
            assert_eq!(refused, Err(SignatureFault::AlgNotAllowed));
        }
        let with_signature = format!("{token}AAAA");
        let refused = verify(&with_signature, keys, Some(ClientSignatureAlg::None));
        assert_eq!(refused, Err(TokenFault::SignatureWrong.into()));
    }
}
