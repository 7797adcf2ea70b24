# The second factor, and passkeys wherever they are used.

verify-title = Confirmez que c’est bien vous
verify-heading = Encore une étape
verify-heading-more = Veuillez confirmer que c’est bien vous
verify-lead-passkey = Utilisez l’une de vos clés d’accès : votre appareil vous demandera son verrouillage d’écran, votre doigt ou votre visage.
verify-lead-totp = Ouvrez votre application d’authentification et saisissez les six chiffres qu’elle affiche pour ce compte.
verify-lead-recovery = Saisissez l’un des codes de secours que vous avez conservés. Chacun sert une fois.
verify-lead-email = Nous pouvons envoyer un code à votre adresse e-mail.
verify-lead-sent = Nous avons envoyé un code à { $address }. Saisissez-le ici ; il est valable dix minutes.
verify-label-code = Code
verify-label-recovery = Code de secours
verify-remember = { $days ->
    [one] Ne plus demander sur cet appareil pendant un jour
   *[other] Ne plus demander sur cet appareil pendant { $days } jours
}
verify-submit = Continuer
verify-send = M’envoyer un code
verify-send-again = Envoyer un autre code
verify-cancel = Annuler
verify-others = Autres moyens
verify-offer-passkey = Utiliser une clé d’accès
verify-offer-totp = Utiliser un code de votre application d’authentification
verify-offer-recovery = Utiliser un code de secours
verify-offer-email = Recevoir un code par e-mail
verify-code-wrong = Ce code n’est pas le bon. Vérifiez-le et réessayez.
verify-code-used = Ce code a déjà servi. Attendez le suivant.
verify-code-clock = Ce code n’est pas le bon. Si cela se répète, vérifiez l’heure de votre appareil.
verify-code-old = Ce code est trop ancien. Demandez-en un autre.
verify-locked = { $seconds ->
    [one] Trop d’essais. Attendez une seconde, puis réessayez.
   *[other] Trop d’essais. Attendez { $seconds } secondes, puis réessayez.
}
verify-mail-limit = Nous venons de vous envoyer plusieurs codes. Attendez quelques minutes avant d’en demander un autre.
passkey-use = Utiliser une clé d’accès
passkey-needs-script = Les clés d’accès ont besoin de JavaScript, désactivé dans ce navigateur. Choisissez un autre moyen.
passkey-unavailable = Ce navigateur ne peut pas utiliser de clés d’accès. Choisissez un autre moyen.
passkey-cancelled = Aucune clé d’accès n’a été utilisée. Réessayez ou choisissez un autre moyen.
passkey-refused = Cette clé d’accès n’a pas été acceptée. Réessayez ou choisissez un autre moyen.
passkey-unknown = Nous ne connaissons pas cette clé d’accès. Elle a peut-être été retirée de votre compte.
