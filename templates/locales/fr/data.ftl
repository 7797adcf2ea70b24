data-lead = Ce que nous gardons sur vous : à regarder, à emporter, et à supprimer quand vous voulez.
data-download = Télécharger mes données
data-download-hint = Un seul fichier avec tout (en JSON, que d’autres programmes savent lire). Il ne contient ni mot de passe ni clé.
data-kept = Ce que nous gardons
data-groups = Groupes
data-created = Compte ouvert
data-updated = Dernière modification
data-terms = Conditions d’utilisation { $version } acceptées
data-factors = { $count ->
    [0] Votre mot de passe, et quand vous l’avez choisi
    [one] Une application d’authentification ou une clé d’accès
   *[other] { $count } applications d’authentification et clés d’accès
}
data-sessions = { $sessions ->
    [one] Une session
   *[other] { $sessions } sessions
}, { $devices ->
    [one] un appareil connu
   *[other] { $devices } appareils connus
}
data-mails = E-mails des derniers jours
data-delete = Supprimer mon compte
data-delete-when = Nous attendons { $span } avant d’effacer le compte, et jusque-là vous pouvez tout annuler. Votre session ne reste ouverte qu’ici, et chaque application perd aussitôt l’accès.
data-delete-what = Ensuite, tout ce qui est personnel disparaît : nom, adresse, profil, mots de passe et clés, sessions, applications et e-mails. De ce qui s’est passé ici, il reste une trace qui ne mène plus à vous. Personne ne peut rétablir le compte.
data-username = Pour continuer, saisissez votre nom d’utilisateur, { $username }
data-username-other = Ce n’est pas votre nom d’utilisateur. Rien n’a été supprimé.
data-delete-submit = Supprimer mon compte
data-scheduled = Votre compte va être supprimé. Vous pouvez encore l’annuler.
data-last-administrator = Personne d’autre que vous n’a ici les droits d’administration. Donnez-les d’abord à quelqu’un : sans vous, personne ne pourrait s’occuper de ce serveur.
