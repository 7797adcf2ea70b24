logout-heading = Abmelden?
logout-lead-client = { $client } möchte Sie bei { $site } abmelden.
logout-lead = Sie melden sich in diesem Browser bei { $site } ab.
logout-stay = Angemeldet bleiben
logout-submit = Abmelden
logout-done-heading = Sie sind abgemeldet
logout-done-lead = Sie haben { $site } in diesem Browser verlassen. Bis bald.
logout-back = Zurück zu { $client }
