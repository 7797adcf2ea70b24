# Second factors, passkeys and recovery codes.

mfa-heading = Two-step sign-in
mfa-lead = With a second step, a stolen password alone opens nothing.
mfa-required = The people who run this service ask for a second step on your account.
mfa-apps = Authenticator apps
mfa-apps-none = There is none yet.
mfa-add-app = Add an authenticator app
mfa-added = added
mfa-used = last used
mfa-remove = Remove
mfa-rename = Rename
mfa-save = Save
mfa-name = Name
mfa-name-hint = How you will tell it from the others, for example “Phone”.
mfa-passkeys = Passkeys
mfa-passkeys-count = { $count ->
    [0] You have no passkey.
    [one] You have one passkey.
   *[other] You have { $count } passkeys.
}
mfa-passkeys-manage = See your passkeys
mfa-codes = Recovery codes
mfa-codes-left = { $count ->
    [0] You have no recovery code left. Make new ones, or losing your device would lock you out.
    [one] You have one recovery code left. Make new ones soon.
   *[other] You have { $count } recovery codes left.
}
mfa-codes-make = Make new recovery codes
mfa-codes-replace = New codes take the place of all old ones.
mfa-codes-heading = Keep these recovery codes
mfa-codes-lead = Each opens your account once if your other second steps are out of reach. Keep them where you keep important papers, or in your password manager.
mfa-codes-once = They are shown only this once.
mfa-codes-copy = Copy all
mfa-codes-copied = Copied
mfa-codes-saved = I have saved these codes
mfa-totp-heading = Set up an authenticator app
mfa-step-scan = Scan this with your authenticator app:
mfa-open-app = Open it in an app on this device
mfa-cannot-scan = You can’t scan it?
mfa-type-secret = Type this key into the app:
mfa-qr-label = QR code with the key for your authenticator app
mfa-step-code = Type the six digits that the app shows now.
mfa-totp-confirm = Turn it on
mfa-totp-name = Authenticator app
mfa-passkey-heading = Add a passkey
mfa-passkey-lead = A passkey signs you in with the screen lock of your device. It can’t be guessed, and no false site can make you give it away.
mfa-passkey-add = Add a passkey
mfa-passkey-name = Passkey
mfa-passkey-synced = synchronised
mfa-passkey-bound = on one device
mfa-passkey-cancelled = No passkey was added. You can try again.
mfa-passkey-impossible = Passkeys don’t work at this address: they need a host name, not a number.
mfa-passkey-exists = This passkey is in your account already.
mfa-enrol-heading = Set up a second step
mfa-enrol-lead = This sign-in needs more than a password. Set it up once; it takes a minute.
mfa-enrol-impossible = This sign-in needs a passkey, and passkeys don’t work at this address.
mfa-name-long = This name is too long: 60 characters are the most.
mfa-last-required = Your account needs a second step, so the last one has to stay. Add another first.
mfa-last-way = This is your only way to sign in. Set a password first.
mfa-done-added = The second step is set up. Your other devices were signed out.
mfa-done-removed = It is removed. Your other devices were signed out.
mfa-done-codes = Your new recovery codes are in force; the old ones work no longer.
mfa-done-passkey = The passkey is added.
mfa-done-renamed = The name is changed.
