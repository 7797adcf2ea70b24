# The second factor, and passkeys wherever they are used.

verify-title = Confirme que es usted
verify-heading = Un paso más
verify-heading-more = Por favor, confirme que es usted
verify-lead-passkey = Use una de sus llaves de acceso: su dispositivo le pedirá el bloqueo de pantalla, el dedo o la cara.
verify-lead-totp = Abra su aplicación de autenticación y escriba los seis dígitos que muestra para esta cuenta.
verify-lead-recovery = Escriba uno de los códigos de recuperación que guardó. Cada uno sirve una vez.
verify-lead-email = Podemos enviar un código a su dirección de correo.
verify-lead-sent = Hemos enviado un código a { $address }. Escríbalo aquí; sirve durante diez minutos.
verify-label-code = Código
verify-label-recovery = Código de recuperación
verify-remember = { $days ->
    [one] No volver a preguntar en este dispositivo durante un día
   *[other] No volver a preguntar en este dispositivo durante { $days } días
}
verify-submit = Continuar
verify-send = Enviarme un código
verify-send-again = Enviar otro código
verify-cancel = Cancelar
verify-others = Otras formas
verify-offer-passkey = Usar una llave de acceso
verify-offer-totp = Usar un código de su aplicación de autenticación
verify-offer-recovery = Usar un código de recuperación
verify-offer-email = Recibir un código por correo
verify-code-wrong = Ese código no es correcto. Compruébelo e inténtelo de nuevo.
verify-code-used = Ese código ya se usó. Espere al siguiente.
verify-code-clock = Ese código no es correcto. Si sigue ocurriendo, compruebe el reloj de su dispositivo.
verify-code-old = Ese código es demasiado antiguo. Pida otro.
verify-locked = { $seconds ->
    [one] Demasiados intentos. Espere un segundo e inténtelo de nuevo.
   *[other] Demasiados intentos. Espere { $seconds } segundos e inténtelo de nuevo.
}
verify-mail-limit = Acabamos de enviarle varios códigos. Espere unos minutos antes de pedir otro.
passkey-use = Usar una llave de acceso
passkey-needs-script = Las llaves de acceso necesitan JavaScript, que está desactivado en este navegador. Elija otra forma.
passkey-unavailable = Este navegador no puede usar llaves de acceso. Elija otra forma.
passkey-cancelled = No se usó ninguna llave de acceso. Inténtelo de nuevo o elija otra forma.
passkey-refused = Esa llave de acceso no se aceptó. Inténtelo de nuevo o elija otra forma.
passkey-unknown = No conocemos esa llave de acceso. Quizá se eliminó de su cuenta.
