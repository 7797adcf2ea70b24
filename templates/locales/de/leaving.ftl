leaving-title = Zurück zu { $client }
leaving-heading = Zurück zu { $client } …
leaving-the-app = der App
leaving-nothing-happens = Es tut sich nichts? { $link }.
leaving-go-on = Gehen Sie weiter zu { $client }
leaving-continue = Weiter
