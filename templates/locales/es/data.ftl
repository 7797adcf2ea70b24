data-lead = Lo que guardamos sobre usted: para verlo, para llevárselo y para borrarlo cuando quiera.
data-download = Descargar mis datos
data-download-hint = Un archivo con todo (en JSON, que otros programas saben leer). No contiene contraseñas ni claves.
data-kept = Lo que guardamos
data-groups = Grupos
data-created = Cuenta creada
data-updated = Último cambio
data-terms = Condiciones del servicio { $version } aceptadas
data-factors = { $count ->
    [0] Su contraseña, y cuándo la eligió
    [one] Una aplicación de autenticación o llave de acceso
   *[other] { $count } aplicaciones de autenticación y llaves de acceso
}
data-sessions = { $sessions ->
    [one] Una sesión
   *[other] { $sessions } sesiones
}, { $devices ->
    [one] un dispositivo conocido
   *[other] { $devices } dispositivos conocidos
}
data-mails = Correos de los últimos días
data-delete = Borrar mi cuenta
data-delete-when = Esperamos { $span } antes de borrar la cuenta, y hasta entonces puede anularlo. Su sesión queda abierta solo aquí, y cada aplicación pierde el acceso al instante.
data-delete-what = Después desaparece todo lo personal: nombre, dirección, perfil, contraseñas y llaves, sesiones, aplicaciones y correos. De lo que pasó aquí queda un registro que ya no lleva hasta usted. Nadie puede recuperar la cuenta.
data-username = Para continuar, escriba su nombre de usuario, { $username }
data-username-other = Ese no es su nombre de usuario. No se ha borrado nada.
data-delete-submit = Borrar mi cuenta
data-scheduled = Su cuenta se borrará. Todavía puede anularlo.
data-last-administrator = Nadie más que usted tiene aquí los derechos de administración. Déselos antes a otra persona: sin usted nadie podría cuidar de este servidor.
