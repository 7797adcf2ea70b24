//! Refreshing (RFC 6749 §6) with rotation by single successor (RFC 9700 §4.14.2).

use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, Timestamp,
    client::{Client, GrantType},
    grant::{Grant, RefreshToken},
    settings::Lifetimes,
};

use crate::grant_type;

/// A refresh request with the rows that belong to its token.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The token's row, found by its hash.
    pub token: &'a RefreshToken,
    /// What the token stands for.
    pub grant: &'a Grant,
    /// The client, already authenticated.
    pub client: &'a Client,
    /// `scope` of the request.
    pub requested_scope: Option<&'a ScopeSet>,
    /// Whether the successor that this token once got was used already.
    pub successor_used: bool,
}

/// What to do with a refresh request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// First use: issue an access token of that scope and one successor.
    Rotate {
        /// The scope of the new access token; the family keeps the whole scope of its grant.
        scope: ScopeSet,
    },
    /// The first answer may have been lost: give the very same answer again, if it is for that
    /// scope, and else [`scope_changed`].
    Replay {
        /// The scope that this request stands for.
        scope: ScopeSet,
    },
    /// The token was copied: revoke its family, leave one audit event, answer
    /// `RefreshTokenReused`.
    Reuse,
    /// Change nothing and answer this.
    Refuse(OAuthError),
}

/// Decides. A used token is judged as used even past its own end, or a thief would only have to
/// wait.
#[must_use]
pub fn decide(presented: &Presented<'_>, lifetimes: &Lifetimes, now: Timestamp) -> RefreshDecision {
    if let Err(error) = check_standing(presented) {
        return RefreshDecision::Refuse(error);
    }
    if let Some(used) = &presented.token.used {
        let within_grace =
            lifetimes.refresh_grace > 0 && now.since(used.at) <= lifetimes.refresh_grace;
        if !within_grace || presented.successor_used {
            return RefreshDecision::Reuse;
        }
        return match narrowed_scope(presented) {
            Ok(scope) => RefreshDecision::Replay { scope },
            Err(error) => RefreshDecision::Refuse(error),
        };
    }
    match check_age(presented, now).and_then(|()| narrowed_scope(presented)) {
        Ok(scope) => RefreshDecision::Rotate { scope },
        Err(error) => RefreshDecision::Refuse(error),
    }
}

/// Refuses to answer a repeated request with what its first use got, because that was for another
/// scope: the answer would grant what this request does not ask for, or lack what it does
/// (RFC 6749 §3.3, §6).
#[must_use]
pub fn scope_changed(first: &ScopeSet, now: &ScopeSet) -> OAuthError {
    OAuthError::new(ErrorCode::RefreshScopeChanged)
        .because(format!("first used for `{first}`, now for `{now}`"))
}

fn check_standing(presented: &Presented<'_>) -> Result<(), OAuthError> {
    let Presented { token, grant, client, .. } = presented;
    if token.grant_id != grant.id {
        return Err(OAuthError::new(ErrorCode::Internal).because(format!(
            "the token belongs to grant `{}`, but grant `{}` was looked up",
            token.grant_id, grant.id
        )));
    }
    if grant.client_id != client.id {
        return Err(OAuthError::new(ErrorCode::RefreshTokenOfAnotherClient)
            .because(format!("issued to `{}`, presented by `{}`", grant.client_id, client.id)));
    }
    if let Some(at) = grant.revoked_at {
        return Err(
            OAuthError::new(ErrorCode::GrantRevoked).because(format!("revoked at {}", at.0))
        );
    }
    grant_type::check_allowed(client, GrantType::RefreshToken)
}

fn check_age(presented: &Presented<'_>, now: Timestamp) -> Result<(), OAuthError> {
    let (token, grant) = (presented.token, presented.grant);
    let (end, which) = if grant.expires_at < token.expires_at {
        (grant.expires_at, "absolute")
    } else {
        (token.expires_at, "idle")
    };
    if now < end {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::RefreshTokenExpired)
        .because(format!("its {which} end was {} s ago", now.since(end))))
}

/// RFC 6749 §6: as much as was granted or less.
fn narrowed_scope(presented: &Presented<'_>) -> Result<ScopeSet, OAuthError> {
    let granted = &presented.grant.scope;
    let requested = match presented.requested_scope {
        Some(requested) if !requested.is_empty() => requested,
        _ => return Ok(granted.clone()),
    };
    let beyond = requested.difference(granted);
    if beyond.is_empty() {
        return Ok(requested.clone());
    }
    Err(OAuthError::describe(
        ErrorCode::ScopeWidened,
        format!("scope asks for more than was granted: {beyond}"),
    )
    .because(format!("asked `{requested}`, granted `{granted}`")))
}

#[cfg(test)]
mod tests;
