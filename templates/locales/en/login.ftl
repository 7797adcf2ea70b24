# The sign-in page.

login-heading = Sign in
login-heading-confirm = Please confirm it’s you
login-heading-other = Sign in with another account
login-toward = to continue to { $client }
login-asked = { $client } asks you to sign in once more, so it knows that it’s you.
login-too-old = { $client } asks for a sign-in of the last { $span }, and yours is older.
login-other-account = { $client } expects another account than the one that is signed in.
login-this-app = This app
login-username = User name or mail address
login-password = Password
login-submit = Sign in
login-wrong = That user name and password don’t match.
login-busy = Many people are signing in right now. Wait a few seconds, then try again.
login-sensitive = What comes next changes how you sign in, so please show once more that it’s you.
login-locked = { $seconds ->
    [one] Too many tries. Wait a second, then try again.
   *[other] Too many tries. Wait { $seconds } seconds, then try again.
}
login-unlock = Open it by mail instead
login-forgot = Forgot your password?
login-or = or
login-passkey = Sign in with a passkey
login-passkey-cancelled = No passkey was used. Try again, or use your password.
login-not-you = Not { $name }?
login-no-account = New here?
login-register = Make an account
