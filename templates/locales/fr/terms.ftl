terms-heading = Conditions d’utilisation
terms-lead = { $site } a des conditions que vous n’avez pas encore acceptées. Lisez-les avant de continuer, s’il vous plaît.
terms-text = Les conditions
terms-read = Lire les conditions d’utilisation (dans un nouvel onglet)
terms-version = Version
terms-accept = J’accepte
terms-cancel = Annuler
terms-cancelled-means = Si vous annulez, vous retournez à l’application et rien ne change.
