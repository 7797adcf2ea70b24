# Another password.

password-title = Password
password-lead = To choose another password, type the one you have once more.
password-lead-first = You sign in without a password. You can choose one besides.
password-present = Present password
password-present-wrong = This isn’t your present password.
password-new = New password
password-submit = Change password
password-submit-first = Choose password
password-ends = With a new password you stay signed in here. Everywhere else you are signed out, and every device is asked for the second step again.
password-changed = Your password is changed. You are signed out everywhere else.
