# Signing out.

logout-heading = Sign out?
logout-lead-client = { $client } asks to sign you out of { $site }.
logout-lead = You are about to sign out of { $site } in this browser.
logout-stay = Stay signed in
logout-submit = Sign out
logout-done-heading = You are signed out
logout-done-lead = You have left { $site } in this browser. See you soon.
logout-back = Back to { $client }
