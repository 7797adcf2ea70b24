recover-heading = Passwort vergessen?
recover-lead = Nennen Sie uns Ihren Benutzernamen oder Ihre E-Mail-Adresse. Wir schicken eine E-Mail, mit der Sie ein neues Passwort setzen.
recover-who = Benutzername oder E-Mail-Adresse
recover-who-empty = Bitte geben Sie Ihren Benutzernamen oder Ihre E-Mail-Adresse ein.
recover-send = E-Mail schicken
recover-remembered = Es ist Ihnen wieder eingefallen? { $link }.
recover-mails-enough = { $minutes ->
    [one] Eben erst ging eine E-Mail hinaus. Sehen Sie nach, oder versuchen Sie es in einer Minute noch einmal.
   *[other] Es gingen schon mehrere E-Mails hinaus. Sehen Sie nach, oder versuchen Sie es in { $minutes } Minuten noch einmal.
}
recover-code-lead = Wenn es ein Konto zu { $to } gibt, ist eine E-Mail an seine Adresse unterwegs. Geben Sie die sechs Ziffern daraus ein, oder öffnen Sie den Link darin.
recover-code-astray = Keine E-Mail? Sehen Sie auch bei den unerwünschten nach. War der Name nicht ganz richtig? { $link }.
recover-new-heading = Neues Passwort wählen
recover-new-lead = Damit werden Sie dann angemeldet.
recover-new-password = Neues Passwort
recover-new-submit = Passwort speichern
recover-new-ends = Alle Geräte und Apps, die jetzt mit Ihrem Konto angemeldet sind, werden abgemeldet.
recover-off-heading = Wir können keine E-Mails schicken
recover-off-lead = { $site } verschickt keine E-Mails, deshalb können wir Ihnen hier nicht zu einem neuen Passwort verhelfen. Fragen Sie die Betreiber.
recover-locked-heading = Dieses Konto ist gesperrt
recover-locked-lead = Die Betreiber von { $site } haben es gesperrt, und nur sie können es öffnen. Fragen Sie dort nach.
recover-unlock-heading = Konto wieder öffnen
recover-unlock-lead = Nach zu vielen falschen Passwörtern muss ein Konto warten. Nennen Sie uns Ihren Benutzernamen oder Ihre E-Mail-Adresse, und wir schicken eine E-Mail, mit der Sie das Warten beenden.
recover-unlock-sent-heading = Sehen Sie in Ihr Postfach
recover-unlock-sent-lead = Wenn es ein Konto zu { $about } gibt und es warten muss, ist eine E-Mail dorthin unterwegs.
