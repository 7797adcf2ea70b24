# The page that asks whether a client may have what it asks for.

consent-heading = Continue to { $client }?
consent-lead = { $client } wants to use your { $site } account.
consent-would-like = It would like to
consent-new = New this time
consent-details = It asks for these details
consent-before = You allowed this before
consent-nothing = It asks for nothing from your account.
consent-goes-to-host = Your answer goes to { $host }.
consent-goes-to-program = Your answer goes to a program on this device, at { $host }.
consent-goes-to-app = Your answer goes to the app on this device that opens { $scheme } links.
consent-website = Website
consent-policy = Privacy policy
consent-terms = Terms of service
consent-new-tab = (in a new tab)
consent-deny = Cancel
consent-allow = Allow
consent-optional = You can leave these out
consent-withdraw = You can take this back at any time in your account, under “Connected apps”.
