# The second factor, and passkeys wherever they are used.

verify-title = Bestätigen Sie, dass Sie es sind
verify-heading = Noch ein Schritt
verify-heading-more = Bitte bestätigen Sie, dass Sie es sind
verify-lead-passkey = Verwenden Sie einen Ihrer Passkeys: Ihr Gerät fragt nach der Bildschirmsperre, dem Finger oder dem Gesicht.
verify-lead-totp = Öffnen Sie Ihre Authenticator-App und geben Sie die sechs Ziffern ein, die sie für dieses Konto zeigt.
verify-lead-recovery = Geben Sie einen der Wiederherstellungscodes ein, die Sie aufbewahrt haben. Jeder gilt einmal.
verify-lead-email = Wir können einen Code an Ihre E-Mail-Adresse senden.
verify-lead-sent = Wir haben einen Code an { $address } gesendet. Geben Sie ihn hier ein; er gilt zehn Minuten.
verify-label-code = Code
verify-label-recovery = Wiederherstellungscode
verify-remember = { $days ->
    [one] Auf diesem Gerät einen Tag lang nicht mehr fragen
   *[other] Auf diesem Gerät { $days } Tage lang nicht mehr fragen
}
verify-submit = Weiter
verify-send = Code senden
verify-send-again = Neuen Code senden
verify-cancel = Abbrechen
verify-others = Andere Wege
verify-offer-passkey = Einen Passkey verwenden
verify-offer-totp = Einen Code aus der Authenticator-App verwenden
verify-offer-recovery = Einen Wiederherstellungscode verwenden
verify-offer-email = Einen Code per E-Mail erhalten
verify-code-wrong = Dieser Code stimmt nicht. Prüfen Sie ihn und versuchen Sie es noch einmal.
verify-code-used = Dieser Code wurde schon verwendet. Warten Sie auf den nächsten.
verify-code-clock = Dieser Code stimmt nicht. Wenn das öfter vorkommt, prüfen Sie die Uhr Ihres Geräts.
verify-code-old = Dieser Code ist zu alt. Lassen Sie sich einen neuen senden.
verify-locked = { $seconds ->
    [one] Zu viele Versuche. Warten Sie eine Sekunde und versuchen Sie es dann noch einmal.
   *[other] Zu viele Versuche. Warten Sie { $seconds } Sekunden und versuchen Sie es dann noch einmal.
}
verify-mail-limit = Wir haben Ihnen gerade mehrere Codes gesendet. Warten Sie ein paar Minuten, bevor Sie einen weiteren anfordern.
passkey-use = Passkey verwenden
passkey-needs-script = Passkeys brauchen JavaScript, das in diesem Browser ausgeschaltet ist. Wählen Sie einen anderen Weg.
passkey-unavailable = Dieser Browser kann keine Passkeys verwenden. Wählen Sie einen anderen Weg.
passkey-cancelled = Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.
passkey-refused = Dieser Passkey wurde nicht angenommen. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.
passkey-unknown = Diesen Passkey kennen wir nicht. Vielleicht wurde er aus Ihrem Konto entfernt.
