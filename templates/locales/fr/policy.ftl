# Ce que peuvent être un nom d’utilisateur, une adresse e-mail, un mot de passe ou un profil.

account-username-empty = Choisissez un nom d’utilisateur.
account-username-too-long = Ce nom d’utilisateur est trop long : { $max } caractères au plus.
account-username-spaced = Un nom d’utilisateur ne contient ni espace ni @.
account-email-look = Cela ne ressemble pas à une adresse e-mail.

password-empty = Choisissez un mot de passe.
password-too-short = Ce mot de passe est trop court : il lui faut au moins { $min } caractères, et il en a { $has }.
password-too-long = Ce mot de passe est trop long : { $max } caractères au plus, et il en a { $has }.
password-few-classes = Parmi minuscules, majuscules, chiffres et autres caractères, il faut à ce mot de passe { $min } sortes, et il en a { $has }.
password-has-username = Ce mot de passe contient « { $part } », qui vient de votre nom d’utilisateur. Qui vous connaît l’essaie en premier.
password-has-email = Ce mot de passe contient « { $part } », qui vient de votre adresse e-mail. Qui vous connaît l’essaie en premier.
password-has-name = Ce mot de passe contient « { $part } », qui vient de votre nom. Qui vous connaît l’essaie en premier.
password-common = Ce mot de passe a été publié après une intrusion ailleurs, et les attaquants l’essaient en premier.
password-reused = { $last ->
    [one] C’est votre mot de passe précédent. Choisissez-en un nouveau.
   *[other] C’est l’un de vos { $last } derniers mots de passe. Choisissez-en un nouveau.
}

password-guessable = Ce mot de passe est trop facile à deviner.
password-guessable-keyboard = Ce mot de passe est facile à deviner : il suit les touches du clavier.
password-guessable-repeat = Ce mot de passe est facile à deviner : il se répète.
password-guessable-similar = Ce mot de passe est facile à deviner : beaucoup de personnes l’utilisent, ou un autre très proche.
password-guessable-sequence = Ce mot de passe est facile à deviner : il contient une suite comme abc ou 6543.
password-guessable-date = Ce mot de passe est facile à deviner : il contient une année ou une date.
password-guessable-word = Ce mot de passe est facile à deviner : c’est un seul mot.
password-guessable-name = Ce mot de passe est facile à deviner : prénoms et noms de famille sont essayés très tôt.
password-hint-words = Quelques mots sans rapport entre eux font un bon mot de passe.
password-hint-more = Ajoutez encore un mot ou deux ; plus ils sont rares, mieux c’est.
password-hint-capitals = Les majuscules aident peu.
password-hint-reversed = Un mot écrit à l’envers n’est guère plus difficile à deviner.
password-hint-substitutes = Les caractères ressemblants, comme @ pour a, aident peu.
password-hint-keyboard = Une suite de touches devrait être plus longue et changer plus souvent de direction.
password-hint-repeats = Évitez ce qui se répète.
password-hint-sequences = Évitez les suites.
password-hint-dates = Évitez les années et les dates, surtout celles de votre vie.

password-rule-length = De { $min } à { $max } caractères. Les espaces et les lettres de toutes les langues sont les bienvenus.
password-rule-classes = { $min ->
    [one] Au moins une de ces sortes : minuscules, majuscules, chiffres, autres caractères.
   *[other] Au moins { $min } de ces sortes : minuscules, majuscules, chiffres, autres caractères.
}
password-rule-strength = Difficile à deviner : par exemple quatre mots sans rapport entre eux.
password-rule-own = Rien de votre nom, de votre nom d’utilisateur ni de votre adresse e-mail.
password-rule-common = Aucun des mots de passe que les attaquants essaient en premier.
password-rule-reused = { $last ->
    [one] Pas votre mot de passe actuel.
   *[other] Aucun de vos { $last } derniers mots de passe.
}

profile-unknown-field = Ce champ n’existe pas.
profile-text-control = Utilisez des lettres, des chiffres et de la ponctuation sur une seule ligne.
profile-text-too-long = C’est trop long : { $max } caractères au plus.
profile-url-look = Saisissez une adresse qui commence par https://, par exemple https://example.org/ana.
profile-url-too-long = Cette adresse est trop longue : { $max } caractères au plus.
profile-birthdate-look = Écrivez la date comme 1984-02-29, l’année seule comme 1984, ou sans l’année comme 0000-02-29.
profile-birthdate-no-such-day = Ce jour n’a pas existé. Vérifiez le mois et le jour.
profile-birthdate-future = Ce jour est encore à venir.
profile-zoneinfo-unknown = Aucun fuseau horaire ne porte ce nom. Les noms ressemblent à Europe/Paris.
profile-locale-look = Écrivez la langue comme une étiquette, par exemple fr, fr-CA ou pt-BR.
profile-phone-country = Commencez par + et l’indicatif du pays, par exemple +33 1 23 45 67 89.
profile-phone-look = Un numéro de téléphone n’a que des chiffres après le + et l’indicatif du pays.
profile-phone-length = Ce numéro de téléphone n’est pas complet : il compte de 7 à 15 chiffres.
