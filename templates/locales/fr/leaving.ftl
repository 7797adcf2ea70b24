leaving-title = Retour à { $client }
leaving-heading = Retour à { $client }…
leaving-the-app = l’application
leaving-nothing-happens = Rien ne se passe ? { $link }.
leaving-go-on = Continuez vers { $client }
leaving-continue = Continuer
