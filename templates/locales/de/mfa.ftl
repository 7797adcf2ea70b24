# Second factors, passkeys and recovery codes.

mfa-heading = Anmeldung in zwei Schritten
mfa-lead = Mit einem zweiten Schritt öffnet ein gestohlenes Passwort allein nichts.
mfa-required = Die Betreiber dieses Dienstes verlangen für Ihr Konto einen zweiten Schritt.
mfa-apps = Authenticator-Apps
mfa-apps-none = Es gibt noch keine.
mfa-add-app = Authenticator-App hinzufügen
mfa-added = hinzugefügt
mfa-used = zuletzt verwendet
mfa-remove = Entfernen
mfa-rename = Umbenennen
mfa-save = Speichern
mfa-name = Name
mfa-name-hint = Woran Sie das Gerät erkennen, zum Beispiel „Telefon“.
mfa-passkeys = Passkeys
mfa-passkeys-count = { $count ->
    [0] Sie haben keinen Passkey.
    [one] Sie haben einen Passkey.
   *[other] Sie haben { $count } Passkeys.
}
mfa-passkeys-manage = Ihre Passkeys ansehen
mfa-codes = Wiederherstellungscodes
mfa-codes-left = { $count ->
    [0] Sie haben keinen Wiederherstellungscode mehr. Erzeugen Sie neue, sonst sperrt Sie der Verlust Ihres Geräts aus.
    [one] Sie haben noch einen Wiederherstellungscode. Erzeugen Sie bald neue.
   *[other] Sie haben noch { $count } Wiederherstellungscodes.
}
mfa-codes-make = Neue Wiederherstellungscodes erzeugen
mfa-codes-replace = Neue Codes ersetzen alle alten.
mfa-codes-heading = Bewahren Sie diese Wiederherstellungs­codes auf
mfa-codes-lead = Jeder öffnet Ihr Konto einmal, wenn Ihre anderen zweiten Schritte nicht erreichbar sind. Bewahren Sie sie bei wichtigen Papieren oder in Ihrem Passwortmanager auf.
mfa-codes-once = Sie werden nur dieses eine Mal gezeigt.
mfa-codes-copy = Alle kopieren
mfa-codes-copied = Kopiert
mfa-codes-saved = Ich habe diese Codes gespeichert
mfa-totp-heading = Authenticator-App einrichten
mfa-step-scan = Scannen Sie dies mit Ihrer Authenticator-App:
mfa-open-app = In einer App auf diesem Gerät öffnen
mfa-cannot-scan = Sie können es nicht scannen?
mfa-type-secret = Geben Sie diesen Schlüssel in die App ein:
mfa-qr-label = QR-Code mit dem Schlüssel für Ihre Authenticator-App
mfa-step-code = Geben Sie die sechs Ziffern ein, die die App jetzt zeigt.
mfa-totp-confirm = Einschalten
mfa-totp-name = Authenticator-App
mfa-passkey-heading = Passkey hinzufügen
mfa-passkey-lead = Ein Passkey meldet Sie mit der Bildschirmsperre Ihres Geräts an. Er lässt sich nicht erraten, und keine falsche Seite kann ihn Ihnen entlocken.
mfa-passkey-add = Passkey hinzufügen
mfa-passkey-name = Passkey
mfa-passkey-synced = synchronisiert
mfa-passkey-bound = auf einem Gerät
mfa-passkey-cancelled = Es wurde kein Passkey hinzugefügt. Sie können es noch einmal versuchen.
mfa-passkey-impossible = An dieser Adresse funktionieren Passkeys nicht: Sie brauchen einen Rechnernamen, keine Nummer.
mfa-passkey-exists = Dieser Passkey gehört schon zu Ihrem Konto.
mfa-enrol-heading = Zweiten Schritt einrichten
mfa-enrol-lead = Diese Anmeldung braucht mehr als ein Passwort. Richten Sie es einmal ein; es dauert eine Minute.
mfa-enrol-impossible = Diese Anmeldung braucht einen Passkey, und an dieser Adresse funktionieren Passkeys nicht.
mfa-name-long = Dieser Name ist zu lang: höchstens 60 Zeichen.
mfa-last-required = Ihr Konto braucht einen zweiten Schritt, deshalb muss der letzte bleiben. Fügen Sie zuerst einen anderen hinzu.
mfa-last-way = Das ist Ihr einziger Weg, sich anzumelden. Legen Sie zuerst ein Passwort fest.
mfa-done-added = Der zweite Schritt ist eingerichtet. Ihre anderen Geräte wurden abgemeldet.
mfa-done-removed = Es ist entfernt. Ihre anderen Geräte wurden abgemeldet.
mfa-done-codes = Ihre neuen Wiederherstellungscodes gelten; die alten gelten nicht mehr.
mfa-done-passkey = Der Passkey ist hinzugefügt.
mfa-done-renamed = Der Name ist geändert.
