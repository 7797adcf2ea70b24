//! The pages of the account, one file each.

pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod data;
pub(crate) mod email;
pub(crate) mod overview;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod sessions;

use vestibule_model::Message;

use crate::FieldProblem;

/// Whether something is wrong with `field`, for templates.
pub(crate) fn is_wrong(problems: &[FieldProblem<'_>], field: &str) -> bool {
    problems.iter().any(|problem| problem.field == field)
}

/// The sentences about `field`, for `field_wrong.html`.
pub(crate) fn wrongs<'a>(problems: &[FieldProblem<'a>], field: &str) -> Vec<&'a Message> {
    let of_field = problems.iter().filter(|problem| problem.field == field);
    of_field.map(|problem| problem.message).collect()
}
