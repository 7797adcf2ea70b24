mailbox-title = Boîte aux lettres
mailbox-lead = Les e-mails de ce serveur de développement. Ils ne vont nulle part ailleurs.
mailbox-empty = Il n’y a pas encore d’e-mails.
mailbox-to = À
mailbox-when = Écrit
mailbox-source = La partie HTML
mailbox-back = Tous les e-mails
