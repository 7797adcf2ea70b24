# The terms of service.

terms-heading = Terms of service
terms-lead = { $site } has terms that you have not accepted yet. Please read them before you go on.
terms-text = The terms
terms-read = Read the terms of service (in a new tab)
terms-version = Version
terms-accept = I accept
terms-cancel = Cancel
terms-cancelled-means = If you cancel, you go back to the app, and nothing changes.
