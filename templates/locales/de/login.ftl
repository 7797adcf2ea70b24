login-heading = Anmelden
login-heading-confirm = Bitte bestätigen Sie, dass Sie es sind
login-heading-other = Mit einem anderen Konto anmelden
login-toward = weiter zu { $client }
login-asked = { $client } bittet Sie, sich noch einmal anzumelden, um sicher zu sein, dass Sie es sind.
login-too-old = { $client } verlangt eine Anmeldung, die höchstens { $span } alt ist, und Ihre ist älter.
login-other-account = { $client } erwartet ein anderes Konto als das, mit dem Sie angemeldet sind.
login-this-app = Diese App
login-username = Benutzername oder E-Mail-Adresse
login-password = Passwort
login-submit = Anmelden
login-wrong = Benutzername und Passwort passen nicht zusammen.
login-busy = Gerade melden sich viele Menschen an. Warten Sie ein paar Sekunden und versuchen Sie es dann noch einmal.
login-sensitive = Was nun kommt, ändert, wie Sie sich anmelden. Zeigen Sie deshalb bitte noch einmal, dass Sie es sind.
login-locked = { $seconds ->
    [one] Zu viele Versuche. Warten Sie eine Sekunde und versuchen Sie es dann noch einmal.
   *[other] Zu viele Versuche. Warten Sie { $seconds } Sekunden und versuchen Sie es dann noch einmal.
}
login-unlock = Stattdessen per E-Mail öffnen
login-forgot = Passwort vergessen?
login-or = oder
login-passkey = Mit einem Passkey anmelden
login-passkey-cancelled = Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal oder nehmen Sie Ihr Passwort.
login-not-you = Nicht { $name }?
login-no-account = Neu hier?
login-register = Ein Konto anlegen
