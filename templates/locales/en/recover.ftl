# The ways back into an account.

recover-heading = Forgot your password?
recover-lead = Tell us your user name or mail address. We send a mail with which you can set a new password.
recover-who = User name or mail address
recover-who-empty = Please type your user name or mail address.
recover-send = Send the mail
recover-remembered = You remember it after all? { $link }.
recover-mails-enough = { $minutes ->
    [one] A mail was sent a moment ago. Look for it, or try again in a minute.
   *[other] Several mails were sent already. Look for them, or try again in { $minutes } minutes.
}
recover-code-lead = If there is an account for { $to }, we sent a mail to its address. Type the six digits that it carries, or open its link.
recover-code-astray = No mail? Look among the unwanted ones too. Was the name not quite right? { $link }.
recover-new-heading = Choose a new password
recover-new-lead = You will be signed in with it.
recover-new-password = New password
recover-new-submit = Save password
recover-new-ends = All devices and apps that are signed in with your account now will be signed out.
recover-off-heading = We can’t send mails
recover-off-lead = { $site } sends no mails, so we can’t help you to a new password from here. Ask the people who run it.
recover-locked-heading = This account is locked
recover-locked-lead = The people who run { $site } have locked it, and only they can open it. Ask them.
recover-unlock-heading = Open your account again
recover-unlock-lead = After too many wrong passwords an account has to wait. Tell us your user name or mail address, and we send a mail with which you end the wait.
recover-unlock-sent-heading = Look into your mail
recover-unlock-sent-lead = If there is an account for { $about } and it has to wait, a mail is on its way to it.
