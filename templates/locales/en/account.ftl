# The overview of the account.

account-signed-in-as = You are signed in as { $name }.
account-name = Name
account-username = User name
account-email = Mail
account-since = Signed in since
account-edit-profile = Edit your profile
account-change-mail = Change your address
account-mail-confirmed = confirmed
account-mail-unconfirmed = not confirmed

account-attention = Worth a look
account-confirm-mail = Your mail address is not confirmed yet. Without it nobody can help you back in.
account-confirm-mail-do = Confirm your address
account-add-factor = Only your password stands between others and your account.
account-add-factor-do = Add a second step
account-few-codes = { $count ->
    [0] You have no recovery codes. If you lose your device, they let you in.
    [one] One recovery code is left. If you lose your device, it lets you in.
   *[other] { $count } recovery codes are left. If you lose your device, they let you in.
}
account-few-codes-do = Make new codes

account-deletion-heading = Your account will be deleted
account-deletion-when = That happens on { $when }. Until then you can keep it, with everything in it.
account-keep = Keep my account
account-kept = Your account stays, with everything in it.

account-ways = Ways to sign in
account-password = Password
account-password-none = You have none.
account-password-set = You have one.
account-password-changed = Chosen on { $day }
account-change-password = Change your password
account-set-password = Choose a password
account-second-step = Second step
account-authenticators = { $count ->
    [0] No authenticator app
    [one] One authenticator app
   *[other] { $count } authenticator apps
}
account-codes = { $count ->
    [0] No recovery codes
    [one] One recovery code left
   *[other] { $count } recovery codes left
}
account-manage-mfa = Set up two-step sign-in
account-passkeys = Passkeys
account-passkey-count = { $count ->
    [0] You have none.
    [one] One passkey
   *[other] { $count } passkeys
}
account-manage-passkeys = Look after your passkeys

account-more = More about your account
account-session-count = { $count ->
    [one] You are signed in here only.
   *[other] You are signed in at { $count } places.
}
account-app-count = { $count ->
    [0] No app uses your account.
    [one] One app uses your account.
   *[other] { $count } apps use your account.
}
account-activity = What happened with your account
account-data = Download it, or delete your account
