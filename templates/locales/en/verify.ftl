# The second factor, and passkeys wherever they are used.

verify-title = Confirm it’s you
verify-heading = One more step
verify-heading-more = Please confirm it’s you
verify-lead-passkey = Use one of your passkeys: your device will ask for its screen lock, your finger or your face.
verify-lead-totp = Open your authenticator app and type the six digits it shows for this account.
verify-lead-recovery = Type one of the recovery codes that you kept. Each works once.
verify-lead-email = We can send a code to your mail address.
verify-lead-sent = We sent a code to { $address }. Type it here; it works for ten minutes.
verify-label-code = Code
verify-label-recovery = Recovery code
verify-remember = { $days ->
    [one] Don’t ask again on this device for a day
   *[other] Don’t ask again on this device for { $days } days
}
verify-submit = Continue
verify-send = Send me a code
verify-send-again = Send another code
verify-cancel = Cancel
verify-others = Other ways
verify-offer-passkey = Use a passkey
verify-offer-totp = Use a code from your authenticator app
verify-offer-recovery = Use a recovery code
verify-offer-email = Get a code by mail
verify-code-wrong = That code isn’t right. Check it and try again.
verify-code-used = That code was used already. Wait for the next one.
verify-code-clock = That code isn’t right. If it keeps happening, check the clock of your device.
verify-code-old = That code is too old. Send yourself another one.
verify-locked = { $seconds ->
    [one] Too many tries. Wait a second, then try again.
   *[other] Too many tries. Wait { $seconds } seconds, then try again.
}
verify-mail-limit = We sent you several codes just now. Wait a few minutes before you ask for another.
passkey-use = Use a passkey
passkey-needs-script = Passkeys need JavaScript, which is off in this browser. Choose another way.
passkey-unavailable = This browser can’t use passkeys. Choose another way.
passkey-cancelled = No passkey was used. Try again, or choose another way.
passkey-refused = That passkey wasn’t accepted. Try again, or choose another way.
passkey-unknown = We don’t know that passkey. It may have been removed from your account.
