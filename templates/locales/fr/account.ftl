account-signed-in-as = Votre session est ouverte au nom de { $name }.
account-name = Nom
account-username = Nom d’utilisateur
account-email = E-mail
account-since = Session ouverte depuis
account-edit-profile = Modifier votre profil
account-change-mail = Changer d’adresse
account-mail-confirmed = confirmée
account-mail-unconfirmed = non confirmée

account-attention = À regarder
account-confirm-mail = Votre adresse e-mail n’est pas encore confirmée. Sans elle, personne ne peut vous aider à revenir.
account-confirm-mail-do = Confirmer votre adresse
account-add-factor = Seul votre mot de passe protège votre compte des autres.
account-add-factor-do = Ajouter une deuxième étape
account-few-codes = { $count ->
    [0] Vous n’avez pas de codes de secours. Si vous perdez votre appareil, ils vous ouvrent la porte.
    [one] Il reste un code de secours. Si vous perdez votre appareil, il vous ouvre la porte.
   *[other] Il reste { $count } codes de secours. Si vous perdez votre appareil, ils vous ouvrent la porte.
}
account-few-codes-do = Créer de nouveaux codes

account-deletion-heading = Votre compte va être supprimé
account-deletion-when = Ce sera le { $when }. Jusque-là, vous pouvez le garder, avec tout ce qu’il contient.
account-keep = Garder mon compte
account-kept = Votre compte reste, avec tout ce qu’il contient.

account-ways = Moyens de connexion
account-password = Mot de passe
account-password-none = Vous n’en avez pas.
account-password-set = Vous en avez un.
account-password-changed = Choisi le { $day }
account-change-password = Changer de mot de passe
account-set-password = Choisir un mot de passe
account-second-step = Deuxième étape
account-authenticators = { $count ->
    [0] Aucune application d’authentification
    [one] Une application d’authentification
   *[other] { $count } applications d’authentification
}
account-codes = { $count ->
    [0] Aucun code de secours
    [one] Un code de secours restant
   *[other] { $count } codes de secours restants
}
account-manage-mfa = Régler la connexion en deux étapes
account-passkeys = Clés d’accès
account-passkey-count = { $count ->
    [0] Vous n’en avez pas.
    [one] Une clé d’accès
   *[other] { $count } clés d’accès
}
account-manage-passkeys = Gérer vos clés d’accès

account-more = Et encore
account-session-count = { $count ->
    [one] Votre session est ouverte ici seulement.
   *[other] Votre session est ouverte à { $count } endroits.
}
account-app-count = { $count ->
    [0] Aucune application n’utilise votre compte.
    [one] Une application utilise votre compte.
   *[other] { $count } applications utilisent votre compte.
}
account-activity = Ce qui s’est passé sur votre compte
account-data = Les télécharger, ou supprimer le compte
