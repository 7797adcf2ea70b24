home-title = Bienvenue
home-heading = La porte de vos applications
home-lead = { $site } vous connecte une fois, et vos applications savent que c’est vous. Elles ne voient jamais votre mot de passe.
home-account = Votre compte
home-sign-in = Se connecter à votre compte
