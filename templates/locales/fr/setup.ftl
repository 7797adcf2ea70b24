setup-heading = Créer le premier compte administrateur
setup-lead = Ce compte veille sur { $site }. Le lien ne fonctionne qu’une fois.
setup-username = Nom d’utilisateur
setup-email = Adresse e-mail
setup-password = Nouveau mot de passe
setup-password-rule = { $count } caractères ou plus : quelques mots suffisent.
setup-submit = Créer le compte
setup-taken = Ceci est déjà pris. Choisissez autre chose.
