# What is kept about a person, and the end of the account.

data-lead = What we keep about you: to look at, to take along, and to be deleted when you wish.
data-download = Download my data
data-download-hint = One file with everything (JSON, which other programs can read). It holds no password and no key.
data-kept = What we keep
data-groups = Groups
data-created = Account made
data-updated = Last changed
data-terms = Terms of service { $version } accepted
data-factors = { $count ->
    [0] Your password, and when you chose it
    [one] One authenticator app or passkey
   *[other] { $count } authenticator apps and passkeys
}
data-sessions = { $sessions ->
    [one] One session
   *[other] { $sessions } sessions
}, { $devices ->
    [one] one known device
   *[other] { $devices } known devices
}
data-mails = Mails of the last days
data-delete = Delete my account
data-delete-when = We wait { $span } before the account is erased, and until then you can call it off. You stay signed in here only, and every app loses access at once.
data-delete-what = Then everything personal goes: name, address, profile, passwords and keys, sessions, apps and mails. Of what happened here a record stays that no longer leads to you. Nobody can bring the account back.
data-username = To go on, type your user name, { $username }
data-username-other = This isn’t your user name. Nothing was deleted.
data-delete-submit = Delete my account
data-scheduled = Your account will be deleted. You can still call it off.
data-last-administrator = You are the last administrator. Make somebody else one first: without you nobody could look after this server.
