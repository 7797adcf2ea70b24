# The page that shows the mails of a development server.

mailbox-title = Mailbox
mailbox-lead = Mails of this development server. They go nowhere else.
mailbox-empty = There are no mails yet.
mailbox-to = To
mailbox-when = Written
mailbox-source = The HTML part
mailbox-back = All mails
