mailbox-title = Postfach
mailbox-lead = E-Mails dieses Entwicklungsservers. Sie gehen sonst nirgendwohin.
mailbox-empty = Es gibt noch keine E-Mails.
mailbox-to = An
mailbox-when = Geschrieben
mailbox-source = Der HTML-Teil
mailbox-back = Alle E-Mails
