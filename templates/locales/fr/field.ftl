field-look-again = Veuillez revoir ceci :
field-show = Afficher
field-hide = Masquer
field-show-password = Afficher le mot de passe
field-hide-password = Masquer le mot de passe
field-caps-lock = La touche Verr. Maj. est activée.
field-copy = Copier
field-copied = Copié
