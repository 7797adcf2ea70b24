# On the way back to a client.

leaving-title = Returning to { $client }
leaving-heading = Returning to { $client }…
leaving-the-app = the app
leaving-nothing-happens = Nothing happens? { $link }.
leaving-go-on = Go on to { $client }
leaving-continue = Continue
