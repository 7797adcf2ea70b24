# Pages that say what did not work, and what to do.

error-index-title = Errors
error-request-id = Request id
error-developers = For developers
error-to-account = Go to your account
error-client-unknown = The app that sent you here is not known to us.
error-tell-the-app = Go back to the app and try again. If this keeps happening, tell the people who run the app.
error-address-unknown = The app asked us to send you to an address that we don’t know.
error-stopped-here = To keep your account safe we stopped here. Tell the people who run the app.
error-sign-in-over = This sign-in is over.
error-start-again = Go back to the app you came from and start again there.
error-setup-link = This set-up link was used already, or it is too old.
error-new-setup-link = Make a new one on the server with: vestibule admin setup-link
error-busy = We are very busy right now.
error-wait = Wait a few seconds, then load the page again.
error-our-side = Something went wrong on our side.
error-send-request-id = Try again in a moment. If it happens again, send us the request id below.
error-nothing-here = There is nothing at this address.
error-check-address = Check the address, or go back to where you were.
error-sign-out-untrusted = The app asked to sign you out in a way that we can’t trust.
error-still-signed-in = You are still signed in. You can sign out on your account page.
error-unanswerable = The app sent a request that we can’t answer.
error-stale-heading = This page got old
error-stale-lead = It waited too long, or was finished in another tab. Nothing is lost.
error-stale-continue = Continue to { $client }
error-stale-start = Start again at { $client }
