//! A request as programs that can be pasted elsewhere.

use vestibule_model::client::{AuthMethod, Client};
use vestibule_policy::params::Params;
use vestibule_web::{AppState, urls};

/// `text` as one word of a POSIX shell, whatever is in it.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `text` as a string of JavaScript, also inside of HTML.
fn string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The request, and where it is answered to.
pub(super) fn curl(url: &str) -> String {
    format!("curl -i {}", word(url))
}

/// The same with openid-client (npm), version 6: it makes state and PKCE itself.
pub(super) fn openid_client(state: &AppState, client: Option<&Client>, request: &Params) -> String {
    const OWN: [&str; 4] = ["client_id", "code_challenge", "code_challenge_method", "state"];
    let issuer = state.settings.issuer.as_str();
    let id = string(request.get("client_id").unwrap_or_default());
    let secret = match client.map(|client| client.metadata.token_endpoint_auth_method) {
        Some(AuthMethod::None) => "undefined, client.None()",
        Some(AuthMethod::ClientSecretPost) => "process.env.CLIENT_SECRET",
        Some(AuthMethod::PrivateKeyJwt) => "undefined, client.PrivateKeyJwt(privateKey)",
        Some(AuthMethod::ClientSecretJwt) => {
            "undefined, client.ClientSecretJwt(process.env.CLIENT_SECRET)"
        }
        Some(AuthMethod::ClientSecretBasic) | None => {
            "undefined, client.ClientSecretBasic(process.env.CLIENT_SECRET)"
        }
    };
    // Its own, and what it does by itself.
    let given = |pair: &(&str, &str)| !OWN.contains(&pair.0) && *pair != ("response_type", "code");
    let others = request.iter().filter(given);
    let lines: Vec<String> = others
        .map(|(name, value)| {
            format!(
                "  {}: {},
",
                string(name),
                string(value)
            )
        })
        .collect();
    let others = lines.concat();
    let insecure = if state.settings.issuer.is_https() {
        ""
    } else {
        ", { execute: [client.allowInsecureRequests] }"
    };
    format!(
        "import * as client from \"openid-client\";\n\n\
         const config = await client.discovery(new URL({issuer}), {id}, {secret}{insecure});\n\
         const code_verifier = client.randomPKCECodeVerifier();\n\
         const state = client.randomState();\n\
         const url = client.buildAuthorizationUrl(config, {{\n{others}  \
         code_challenge: await client.calculatePKCECodeChallenge(code_verifier),\n  \
         code_challenge_method: \"S256\",\n  state,\n}});",
        issuer = string(issuer),
    )
}

/// The exchange of a code (RFC 6749 §4.1.3).
pub(super) fn exchange(state: &AppState, method: AuthMethod, fields: &[(&str, &str)]) -> String {
    let mut lines = vec![format!("curl {}", word(&state.settings.issuer.url(urls::TOKEN)))];
    let client = fields.iter().find(|(name, _)| *name == "client_id").map_or("", |(_, id)| id);
    match method {
        AuthMethod::ClientSecretBasic => {
            lines.push(format!("-u {}", word(&format!("{client}:SECRET"))));
        }
        AuthMethod::ClientSecretPost => lines.push("-d client_secret=SECRET".to_owned()),
        AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt => {
            lines.push("-d client_assertion=JWT".to_owned());
            let bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            lines.push(format!("-d client_assertion_type={bearer}"));
        }
        AuthMethod::None => {}
    }
    let told = |name: &str| method != AuthMethod::ClientSecretBasic || name != "client_id";
    let sent = fields.iter().filter(|(name, value)| told(name) && !value.is_empty());
    lines.extend(
        sent.map(|(name, value)| format!("--data-urlencode {}", word(&format!("{name}={value}")))),
    );
    lines.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(word("a'; rm -rf ~ #"), r"'a'\''; rm -rf ~ #'");
        assert_eq!(string("\"</script>\n\u{2028}"), r#""\"\u003c/script>\n\u2028""#);
    }
}
