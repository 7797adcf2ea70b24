# Second factors, passkeys and recovery codes.

mfa-heading = Connexion en deux étapes
mfa-lead = Avec une seconde étape, un mot de passe volé n’ouvre rien à lui seul.
mfa-required = Les responsables de ce service demandent une seconde étape pour votre compte.
mfa-apps = Applications d’authentification
mfa-apps-none = Il n’y en a pas encore.
mfa-add-app = Ajouter une application d’authentification
mfa-added = ajoutée
mfa-used = dernière utilisation
mfa-remove = Retirer
mfa-rename = Renommer
mfa-save = Enregistrer
mfa-name = Nom
mfa-name-hint = Pour la distinguer des autres, par exemple « Téléphone ».
mfa-passkeys = Clés d’accès
mfa-passkeys-count = { $count ->
    [0] Vous n’avez aucune clé d’accès.
    [one] Vous avez une clé d’accès.
   *[other] Vous avez { $count } clés d’accès.
}
mfa-passkeys-manage = Voir vos clés d’accès
mfa-codes = Codes de secours
mfa-codes-left = { $count ->
    [0] Il ne vous reste aucun code de secours. Créez-en de nouveaux, sans quoi la perte de votre appareil vous fermerait la porte.
    [one] Il vous reste un code de secours. Créez-en bientôt de nouveaux.
   *[other] Il vous reste { $count } codes de secours.
}
mfa-codes-make = Créer de nouveaux codes de secours
mfa-codes-replace = Les nouveaux codes remplacent tous les anciens.
mfa-codes-heading = Conservez ces codes de secours
mfa-codes-lead = Chacun ouvre votre compte une fois si vos autres secondes étapes sont hors de portée. Gardez-les avec vos papiers importants ou dans votre gestionnaire de mots de passe.
mfa-codes-once = Ils ne sont affichés que cette fois.
mfa-codes-copy = Tout copier
mfa-codes-copied = Copié
mfa-codes-saved = J’ai enregistré ces codes
mfa-totp-heading = Configurer une application d’authentification
mfa-step-scan = Scannez ceci avec votre application d’authentification :
mfa-open-app = L’ouvrir dans une application de cet appareil
mfa-cannot-scan = Vous ne pouvez pas le scanner ?
mfa-type-secret = Saisissez cette clé dans l’application :
mfa-qr-label = Code QR contenant la clé pour votre application d’authentification
mfa-step-code = Saisissez les six chiffres que l’application affiche maintenant.
mfa-totp-confirm = Activer
mfa-totp-name = Application d’authentification
mfa-passkey-heading = Ajouter une clé d’accès
mfa-passkey-lead = Une clé d’accès vous connecte avec le verrouillage d’écran de votre appareil. Elle ne se devine pas, et aucun faux site ne peut vous la soutirer.
mfa-passkey-add = Ajouter une clé d’accès
mfa-passkey-name = Clé d’accès
mfa-passkey-synced = synchronisée
mfa-passkey-bound = sur un seul appareil
mfa-passkey-cancelled = Aucune clé d’accès n’a été ajoutée. Vous pouvez réessayer.
mfa-passkey-impossible = Les clés d’accès ne fonctionnent pas à cette adresse : il leur faut un nom d’hôte, pas un numéro.
mfa-passkey-exists = Cette clé d’accès est déjà dans votre compte.
mfa-enrol-heading = Configurer une seconde étape
mfa-enrol-lead = Cette connexion demande plus qu’un mot de passe. Configurez-le une fois ; cela prend une minute.
mfa-enrol-impossible = Cette connexion demande une clé d’accès, et les clés d’accès ne fonctionnent pas à cette adresse.
mfa-name-long = Ce nom est trop long : 60 caractères au plus.
mfa-last-required = Votre compte a besoin d’une seconde étape ; la dernière doit donc rester. Ajoutez-en d’abord une autre.
mfa-last-way = C’est votre seul moyen de vous connecter. Définissez d’abord un mot de passe.
mfa-done-added = La seconde étape est configurée. Vos autres appareils ont été déconnectés.
mfa-done-removed = C’est retiré. Vos autres appareils ont été déconnectés.
mfa-done-codes = Vos nouveaux codes de secours sont en vigueur ; les anciens ne fonctionnent plus.
mfa-done-passkey = La clé d’accès est ajoutée.
mfa-done-renamed = Le nom est modifié.
