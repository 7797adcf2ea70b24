# Was ein Benutzername, eine E-Mail-Adresse, ein Passwort oder ein Profil sein darf.

account-username-empty = Wählen Sie einen Benutzernamen.
account-username-too-long = Dieser Benutzername ist zu lang: Höchstens { $max } Zeichen sind möglich.
account-username-spaced = Ein Benutzername enthält keine Leerzeichen und kein @.
account-email-look = Das sieht nicht wie eine E-Mail-Adresse aus.

password-empty = Wählen Sie ein Passwort.
password-too-short = Dieses Passwort ist zu kurz: Es braucht mindestens { $min } Zeichen und hat { $has }.
password-too-long = Dieses Passwort ist zu lang: Höchstens { $max } Zeichen sind möglich, und es hat { $has }.
password-few-classes = Von Kleinbuchstaben, Großbuchstaben, Ziffern und anderen Zeichen braucht dieses Passwort { $min } Arten und hat { $has }.
password-has-username = Dieses Passwort enthält „{ $part }“ aus Ihrem Benutzernamen. Wer Sie kennt, probiert das zuerst.
password-has-email = Dieses Passwort enthält „{ $part }“ aus Ihrer E-Mail-Adresse. Wer Sie kennt, probiert das zuerst.
password-has-name = Dieses Passwort enthält „{ $part }“ aus Ihrem Namen. Wer Sie kennt, probiert das zuerst.
password-common = Dieses Passwort wurde nach einem Einbruch anderswo veröffentlicht, und Angreifer probieren es zuerst.
password-reused = { $last ->
    [one] Das ist Ihr bisheriges Passwort. Wählen Sie ein neues.
   *[other] Das ist eines Ihrer letzten { $last } Passwörter. Wählen Sie ein neues.
}

password-guessable = Dieses Passwort ist zu leicht zu erraten.
password-guessable-keyboard = Dieses Passwort ist leicht zu erraten: Es folgt den Tasten der Tastatur.
password-guessable-repeat = Dieses Passwort ist leicht zu erraten: Es wiederholt sich.
password-guessable-similar = Dieses Passwort ist leicht zu erraten: Viele Menschen verwenden es oder ein sehr ähnliches.
password-guessable-sequence = Dieses Passwort ist leicht zu erraten: Es enthält eine Folge wie abc oder 6543.
password-guessable-date = Dieses Passwort ist leicht zu erraten: Es enthält eine Jahreszahl oder ein Datum.
password-guessable-word = Dieses Passwort ist leicht zu erraten: Es ist ein einzelnes Wort.
password-guessable-name = Dieses Passwort ist leicht zu erraten: Vor- und Nachnamen werden früh probiert.
password-hint-words = Ein paar Wörter, die nichts miteinander zu tun haben, ergeben ein gutes Passwort.
password-hint-more = Fügen Sie noch ein oder zwei Wörter hinzu; je seltener, desto besser.
password-hint-capitals = Großbuchstaben helfen wenig.
password-hint-reversed = Ein rückwärts geschriebenes Wort ist kaum schwerer zu erraten.
password-hint-substitutes = Ähnlich aussehende Zeichen wie @ statt a helfen wenig.
password-hint-keyboard = Eine Tastenfolge müsste länger sein und öfter die Richtung wechseln.
password-hint-repeats = Lassen Sie weg, was sich wiederholt.
password-hint-sequences = Lassen Sie die Folge weg.
password-hint-dates = Lassen Sie Jahreszahlen und Daten weg, vor allem die aus Ihrem eigenen Leben.

password-rule-length = { $min } bis { $max } Zeichen. Leerzeichen und Buchstaben jeder Sprache sind willkommen.
password-rule-classes = { $min ->
    [one] Mindestens eine dieser Arten: Kleinbuchstaben, Großbuchstaben, Ziffern, andere Zeichen.
   *[other] Mindestens { $min } dieser Arten: Kleinbuchstaben, Großbuchstaben, Ziffern, andere Zeichen.
}
password-rule-strength = Schwer zu erraten: zum Beispiel vier Wörter, die nichts miteinander zu tun haben.
password-rule-own = Nichts aus Ihrem Namen, Benutzernamen oder Ihrer E-Mail-Adresse.
password-rule-common = Keines der Passwörter, die Angreifer zuerst probieren.
password-rule-reused = { $last ->
    [one] Nicht Ihr bisheriges Passwort.
   *[other] Keines Ihrer letzten { $last } Passwörter.
}

profile-unknown-field = Dieses Feld gibt es nicht.
profile-text-control = Verwenden Sie Buchstaben, Ziffern und Satzzeichen in einer einzigen Zeile.
profile-text-too-long = Das ist zu lang: Höchstens { $max } Zeichen sind möglich.
profile-url-look = Geben Sie eine Adresse ein, die mit https:// beginnt, zum Beispiel https://example.org/ana.
profile-url-too-long = Diese Adresse ist zu lang: Höchstens { $max } Zeichen sind möglich.
profile-birthdate-look = Schreiben Sie das Datum als 1984-02-29, nur das Jahr als 1984 oder ohne das Jahr als 0000-02-29.
profile-birthdate-no-such-day = Diesen Tag gab es nicht. Prüfen Sie Monat und Tag.
profile-birthdate-future = Dieser Tag kommt erst noch.
profile-zoneinfo-unknown = Keine Zeitzone heißt so. Die Namen sehen aus wie Europe/Berlin.
profile-locale-look = Schreiben Sie die Sprache als Kürzel, zum Beispiel de, de-AT oder pt-BR.
profile-phone-country = Beginnen Sie mit + und der Vorwahl des Landes, zum Beispiel +49 30 1234567.
profile-phone-look = Eine Telefonnummer hat nach dem + und der Vorwahl des Landes nur Ziffern.
profile-phone-length = Diese Telefonnummer ist nicht vollständig: Sie hat 7 bis 15 Ziffern.
