account-signed-in-as = Sie sind angemeldet als { $name }.
account-name = Name
account-username = Benutzername
account-email = E-Mail
account-since = Angemeldet seit
account-edit-profile = Profil bearbeiten
account-change-mail = Adresse ändern
account-mail-confirmed = bestätigt
account-mail-unconfirmed = nicht bestätigt

account-attention = Einen Blick wert
account-confirm-mail = Ihre E-Mail-Adresse ist noch nicht bestätigt. Ohne sie kann Ihnen niemand wieder hineinhelfen.
account-confirm-mail-do = Adresse bestätigen
account-add-factor = Nur Ihr Passwort steht zwischen anderen und Ihrem Konto.
account-add-factor-do = Zweiten Schritt einrichten
account-few-codes = { $count ->
    [0] Sie haben keine Wiederherstellungscodes. Falls Sie Ihr Gerät verlieren, kommen Sie mit ihnen hinein.
    [one] Ein Wiederherstellungscode ist übrig. Falls Sie Ihr Gerät verlieren, kommen Sie mit ihm hinein.
   *[other] { $count } Wiederherstellungscodes sind übrig. Falls Sie Ihr Gerät verlieren, kommen Sie mit ihnen hinein.
}
account-few-codes-do = Neue Codes erzeugen

account-deletion-heading = Ihr Konto wird gelöscht
account-deletion-when = Das geschieht am { $when }. Bis dahin können Sie es mit allem darin behalten.
account-keep = Konto behalten
account-kept = Ihr Konto bleibt, mit allem darin.

account-ways = Wege zur Anmeldung
account-password = Passwort
account-password-none = Sie haben keines.
account-password-set = Sie haben eines.
account-password-changed = Gewählt am { $day }
account-change-password = Passwort ändern
account-set-password = Passwort wählen
account-second-step = Zweiter Schritt
account-authenticators = { $count ->
    [0] Keine Authenticator-App
    [one] Eine Authenticator-App
   *[other] { $count } Authenticator-Apps
}
account-codes = { $count ->
    [0] Keine Wiederherstellungscodes
    [one] Ein Wiederherstellungscode übrig
   *[other] { $count } Wiederherstellungscodes übrig
}
account-manage-mfa = Zweiten Anmeldeschritt einrichten
account-passkeys = Passkeys
account-passkey-count = { $count ->
    [0] Sie haben keine.
    [one] Ein Passkey
   *[other] { $count } Passkeys
}
account-manage-passkeys = Passkeys verwalten

account-more = Mehr zu Ihrem Konto
account-session-count = { $count ->
    [one] Sie sind nur hier angemeldet.
   *[other] Sie sind an { $count } Orten angemeldet.
}
account-app-count = { $count ->
    [0] Keine App nutzt Ihr Konto.
    [one] Eine App nutzt Ihr Konto.
   *[other] { $count } Apps nutzen Ihr Konto.
}
account-activity = Was mit Ihrem Konto geschehen ist
account-data = Herunterladen oder das Konto löschen
