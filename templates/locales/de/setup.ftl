setup-heading = Das erste Administratorkonto anlegen
setup-lead = Dieses Konto kümmert sich um { $site }. Der Link funktioniert einmal.
setup-username = Benutzername
setup-email = E-Mail-Adresse
setup-password = Neues Passwort
setup-password-rule = Mindestens { $count } Zeichen: Ein paar Wörter genügen.
setup-submit = Administratorkonto anlegen
setup-taken = Das ist schon vergeben. Wählen Sie etwas anderes.
