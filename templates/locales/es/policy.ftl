# Cómo pueden ser un nombre de usuario, una dirección de correo, una contraseña o un perfil.

account-username-empty = Elija un nombre de usuario.
account-username-too-long = Este nombre de usuario es demasiado largo: como máximo { $max } caracteres.
account-username-spaced = Un nombre de usuario no lleva espacios ni @.
account-email-look = Esto no parece una dirección de correo.

password-empty = Elija una contraseña.
password-too-short = Esta contraseña es demasiado corta: necesita al menos { $min } caracteres y tiene { $has }.
password-too-long = Esta contraseña es demasiado larga: como máximo { $max } caracteres, y tiene { $has }.
password-few-classes = De minúsculas, mayúsculas, cifras y otros caracteres, esta contraseña necesita { $min } clases y tiene { $has }.
password-has-username = Esta contraseña contiene «{ $part }», que está en su nombre de usuario. Quien le conoce lo prueba primero.
password-has-email = Esta contraseña contiene «{ $part }», que está en su dirección de correo. Quien le conoce lo prueba primero.
password-has-name = Esta contraseña contiene «{ $part }», que está en su nombre. Quien le conoce lo prueba primero.
password-common = Esta contraseña se publicó tras una intrusión en otro lugar, y los atacantes la prueban primero.
password-reused = { $last ->
    [one] Esta es la contraseña que tenía antes. Elija una nueva.
   *[other] Esta es una de sus últimas { $last } contraseñas. Elija una nueva.
}

password-guessable = Esta contraseña es demasiado fácil de adivinar.
password-guessable-keyboard = Esta contraseña es fácil de adivinar: sigue las teclas del teclado.
password-guessable-repeat = Esta contraseña es fácil de adivinar: se repite.
password-guessable-similar = Esta contraseña es fácil de adivinar: mucha gente la usa, o una muy parecida.
password-guessable-sequence = Esta contraseña es fácil de adivinar: contiene una serie como abc o 6543.
password-guessable-date = Esta contraseña es fácil de adivinar: contiene un año o una fecha.
password-guessable-word = Esta contraseña es fácil de adivinar: es una sola palabra.
password-guessable-name = Esta contraseña es fácil de adivinar: los nombres y apellidos se prueban pronto.
password-hint-words = Unas pocas palabras que no tengan nada que ver entre sí forman una buena contraseña.
password-hint-more = Añada una o dos palabras más; cuanto más raras, mejor.
password-hint-capitals = Las mayúsculas ayudan poco.
password-hint-reversed = Una palabra escrita al revés apenas es más difícil de adivinar.
password-hint-substitutes = Los caracteres parecidos, como @ en lugar de a, ayudan poco.
password-hint-keyboard = Una serie de teclas tendría que ser más larga y cambiar más veces de dirección.
password-hint-repeats = Deje fuera lo que se repite.
password-hint-sequences = Deje fuera la serie.
password-hint-dates = Deje fuera años y fechas, sobre todo los de su propia vida.

password-rule-length = De { $min } a { $max } caracteres. Los espacios y las letras de cualquier idioma son bienvenidos.
password-rule-classes = { $min ->
    [one] Al menos una de estas clases: minúsculas, mayúsculas, cifras, otros caracteres.
   *[other] Al menos { $min } de estas clases: minúsculas, mayúsculas, cifras, otros caracteres.
}
password-rule-strength = Difícil de adivinar: por ejemplo, cuatro palabras que no tengan nada que ver entre sí.
password-rule-own = Nada de su nombre, su nombre de usuario ni su dirección de correo.
password-rule-common = Ninguna de las contraseñas que los atacantes prueban primero.
password-rule-reused = { $last ->
    [one] No la contraseña que tiene ahora.
   *[other] Ninguna de sus últimas { $last } contraseñas.
}

profile-unknown-field = Este campo no existe.
profile-text-control = Use letras, cifras y signos de puntuación en una sola línea.
profile-text-too-long = Esto es demasiado largo: como máximo { $max } caracteres.
profile-url-look = Escriba una dirección que empiece por https://, por ejemplo https://example.org/ana.
profile-url-too-long = Esta dirección es demasiado larga: como máximo { $max } caracteres.
profile-birthdate-look = Escriba la fecha como 1984-02-29, solo el año como 1984 o sin el año como 0000-02-29.
profile-birthdate-no-such-day = Ese día no existió. Compruebe el mes y el día.
profile-birthdate-future = Ese día aún está por llegar.
profile-zoneinfo-unknown = Ninguna zona horaria se llama así. Los nombres son como Europe/Madrid.
profile-locale-look = Escriba el idioma como etiqueta, por ejemplo es, es-MX o pt-BR.
profile-phone-country = Empiece por + y el prefijo del país, por ejemplo +34 612 345 678.
profile-phone-look = Un número de teléfono solo tiene cifras después del + y el prefijo del país.
profile-phone-length = Este número de teléfono no está completo: tiene de 7 a 15 cifras.
