# The page at the issuer itself.

home-title = Welcome
home-heading = The way in to your apps
home-lead = { $site } signs you in once, and your apps know it’s you. They never see your password.
home-account = Your account
home-sign-in = Sign in to your account
