recover-heading = Mot de passe oublié ?
recover-lead = Donnez-nous votre nom d’utilisateur ou votre adresse e-mail. Nous envoyons un e-mail qui vous permet de choisir un nouveau mot de passe.
recover-who = Nom d’utilisateur ou adresse e-mail
recover-who-empty = Tapez votre nom d’utilisateur ou votre adresse e-mail, s’il vous plaît.
recover-send = Envoyer l’e-mail
recover-remembered = Il vous est revenu ? { $link }.
recover-mails-enough = { $minutes ->
    [one] Un e-mail vient d’être envoyé. Cherchez-le, ou réessayez dans une minute.
   *[other] Plusieurs e-mails ont déjà été envoyés. Cherchez-les, ou réessayez dans { $minutes } minutes.
}
recover-code-lead = S’il existe un compte pour { $to }, un e-mail est parti vers son adresse. Tapez les six chiffres qu’il contient, ou ouvrez son lien.
recover-code-astray = Pas d’e-mail ? Regardez aussi parmi les indésirables. Le nom n’était pas tout à fait juste ? { $link }.
recover-new-heading = Choisissez un nouveau mot de passe
recover-new-lead = Il vous connectera aussitôt.
recover-new-password = Nouveau mot de passe
recover-new-submit = Enregistrer le mot de passe
recover-new-ends = Tous les appareils et toutes les applications connectés à votre compte en ce moment seront déconnectés.
recover-off-heading = Nous ne pouvons pas envoyer d’e-mails
recover-off-lead = { $site } n’envoie pas d’e-mails : nous ne pouvons donc pas vous aider ici à choisir un nouveau mot de passe. Demandez à ses responsables.
recover-locked-heading = Ce compte est bloqué
recover-locked-lead = Les responsables de { $site } l’ont bloqué, et eux seuls peuvent le rouvrir. Demandez-leur.
recover-unlock-heading = Rouvrir votre compte
recover-unlock-lead = Après trop de mots de passe faux, un compte doit attendre. Donnez-nous votre nom d’utilisateur ou votre adresse e-mail : nous envoyons un e-mail qui met fin à l’attente.
recover-unlock-sent-heading = Regardez vos e-mails
recover-unlock-sent-lead = S’il existe un compte pour { $about } et s’il doit attendre, un e-mail est en route.
