# Signing out.

logout-heading = Sign out?
logout-lead-client = { $client } asks to sign you out of { $site }.
logout-lead = You are about to sign out of { $site } in this browser.
logout-stay = Stay signed in
logout-submit = Sign out
logout-done-heading = You are signed out
logout-done-lead = You have left { $site } in this browser. See you soon.
logout-back = Back to { $client }
logout-telling = We are telling the apps that you used. In a moment you go on to { $client }.
logout-frame = Signing out of an app
