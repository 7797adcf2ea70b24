login-heading = Se connecter
login-heading-confirm = Veuillez confirmer qu’il s’agit bien de vous
login-heading-other = Se connecter avec un autre compte
login-toward = pour continuer vers { $client }
login-asked = { $client } vous demande de vous connecter une nouvelle fois, pour s’assurer qu’il s’agit bien de vous.
login-too-old = { $client } demande une connexion datant de moins de { $span }, et la vôtre est plus ancienne.
login-other-account = { $client } attend un autre compte que celui qui est connecté.
login-this-app = Cette application
login-username = Nom d’utilisateur ou adresse e-mail
login-password = Mot de passe
login-submit = Se connecter
login-wrong = Ce nom d’utilisateur et ce mot de passe ne correspondent pas.
login-busy = Beaucoup de personnes se connectent en ce moment. Attendez quelques secondes, puis réessayez.
login-sensitive = La suite modifie votre façon de vous connecter ; montrez donc encore une fois que c’est bien vous.
login-locked = { $seconds ->
    [one] Trop d’essais. Attendez une seconde, puis réessayez.
   *[other] Trop d’essais. Attendez { $seconds } secondes, puis réessayez.
}
login-unlock = Le rouvrir plutôt par e-mail
login-forgot = Mot de passe oublié ?
login-or = ou
login-passkey = Se connecter avec une clé d’accès
login-passkey-cancelled = Aucune clé d’accès n’a été utilisée. Réessayez ou utilisez votre mot de passe.
login-not-you = Vous n’êtes pas { $name } ?
login-no-account = Première visite ?
login-register = Créer un compte
