select-heading = Choisir un compte
select-continue = Continuer en tant que { $name }
select-other = Utiliser un autre compte
select-also = Également connecté ici
select-since = connexion :
select-use = Continuer
select-remove = Se déconnecter
