//! Texts: the pages that people see.

use super::Texts;

pub(in crate::error_code) const INTERACTION_UNKNOWN: Texts = Texts {
    cause: "The address of this page belongs to a sign-in that was finished, cleaned away, or \
            never began here. Bookmarked sign-in pages end like this.",
    fix: "Go back to the app and start again from there; bookmark the app, not its sign-in page.",
    example: "Open the app and choose Sign in",
};
pub(in crate::error_code) const INTERACTION_EXPIRED: Texts = Texts {
    cause: "A sign-in has to be finished within a while, and this page was open for longer.",
    fix: "Start again with the button on this page or from the app. Nothing was lost and nothing \
          was allowed.",
    example: "Open the app and choose Sign in",
};
pub(in crate::error_code) const FORM_EXPIRED: Texts = Texts {
    cause: "A form can only be sent by the browser that got it. This one was made for another \
            browser or before its cookies were cleared, or cookies are blocked.",
    fix: "Load the page again and send the form from there. If it keeps happening, allow cookies \
          for this site.",
    example: "Reload the page, then try again",
};
pub(in crate::error_code) const CREDENTIALS_WRONG: Texts = Texts {
    cause: "The user name and the password do not belong together. For your safety we don't say \
            which of the two is wrong.",
    fix: "Check for Caps Lock and for a password manager that filled in another account, then try \
          again.",
    example: "Your user name or e-mail address, and your password",
};
pub(in crate::error_code) const SETUP_LINK_INVALID: Texts = Texts {
    cause: "A set-up link works once and for a short time. This one was used, is too old, or was \
            cut off when it was copied.",
    fix: "Copy the whole link. If it is spent, make an account on the server's command line \
          instead.",
    example: "vestibule user create --username NAME --email MAIL --password-file FILE",
};
pub(in crate::error_code) const PASSWORD_UNACCEPTABLE: Texts = Texts {
    cause: "The password is too short, too long, or too easy to guess.",
    fix: "Choose a longer one; several unrelated words or a password manager's suggestion both do \
          well.",
    example: "Four or more words that have nothing to do with each other",
};
pub(in crate::error_code) const ACCOUNT_NAME_TAKEN: Texts = Texts {
    cause: "Another account has this user name or mail address already; upper and lower case make \
            no difference.",
    fix: "Choose another user name, or sign in with the account that has it.",
    example: "vestibule user create --username another-name --email MAIL --password-file FILE",
};
