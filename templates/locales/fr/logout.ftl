logout-heading = Se déconnecter ?
logout-lead-client = { $client } demande à vous déconnecter de { $site }.
logout-lead = Vous allez vous déconnecter de { $site } dans ce navigateur.
logout-stay = Garder la session ouverte
logout-submit = Se déconnecter
logout-done-heading = Votre session est fermée
logout-done-lead = Vous avez quitté { $site } dans ce navigateur. À bientôt.
logout-back = Retour à { $client }
