mail-hello = Guten Tag,
mail-footer = Diese E-Mail kommt von { $site } ({ $home }). Eine Maschine hat sie geschrieben; Antworten liest niemand.
mail-fact = { $label }: { $value }
mail-label-code = Ihr Code
mail-label-when = Wann
mail-label-device = Gerät
mail-label-ip = Netzwerkadresse
mail-label-name = Name
mail-label-new-address = Neue Adresse
mail-label-invited-by = Eingeladen von
mail-by-hand = Falls die Schaltfläche nichts bewirkt, öffnen Sie diese Adresse:
mail-valid-both = Link und Code gelten { $span } lang und nur einmal.
mail-valid-link = Der Link gilt { $span } lang und nur einmal.
mail-valid-code = Der Code gilt { $span } lang und nur einmal.
mail-freeze = Waren Sie das nicht? Dann sperren Sie Ihr Konto gleich: Alle werden abgemeldet, und niemand kann sich anmelden, bis Sie ein neues Passwort gewählt haben.
mail-freeze-action = Das war ich nicht: Konto sperren

mail-register-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $site }
mail-register-lead = Jemand möchte bei { $site } mit dieser E-Mail-Adresse ein Konto eröffnen. Wenn Sie das sind, bestätigen Sie es hier.
mail-register-action = Adresse bestätigen
mail-register-otherwise = Waren Sie das nicht? Dann tun Sie nichts: Ohne Sie entsteht kein Konto.

mail-registered-subject = Sie haben schon ein Konto bei { $site }
mail-registered-lead = Jemand wollte bei { $site } mit dieser E-Mail-Adresse ein Konto eröffnen. Es gibt schon eines, und es bleibt, wie es ist.
mail-registered-sign-in = Anmelden
mail-registered-recover = Neues Passwort wählen
mail-registered-otherwise = Waren Sie das nicht? Dann tun Sie nichts: Niemand hat erfahren, dass Sie ein Konto haben.

mail-invitation-subject = Sie sind zu { $site } eingeladen
mail-invitation-lead = Sie sind eingeladen, bei { $site } ein Konto zu eröffnen.
mail-invitation-action = Konto eröffnen
mail-invitation-otherwise = Haben Sie das nicht erwartet? Dann tun Sie nichts: Ohne Sie entsteht kein Konto.

mail-verify-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $site }
mail-verify-lead = Bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei { $site } ist.
mail-verify-action = Adresse bestätigen
mail-verify-otherwise = Haben Sie dort kein Konto? Dann hat jemand Ihre Adresse aus Versehen angegeben. Tun Sie nichts, dann wird sie nicht verwendet.

mail-reset-subject = Wählen Sie ein neues Passwort für { $site }
mail-reset-lead = Jemand hat für Ihr Konto bei { $site } um ein neues Passwort gebeten. Wenn Sie das waren, wählen Sie es hier.
mail-reset-action = Neues Passwort wählen
mail-reset-otherwise = Waren Sie das nicht? Dann tun Sie nichts: Ihr Passwort bleibt, wie es ist, und nur diese E-Mail enthält den Link.

mail-password-subject = Ihr Passwort für { $site } wurde geändert
mail-password-lead = Ihr Konto bei { $site } hat ein neues Passwort. Alle anderen, die damit angemeldet waren, wurden abgemeldet.

mail-change-subject = Bestätigen Sie Ihre neue E-Mail-Adresse für { $site }
mail-change-lead = Jemand möchte diese E-Mail-Adresse für ein Konto bei { $site } verwenden. Wenn Sie das sind, bestätigen Sie es hier.
mail-change-action = Diese Adresse verwenden
mail-change-otherwise = Waren Sie das nicht? Dann tun Sie nichts, und die Adresse wird nicht verwendet.

mail-changed-subject = Ihre E-Mail-Adresse für { $site } wurde geändert
mail-changed-lead = Ihr Konto bei { $site } hat eine neue E-Mail-Adresse. Ab jetzt schreiben wir an diese.
mail-changed-otherwise = Waren Sie das nicht? Dann nehmen Sie die Änderung zurück; { $span } lang geht das mit diesem Link.
mail-changed-action = Das war ich nicht: Änderung zurücknehmen

mail-undone-subject = Ihre E-Mail-Adresse für { $site } ist wieder die alte
mail-undone-lead = Die Änderung der E-Mail-Adresse Ihres Kontos bei { $site } wurde zurückgenommen: Es gilt wieder die vorige. Alle wurden abgemeldet; wieder hinein führt ein neues Passwort.
mail-undone-otherwise = Haben Sie das nicht selbst getan? Dann liest jemand Ihre E-Mails mit: Wählen Sie zuerst ein neues Passwort für Ihr Postfach und danach eines für { $site }.

mail-unlock-subject = Die Anmeldung mit Passwort bei { $site } ruht
mail-unlock-lead = Jemand hat für Ihr Konto bei { $site } zu viele falsche Passwörter probiert. Damit es niemand errät, nehmen wir eine Weile kein Passwort an. Wenn Sie das waren, öffnen Sie Ihr Konto hier wieder.
mail-unlock-action = Konto wieder öffnen
mail-unlock-otherwise = Waren Sie das nicht? Dann tun Sie nichts: Wer es auch war, kam nicht hinein. Falls Sie das Passwort auch anderswo verwenden, wählen Sie ein neues.

mail-otp-subject = Ihr Anmeldecode für { $site }
mail-otp-lead = Mit diesem Code schließen Sie Ihre Anmeldung bei { $site } ab.
mail-otp-otherwise = Melden Sie sich gerade gar nicht an? Dann kennt jemand Ihr Passwort: Wählen Sie ein neues. Geben Sie diesen Code niemandem; wir fragen nie am Telefon oder per E-Mail danach.

mail-device-subject = Neue Anmeldung bei { $site }
mail-device-lead = Jemand hat sich bei Ihrem Konto bei { $site } mit einem Gerät angemeldet, das wir bei Ihnen noch nicht gesehen haben.

mail-totp-added-subject = Authenticator-App bei { $site } hinzugefügt
mail-totp-added-lead = Zu Ihrem Konto bei { $site } kam eine Authenticator-App hinzu. Ihre Codes können nun bestätigen, dass Sie es sind.
mail-passkey-added-subject = Passkey bei { $site } hinzugefügt
mail-passkey-added-lead = Zu Ihrem Konto bei { $site } kam ein Passkey hinzu. Damit können Sie sich nun anmelden.
mail-totp-removed-subject = Authenticator-App bei { $site } entfernt
mail-totp-removed-lead = Eine Authenticator-App wurde aus Ihrem Konto bei { $site } entfernt. Ihre Codes zählen nicht mehr.
mail-passkey-removed-subject = Passkey bei { $site } entfernt
mail-passkey-removed-lead = Ein Passkey wurde aus Ihrem Konto bei { $site } entfernt. Mit ihm kann sich niemand mehr anmelden.
mail-codes-made-subject = Neue Wiederherstellungscodes für { $site }
mail-codes-made-lead = Ihr Konto bei { $site } hat neue Wiederherstellungscodes. Die bisherigen gelten nicht mehr.
mail-code-used-subject = Wiederherstellungscode bei { $site } benutzt
mail-code-used-lead = Jemand hat sich bei Ihrem Konto bei { $site } mit einem Ihrer Wiederherstellungscodes angemeldet. { $left ->
        [0] Es war der letzte: Erzeugen Sie in Ihrem Konto neue.
        [one] Einer ist übrig.
       *[other] { $left } sind übrig.
    }

mail-deletion-subject = Ihr Konto bei { $site } wird gelöscht
mail-deletion-lead = Wie von Ihnen gewünscht, wird Ihr Konto bei { $site } gelöscht, und zwar am { $when }. Bis dahin können Sie es noch behalten.
mail-deletion-action = Konto behalten
mail-deletion-otherwise = Waren Sie das nicht? Dann behalten Sie Ihr Konto mit diesem Link und wählen Sie ein neues Passwort.

mail-erased-subject = Ihr Konto bei { $site } ist gelöscht
mail-erased-lead = Ihr Konto bei { $site } ist gelöscht und mit ihm, was wir über Sie wussten. Dies ist unsere letzte E-Mail an Sie.
mail-erased-otherwise = Es lässt sich nicht zurückholen. Sie können jederzeit gern ein neues eröffnen.

mail-frozen-subject = Ihr Konto bei { $site } ist gesperrt
mail-frozen-lead = Ihr Konto bei { $site } wurde gesperrt, weil jemand mit einer E-Mail von uns gesagt hat: „Das war ich nicht“. Alle wurden abgemeldet. Sobald Sie ein neues Passwort wählen, können Sie Ihr Konto wieder benutzen.
mail-frozen-action = Neues Passwort wählen
mail-frozen-otherwise = Haben nicht Sie es gesperrt? Wählen Sie trotzdem ein neues Passwort, auch für Ihr Postfach: Jemand anderes kann es lesen.
