register-title = Crear una cuenta
register-username = Nombre de usuario
register-username-hint = Con él inicia usted sesión. Sin espacios ni @.
register-username-taken = Este nombre de usuario ya existe. Elija otro.
register-email = Dirección de correo
register-email-hint = Le enviamos un código para ver que la dirección es suya.
register-email-invited = Se le invitó con esta dirección.
register-name = Su nombre (si lo desea)
register-password = Contraseña
register-terms = Acepto las condiciones del servicio
register-terms-needed = Para tener una cuenta aquí hay que aceptar las condiciones del servicio.
register-submit = Crear la cuenta
register-sign-in = Inicie sesión
register-have-one = ¿Ya tiene una cuenta? { $link }.
register-address-taken = Esta dirección ya tiene una cuenta. Inicie sesión con ella o use otra dirección.
register-mails-enough = { $minutes ->
    [one] Acabamos de enviar un correo a esta dirección. Búsquelo o inténtelo de nuevo dentro de un minuto.
   *[other] Ya hemos enviado varios correos a esta dirección. Búsquelos o inténtelo de nuevo dentro de { $minutes } minutos.
}
register-slow-down = { $minutes ->
    [one] Mucha gente cerca de usted lo está intentando ahora. Espere un minuto e inténtelo de nuevo.
   *[other] Mucha gente cerca de usted lo está intentando ahora. Espere { $minutes } minutos e inténtelo de nuevo.
}
register-busy = Mucha gente está creando una cuenta ahora. Espere unos segundos e inténtelo de nuevo.

register-code-heading = Mire su correo
register-code-heading-verify = Confirme su dirección
register-code-heading-change = Confirme su nueva dirección
register-code-lead = Hemos enviado un correo a { $to }. Escriba las seis cifras que contiene o abra su enlace.
register-code-astray = ¿No llega? Mire también entre el correo no deseado. ¿La dirección no era del todo correcta? { $link }.
register-start-over = Empiece de nuevo
register-code = Código
register-code-hint = El código sirve durante { $span }.
register-code-submit = Continuar
register-code-again = Enviar otro correo
register-sent-again = Otro correo está en camino. Ahora solo sirve el código de ese.
register-code-look = Un código tiene seis cifras. Escríbalas todas, por favor.
register-code-wrong = { $left ->
    [0] Ese código no es correcto y no se puede volver a probar. Pida otro correo.
    [one] Ese código no es correcto. Puede intentarlo una vez más.
   *[other] Ese código no es correcto. Puede intentarlo { $left } veces más.
}
register-code-spent = Este código se ha probado demasiadas veces. Pida otro correo.
register-code-old = Este código ya no sirve. Pida otro correo.

register-off-heading = Las cuentas se crean para usted
register-off-lead = Quienes llevan { $site } crean aquí las cuentas. Pídales una.
register-invite-heading = Necesita una invitación
register-invite-lead = A { $site } se entra por invitación. Abra el enlace del correo con el que se le invitó.
register-invite-over-heading = Esta invitación ya no sirve
register-invite-over-lead = Ya se usó o es demasiado antigua. Si creó su cuenta con ella, inicie sesión; si no, pida otra a quien le invitó.
register-done-heading = Su cuenta está lista
register-done-lead = Vuelva a la ventana donde empezó o inicie sesión aquí con la contraseña que eligió.
register-taken-heading = Esta dirección ya tiene una cuenta
register-taken-lead = Inicie sesión con { $about } o elija una contraseña nueva si olvidó la suya.
