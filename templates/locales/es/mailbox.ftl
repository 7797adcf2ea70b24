mailbox-title = Buzón
mailbox-lead = Los correos de este servidor de desarrollo. No van a ningún otro sitio.
mailbox-empty = Todavía no hay correos.
mailbox-to = Para
mailbox-when = Escrito
mailbox-source = La parte HTML
mailbox-back = Todos los correos
