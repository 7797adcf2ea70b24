register-title = Créer un compte
register-username = Nom d’utilisateur
register-username-hint = Il vous servira à vous connecter. Sans espace ni @.
register-username-taken = Ce nom d’utilisateur est déjà pris. Choisissez-en un autre.
register-email = Adresse e-mail
register-email-hint = Nous y envoyons un code, pour voir qu’elle est bien à vous.
register-email-invited = C’est à cette adresse que vous êtes invité.
register-name = Votre nom (si vous voulez)
register-password = Mot de passe
register-terms = J’accepte les conditions d’utilisation
register-terms-needed = Pour avoir un compte ici, il faut accepter les conditions d’utilisation.
register-submit = Créer le compte
register-sign-in = Connectez-vous
register-have-one = Vous avez déjà un compte ? { $link }.
register-address-taken = Cette adresse a déjà un compte. Connectez-vous avec elle, ou prenez-en une autre.
register-mails-enough = { $minutes ->
    [one] Nous venons d’envoyer un e-mail à cette adresse. Cherchez-le, ou réessayez dans une minute.
   *[other] Nous avons déjà envoyé plusieurs e-mails à cette adresse. Cherchez-les, ou réessayez dans { $minutes } minutes.
}
register-slow-down = { $minutes ->
    [one] Beaucoup de monde essaie en ce moment près de vous. Attendez une minute, puis réessayez.
   *[other] Beaucoup de monde essaie en ce moment près de vous. Attendez { $minutes } minutes, puis réessayez.
}
register-busy = Beaucoup de monde crée un compte en ce moment. Attendez quelques secondes, puis réessayez.

register-code-heading = Regardez vos e-mails
register-code-heading-verify = Confirmez votre adresse
register-code-heading-change = Confirmez votre nouvelle adresse
register-code-lead = Nous avons envoyé un e-mail à { $to }. Tapez les six chiffres qu’il contient, ou ouvrez son lien.
register-code-astray = Pas d’e-mail ? Regardez aussi parmi les indésirables. L’adresse n’était pas tout à fait juste ? { $link }.
register-start-over = Recommencez
register-code = Code
register-code-hint = Le code est valable { $span }.
register-code-submit = Continuer
register-code-again = Envoyer un autre e-mail
register-sent-again = Un autre e-mail est en route. Seul son code est valable maintenant.
register-code-look = Un code a six chiffres. Tapez-les tous, s’il vous plaît.
register-code-wrong = { $left ->
    [0] Ce code n’est pas le bon et ne peut plus être essayé. Demandez un autre e-mail.
    [one] Ce code n’est pas le bon. Il vous reste un essai.
   *[other] Ce code n’est pas le bon. Il vous reste { $left } essais.
}
register-code-spent = Ce code a été essayé trop souvent. Demandez un autre e-mail.
register-code-old = Ce code n’est plus valable. Demandez un autre e-mail.

register-off-heading = On crée votre compte pour vous
register-off-lead = Ce sont les responsables de { $site } qui créent les comptes. Demandez-leur le vôtre.
register-invite-heading = Il vous faut une invitation
register-invite-lead = On entre chez { $site } sur invitation. Ouvrez le lien de l’e-mail qui vous a invité.
register-invite-over-heading = Cette invitation n’est plus valable
register-invite-over-lead = Elle a déjà servi, ou elle est trop ancienne. Si elle vous a servi à créer votre compte, connectez-vous ; sinon, demandez-en une autre.
register-done-heading = Votre compte est prêt
register-done-lead = Retournez à la fenêtre où vous avez commencé, ou connectez-vous ici avec le mot de passe que vous avez choisi.
register-taken-heading = Cette adresse a déjà un compte
register-taken-lead = Connectez-vous avec { $about }, ou choisissez un nouveau mot de passe si vous avez oublié le vôtre.
