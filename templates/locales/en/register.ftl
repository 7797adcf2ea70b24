# Making an account, and the codes that prove an address.

register-title = Create an account
register-username = User name
register-username-hint = You sign in with it. No spaces, no @.
register-username-taken = This user name is taken. Choose another.
register-email = Mail address
register-email-hint = We send a code to it, to see that it’s yours.
register-email-invited = You were invited under this address.
register-name = Your name (if you like)
register-password = Password
register-terms = I accept the terms of service
register-terms-needed = To have an account here you need to accept the terms of service.
register-submit = Create account
register-sign-in = Sign in
register-have-one = You have an account already? { $link }.
register-address-taken = This address has an account already. Sign in with it, or use another address.
register-mails-enough = { $minutes ->
    [one] We sent a mail to this address a moment ago. Look for it, or try again in a minute.
   *[other] We sent several mails to this address already. Look for them, or try again in { $minutes } minutes.
}
register-slow-down = { $minutes ->
    [one] Many people near you are trying this right now. Wait a minute, then try again.
   *[other] Many people near you are trying this right now. Wait { $minutes } minutes, then try again.
}
register-busy = Many people are signing up right now. Wait a few seconds, then try again.

register-code-heading = Look into your mail
register-code-heading-verify = Confirm your address
register-code-heading-change = Confirm your new address
register-code-lead = We sent a mail to { $to }. Type the six digits that it carries, or open its link.
register-code-astray = No mail? Look among the unwanted ones too. Was the address not quite right? { $link }.
register-start-over = Start over
register-code = Code
register-code-hint = The code works for { $span }.
register-code-submit = Continue
register-code-again = Send another mail
register-sent-again = Another mail is on its way. Only the code in that one works now.
register-code-look = A code has six digits. Please type all of them.
register-code-wrong = { $left ->
    [0] That code isn’t right, and it can’t be tried again. Send yourself another mail.
    [one] That code isn’t right. You can try once more.
   *[other] That code isn’t right. You can try { $left } more times.
}
register-code-spent = This code was tried too often. Send yourself another mail.
register-code-old = This code works no longer. Send yourself another mail.

register-off-heading = Accounts are made for you
register-off-lead = The people who run { $site } make the accounts here. Ask them for one.
register-invite-heading = You need an invitation
register-invite-lead = New people come to { $site } by invitation. Open the link in the mail that invited you.
register-invite-over-heading = This invitation is over
register-invite-over-lead = It was used already, or it is too old. If you made your account with it, sign in; else ask whoever invited you for another one.
register-done-heading = Your account is ready
register-done-lead = Go back to the window where you began, or sign in here with the password that you chose.
register-taken-heading = This address has an account already
register-taken-lead = Sign in with { $about }, or set a new password if you forgot yours.
