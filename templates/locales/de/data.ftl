data-lead = Was wir über Sie aufbewahren: zum Ansehen, zum Mitnehmen und zum Löschen, wann Sie wollen.
data-download = Meine Daten herunterladen
data-download-hint = Eine Datei mit allem (JSON, das andere Programme lesen können). Sie enthält kein Passwort und keinen Schlüssel.
data-kept = Was wir aufbewahren
data-groups = Gruppen
data-created = Konto eröffnet
data-updated = Zuletzt geändert
data-terms = Nutzungsbedingungen { $version } angenommen
data-factors = { $count ->
    [0] Ihr Passwort und wann Sie es gewählt haben
    [one] Eine Authenticator-App oder ein Passkey
   *[other] { $count } Authenticator-Apps und Passkeys
}
data-sessions = { $sessions ->
    [one] Eine Sitzung
   *[other] { $sessions } Sitzungen
}, { $devices ->
    [one] ein bekanntes Gerät
   *[other] { $devices } bekannte Geräte
}
data-mails = E-Mails der letzten Tage
data-delete = Mein Konto löschen
data-delete-when = Wir warten { $span }, bevor das Konto gelöscht wird, und bis dahin können Sie es absagen. Sie bleiben nur hier angemeldet, und jede App verliert sofort den Zugriff.
data-delete-what = Dann verschwindet alles Persönliche: Name, Adresse, Profil, Passwörter und Schlüssel, Sitzungen, Apps und E-Mails. Von dem, was hier geschah, bleibt eine Aufzeichnung, die nicht mehr zu Ihnen führt. Niemand kann das Konto zurückholen.
data-username = Um fortzufahren, geben Sie Ihren Benutzernamen { $username } ein
data-username-other = Das ist nicht Ihr Benutzername. Es wurde nichts gelöscht.
data-delete-submit = Mein Konto löschen
data-scheduled = Ihr Konto wird gelöscht. Noch können Sie es absagen.
data-last-administrator = Nur Sie haben hier die Rechte der Verwaltung. Geben Sie sie zuerst jemand anderem: Ohne Sie könnte sich niemand um diesen Server kümmern.
