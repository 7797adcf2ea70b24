# Devices and sessions.

sessions-lead = Where you are signed in at this moment, and the devices that we know as yours.
sessions-signed-in = Signed in
sessions-this = this one
sessions-some-browser = Some browser
sessions-place-unknown = Network address unknown
sessions-place-here = From your present network ({ $ip })
sessions-place-private = From a private network ({ $ip })
sessions-place-address = From { $ip }
sessions-since = Signed in on
sessions-last-used = Last used on
sessions-last-sign-in = Last sign-in on
sessions-apps = Signed in to:
sessions-end = Sign out
sessions-end-others = Sign out everywhere else
sessions-ended = That browser is signed out.
sessions-others-ended = You are signed out everywhere but here.
sessions-offline = Apps that may stay connected while you’re away go on all the same. You find them under { $link }.
sessions-devices = Known devices
sessions-devices-lead = When somebody signs in on a device that is not in this list, we send you a mail. Forget the ones that you don’t have any more.
sessions-trusted = Not asked for a second step until { $day }
sessions-forget = Forget
sessions-forgotten = That device is forgotten. Whoever signs in on it is asked for everything again.
