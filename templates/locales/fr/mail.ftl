mail-hello = Bonjour,
mail-footer = Cet e-mail vient de { $site } ({ $home }). Une machine l’a écrit ; personne ne lit les réponses.
mail-fact = { $label } : { $value }
mail-label-code = Votre code
mail-label-when = Quand
mail-label-device = Appareil
mail-label-ip = Adresse réseau
mail-label-name = Nom
mail-label-new-address = Nouvelle adresse
mail-label-invited-by = Invitation de
mail-by-hand = Si le bouton ne fait rien, ouvrez cette adresse :
mail-valid-both = Le lien et le code sont valables { $span }, une seule fois.
mail-valid-link = Le lien est valable { $span }, une seule fois.
mail-valid-code = Le code est valable { $span }, une seule fois.
mail-freeze = Ce n’était pas vous ? Alors gelez votre compte sans attendre : tout le monde est déconnecté, et personne ne peut se connecter avant que vous ayez choisi un nouveau mot de passe.
mail-freeze-action = Ce n’était pas moi : geler mon compte

mail-register-subject = Confirmez votre adresse e-mail pour { $site }
mail-register-lead = Quelqu’un souhaite ouvrir un compte chez { $site } avec cette adresse e-mail. Si c’est vous, confirmez-le ici.
mail-register-action = Confirmer mon adresse
mail-register-otherwise = Ce n’était pas vous ? Alors ne faites rien : sans vous, il n’y aura pas de compte.

mail-registered-subject = Vous avez déjà un compte chez { $site }
mail-registered-lead = Quelqu’un voulait ouvrir un compte chez { $site } avec cette adresse e-mail. Il en existe déjà un, et il reste tel qu’il est.
mail-registered-sign-in = Se connecter
mail-registered-recover = Choisir un nouveau mot de passe
mail-registered-otherwise = Ce n’était pas vous ? Alors ne faites rien : personne n’a appris que vous avez un compte.

mail-invitation-subject = Vous recevez une invitation de { $site }
mail-invitation-lead = Nous vous invitons à ouvrir un compte chez { $site }.
mail-invitation-action = Ouvrir mon compte
mail-invitation-otherwise = Vous ne vous y attendiez pas ? Alors ne faites rien : sans vous, il n’y aura pas de compte.

mail-verify-subject = Confirmez votre adresse e-mail pour { $site }
mail-verify-lead = Merci de confirmer que cette adresse e-mail est celle de votre compte chez { $site }.
mail-verify-action = Confirmer mon adresse
mail-verify-otherwise = Vous n’avez pas de compte là-bas ? Alors quelqu’un a donné votre adresse par erreur. Ne faites rien, et elle ne sera pas utilisée.

mail-reset-subject = Choisissez un nouveau mot de passe pour { $site }
mail-reset-lead = Quelqu’un a demandé un nouveau mot de passe pour votre compte chez { $site }. Si c’était vous, choisissez-le ici.
mail-reset-action = Choisir un nouveau mot de passe
mail-reset-otherwise = Ce n’était pas vous ? Alors ne faites rien : votre mot de passe ne change pas, et seul cet e-mail contient le lien.

mail-password-subject = Votre mot de passe pour { $site } a été changé
mail-password-lead = Votre compte chez { $site } a un nouveau mot de passe. Toutes les autres connexions à ce compte ont été fermées.

mail-change-subject = Confirmez votre nouvelle adresse e-mail pour { $site }
mail-change-lead = Quelqu’un souhaite utiliser cette adresse e-mail pour son compte chez { $site }. Si c’est vous, confirmez-le ici.
mail-change-action = Utiliser cette adresse
mail-change-otherwise = Ce n’était pas vous ? Alors ne faites rien, et cette adresse ne sera pas utilisée.

mail-changed-subject = Votre adresse e-mail pour { $site } a été changée
mail-changed-lead = Votre compte chez { $site } a une nouvelle adresse e-mail. Nous écrivons désormais à celle-ci.
mail-changed-otherwise = Ce n’était pas vous ? Alors annulez le changement ; ce lien le permet pendant { $span }.
mail-changed-action = Ce n’était pas moi : annuler le changement

mail-undone-subject = Votre adresse e-mail pour { $site } est de nouveau l’ancienne
mail-undone-lead = Le changement d’adresse e-mail de votre compte chez { $site } a été annulé : la précédente compte de nouveau. Tout le monde a été déconnecté ; pour revenir, il faut un nouveau mot de passe.
mail-undone-otherwise = Ce n’est pas vous qui l’avez annulée ? Alors quelqu’un lit vos e-mails : choisissez d’abord un nouveau mot de passe pour votre messagerie, puis un autre pour { $site }.

mail-unlock-subject = La connexion par mot de passe à { $site } est en pause
mail-unlock-lead = Quelqu’un a essayé trop de mots de passe erronés pour votre compte chez { $site }. Pour que personne ne le devine, nous n’acceptons aucun mot de passe pendant un moment. Si c’était vous, rouvrez votre compte ici.
mail-unlock-action = Rouvrir mon compte
mail-unlock-otherwise = Ce n’était pas vous ? Alors ne faites rien : cette personne n’est pas entrée. Si vous utilisez aussi ce mot de passe ailleurs, choisissez-en un nouveau.

mail-otp-subject = Votre code de connexion pour { $site }
mail-otp-lead = Ce code termine votre connexion à { $site }.
mail-otp-otherwise = Vous n’êtes pas en train de vous connecter ? Alors quelqu’un connaît votre mot de passe : choisissez-en un nouveau. Ne donnez ce code à personne ; nous ne le demandons jamais par téléphone ni par e-mail.

mail-device-subject = Nouvelle connexion à { $site }
mail-device-lead = Quelqu’un s’est connecté à votre compte chez { $site } avec un appareil que nous n’avions encore jamais vu avec vous.

mail-totp-added-subject = Application d’authentification ajoutée chez { $site }
mail-totp-added-lead = Une application d’authentification a été ajoutée à votre compte chez { $site }. Ses codes peuvent maintenant confirmer que c’est bien vous.
mail-passkey-added-subject = Clé d’accès ajoutée chez { $site }
mail-passkey-added-lead = Une clé d’accès a été ajoutée à votre compte chez { $site }. Elle permet maintenant de vous connecter.
mail-totp-removed-subject = Application d’authentification retirée chez { $site }
mail-totp-removed-lead = Une application d’authentification a été retirée de votre compte chez { $site }. Ses codes ne comptent plus.
mail-passkey-removed-subject = Clé d’accès retirée chez { $site }
mail-passkey-removed-lead = Une clé d’accès a été retirée de votre compte chez { $site }. Elle ne permet plus de se connecter.
mail-codes-made-subject = Nouveaux codes de secours pour { $site }
mail-codes-made-lead = Votre compte chez { $site } a de nouveaux codes de secours. Les précédents ne sont plus valables.
mail-code-used-subject = Code de secours utilisé chez { $site }
mail-code-used-lead = Quelqu’un s’est connecté à votre compte chez { $site } avec un de vos codes de secours. { $left ->
        [0] C’était le dernier : créez-en de nouveaux dans votre compte.
        [one] Il en reste un.
       *[other] Il en reste { $left }.
    }

mail-deletion-subject = Votre compte chez { $site } va être supprimé
mail-deletion-lead = Comme vous l’avez souhaité, votre compte chez { $site } sera supprimé le { $when }. Jusque-là, vous pouvez le garder.
mail-deletion-action = Garder mon compte
mail-deletion-otherwise = Ce n’était pas vous ? Alors gardez votre compte avec ce lien, et choisissez un nouveau mot de passe.

mail-erased-subject = Votre compte chez { $site } est supprimé
mail-erased-lead = Votre compte chez { $site } est supprimé, et avec lui ce que nous savions de vous. C’est notre dernier e-mail.
mail-erased-otherwise = Il ne peut pas être rétabli. Vous pourrez toujours en ouvrir un nouveau.

mail-frozen-subject = Votre compte chez { $site } est gelé
mail-frozen-lead = Votre compte chez { $site } a été gelé, car quelqu’un a répondu à l’un de nos e-mails : « Ce n’était pas moi ». Tout le monde a été déconnecté. Dès que vous aurez choisi un nouveau mot de passe, vous pourrez de nouveau utiliser votre compte.
mail-frozen-action = Choisir un nouveau mot de passe
mail-frozen-otherwise = Ce n’est pas vous qui l’avez gelé ? Choisissez quand même un nouveau mot de passe, aussi pour votre messagerie : quelqu’un d’autre peut la lire.
