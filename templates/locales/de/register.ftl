register-title = Konto anlegen
register-username = Benutzername
register-username-hint = Damit melden Sie sich an. Ohne Leerzeichen und ohne @.
register-username-taken = Diesen Benutzernamen gibt es schon. Bitte wählen Sie einen anderen.
register-email = E-Mail-Adresse
register-email-hint = Wir schicken einen Code dorthin, um zu sehen, dass sie Ihnen gehört.
register-email-invited = Unter dieser Adresse wurden Sie eingeladen.
register-name = Ihr Name (wenn Sie möchten)
register-password = Passwort
register-terms = Ich nehme die Nutzungsbedingungen an
register-terms-needed = Für ein Konto müssen Sie die Nutzungsbedingungen annehmen.
register-submit = Konto anlegen
register-sign-in = Anmelden
register-have-one = Sie haben schon ein Konto? { $link }.
register-address-taken = Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich damit an, oder nehmen Sie eine andere Adresse.
register-mails-enough = { $minutes ->
    [one] Wir haben eben erst eine E-Mail an diese Adresse geschickt. Sehen Sie nach, oder versuchen Sie es in einer Minute noch einmal.
   *[other] Wir haben schon mehrere E-Mails an diese Adresse geschickt. Sehen Sie nach, oder versuchen Sie es in { $minutes } Minuten noch einmal.
}
register-slow-down = { $minutes ->
    [one] In Ihrer Nähe versuchen das gerade viele. Warten Sie eine Minute und versuchen Sie es dann noch einmal.
   *[other] In Ihrer Nähe versuchen das gerade viele. Warten Sie { $minutes } Minuten und versuchen Sie es dann noch einmal.
}
register-busy = Gerade legen viele ein Konto an. Warten Sie ein paar Sekunden und versuchen Sie es dann noch einmal.

register-code-heading = Sehen Sie in Ihr Postfach
register-code-heading-verify = Adresse bestätigen
register-code-heading-change = Neue Adresse bestätigen
register-code-lead = Wir haben eine E-Mail an { $to } geschickt. Geben Sie die sechs Ziffern daraus ein, oder öffnen Sie den Link darin.
register-code-astray = Keine E-Mail? Sehen Sie auch bei den unerwünschten nach. War die Adresse nicht ganz richtig? { $link }.
register-start-over = Von vorn beginnen
register-code = Code
register-code-hint = Der Code gilt { $span }.
register-code-submit = Weiter
register-code-again = Noch eine E-Mail schicken
register-sent-again = Eine neue E-Mail ist unterwegs. Nur der Code darin gilt jetzt noch.
register-code-look = Ein Code hat sechs Ziffern. Bitte geben Sie alle ein.
register-code-wrong = { $left ->
    [0] Der Code stimmt nicht und kann nicht noch einmal versucht werden. Lassen Sie sich eine neue E-Mail schicken.
    [one] Der Code stimmt nicht. Sie können es noch einmal versuchen.
   *[other] Der Code stimmt nicht. Sie können es noch { $left }-mal versuchen.
}
register-code-spent = Dieser Code wurde zu oft versucht. Lassen Sie sich eine neue E-Mail schicken.
register-code-old = Dieser Code gilt nicht mehr. Lassen Sie sich eine neue E-Mail schicken.

register-off-heading = Konten werden für Sie angelegt
register-off-lead = Bei { $site } legen die Betreiber die Konten an. Bitten Sie dort um eines.
register-invite-heading = Sie brauchen eine Einladung
register-invite-lead = Zu { $site } kommt man auf Einladung. Öffnen Sie den Link in der E-Mail, mit der Sie eingeladen wurden.
register-invite-over-heading = Diese Einladung ist vorbei
register-invite-over-lead = Sie wurde schon benutzt, oder sie ist zu alt. Wenn Sie damit Ihr Konto angelegt haben, melden Sie sich an; sonst bitten Sie um eine neue.
register-done-heading = Ihr Konto ist bereit
register-done-lead = Gehen Sie zurück zu dem Fenster, in dem Sie begonnen haben, oder melden Sie sich hier mit Ihrem Passwort an.
register-taken-heading = Zu dieser Adresse gibt es schon ein Konto
register-taken-lead = Melden Sie sich mit { $about } an, oder setzen Sie ein neues Passwort, wenn Sie Ihres vergessen haben.
