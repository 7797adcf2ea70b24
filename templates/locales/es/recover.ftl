recover-heading = ¿Ha olvidado su contraseña?
recover-lead = Díganos su nombre de usuario o su dirección de correo. Le enviamos un correo con el que puede elegir una contraseña nueva.
recover-who = Nombre de usuario o correo
recover-who-empty = Escriba su nombre de usuario o su dirección de correo, por favor.
recover-send = Enviar el correo
recover-remembered = ¿Ya la recuerda? { $link }.
recover-mails-enough = { $minutes ->
    [one] Hace un momento salió un correo. Búsquelo o inténtelo de nuevo dentro de un minuto.
   *[other] Ya salieron varios correos. Búsquelos o inténtelo de nuevo dentro de { $minutes } minutos.
}
recover-code-lead = Si hay una cuenta para { $to }, hemos enviado un correo a su dirección. Escriba las seis cifras que contiene o abra su enlace.
recover-code-astray = ¿No llega? Mire también entre el correo no deseado. ¿El nombre no era del todo correcto? { $link }.
recover-new-heading = Elija una contraseña nueva
recover-new-lead = Con ella iniciará sesión enseguida.
recover-new-password = Contraseña nueva
recover-new-submit = Guardar la contraseña
recover-new-ends = Se cerrará la sesión de todos los dispositivos y aplicaciones que ahora usan su cuenta.
recover-off-heading = No podemos enviar correos
recover-off-lead = { $site } no envía correos, así que desde aquí no podemos ayudarle a elegir una contraseña nueva. Pregunte a quienes lo llevan.
recover-locked-heading = Esta cuenta está bloqueada
recover-locked-lead = Quienes llevan { $site } la han bloqueado, y solo ellos pueden abrirla. Pregúnteles.
recover-unlock-heading = Abrir su cuenta de nuevo
recover-unlock-lead = Tras demasiadas contraseñas erróneas, una cuenta tiene que esperar. Díganos su nombre de usuario o su dirección de correo y le enviamos un correo que pone fin a la espera.
recover-unlock-sent-heading = Mire su correo
recover-unlock-sent-lead = Si hay una cuenta para { $about } y tiene que esperar, un correo está en camino.
