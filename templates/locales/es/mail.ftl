mail-hello = Buenos días:
mail-footer = Este correo viene de { $site } ({ $home }). Lo ha escrito una máquina; nadie lee las respuestas.
mail-fact = { $label }: { $value }
mail-label-code = Su código
mail-label-when = Cuándo
mail-label-device = Dispositivo
mail-label-ip = Dirección de red
mail-label-name = Nombre
mail-label-new-address = Nueva dirección
mail-label-invited-by = Invitación de
mail-by-hand = Si el botón no hace nada, abra esta dirección:
mail-valid-both = El enlace y el código valen durante { $span } y una sola vez.
mail-valid-link = El enlace vale durante { $span } y una sola vez.
mail-valid-code = El código vale durante { $span } y una sola vez.
mail-freeze = ¿No ha sido usted? Entonces bloquee su cuenta ahora: se cierran todas las sesiones y nadie puede entrar hasta que usted elija una nueva contraseña.
mail-freeze-action = No he sido yo: bloquear mi cuenta

mail-register-subject = Confirme su dirección de correo para { $site }
mail-register-lead = Alguien quiere abrir una cuenta en { $site } con esta dirección de correo. Si es usted, confírmelo aquí.
mail-register-action = Confirmar mi dirección
mail-register-otherwise = ¿No ha sido usted? Entonces no haga nada: sin usted no habrá ninguna cuenta.

mail-registered-subject = Ya tiene una cuenta en { $site }
mail-registered-lead = Alguien quería abrir una cuenta en { $site } con esta dirección de correo. Ya existe una, y sigue como estaba.
mail-registered-sign-in = Iniciar sesión
mail-registered-recover = Elegir una nueva contraseña
mail-registered-otherwise = ¿No ha sido usted? Entonces no haga nada: nadie ha sabido que usted tiene una cuenta.

mail-invitation-subject = Tiene una invitación a { $site }
mail-invitation-lead = Le invitamos a abrir una cuenta en { $site }.
mail-invitation-action = Abrir mi cuenta
mail-invitation-otherwise = ¿No lo esperaba? Entonces no haga nada: sin usted no habrá ninguna cuenta.

mail-verify-subject = Confirme su dirección de correo para { $site }
mail-verify-lead = Confirme, por favor, que esta es la dirección de correo de su cuenta en { $site }.
mail-verify-action = Confirmar mi dirección
mail-verify-otherwise = ¿No tiene ninguna cuenta ahí? Entonces alguien ha dado su dirección por error. No haga nada y no se usará.

mail-reset-subject = Elija una nueva contraseña para { $site }
mail-reset-lead = Alguien ha pedido una nueva contraseña para su cuenta en { $site }. Si ha sido usted, elíjala aquí.
mail-reset-action = Elegir una nueva contraseña
mail-reset-otherwise = ¿No ha sido usted? Entonces no haga nada: su contraseña sigue como está, y solo este correo contiene el enlace.

mail-password-subject = Su contraseña de { $site } ha cambiado
mail-password-lead = Su cuenta en { $site } tiene una nueva contraseña. Se han cerrado todas las demás sesiones.

mail-change-subject = Confirme su nueva dirección de correo para { $site }
mail-change-lead = Alguien quiere usar esta dirección de correo para su cuenta en { $site }. Si es usted, confírmelo aquí.
mail-change-action = Usar esta dirección
mail-change-otherwise = ¿No ha sido usted? Entonces no haga nada y esta dirección no se usará.

mail-changed-subject = Su dirección de correo de { $site } ha cambiado
mail-changed-lead = Su cuenta en { $site } tiene una nueva dirección de correo. Desde ahora escribimos a esa.
mail-changed-otherwise = ¿No ha sido usted? Entonces deshaga el cambio; con este enlace puede hacerlo durante { $span }.
mail-changed-action = No he sido yo: deshacer el cambio

mail-undone-subject = Su dirección de correo de { $site } vuelve a ser la de antes
mail-undone-lead = Se ha deshecho el cambio de la dirección de correo de su cuenta en { $site }: vuelve a valer la anterior. Se han cerrado todas las sesiones; para volver a entrar hace falta una nueva contraseña.
mail-undone-otherwise = ¿No lo ha deshecho usted? Entonces alguien lee su correo: elija primero una nueva contraseña para su buzón y después otra para { $site }.

mail-unlock-subject = El acceso con contraseña a { $site } está en pausa
mail-unlock-lead = Alguien ha probado demasiadas contraseñas erróneas para su cuenta en { $site }. Para que nadie la adivine, no aceptamos ninguna contraseña durante un tiempo. Si ha sido usted, abra de nuevo su cuenta aquí.
mail-unlock-action = Abrir de nuevo mi cuenta
mail-unlock-otherwise = ¿No ha sido usted? Entonces no haga nada: esa persona no ha entrado. Si usa la misma contraseña en otro lugar, elija una nueva.

mail-otp-subject = Su código de acceso para { $site }
mail-otp-lead = Con este código termina de iniciar sesión en { $site }.
mail-otp-otherwise = ¿No está iniciando sesión ahora mismo? Entonces alguien conoce su contraseña: elija una nueva. No dé este código a nadie; nunca lo pedimos por teléfono ni por correo.

mail-device-subject = Nuevo inicio de sesión en { $site }
mail-device-lead = Alguien ha iniciado sesión en su cuenta de { $site } con un dispositivo que no habíamos visto antes con usted.

mail-totp-added-subject = Aplicación de autenticación añadida en { $site }
mail-totp-added-lead = Se ha añadido una aplicación de autenticación a su cuenta en { $site }. Sus códigos ya pueden confirmar que es usted.
mail-passkey-added-subject = Llave de acceso añadida en { $site }
mail-passkey-added-lead = Se ha añadido una llave de acceso a su cuenta en { $site }. Ya puede iniciar sesión con ella.
mail-totp-removed-subject = Aplicación de autenticación eliminada en { $site }
mail-totp-removed-lead = Se ha eliminado una aplicación de autenticación de su cuenta en { $site }. Sus códigos ya no cuentan.
mail-passkey-removed-subject = Llave de acceso eliminada en { $site }
mail-passkey-removed-lead = Se ha eliminado una llave de acceso de su cuenta en { $site }. Ya nadie puede iniciar sesión con ella.
mail-codes-made-subject = Nuevos códigos de recuperación para { $site }
mail-codes-made-lead = Su cuenta en { $site } tiene nuevos códigos de recuperación. Los anteriores ya no valen.
mail-code-used-subject = Código de recuperación usado en { $site }
mail-code-used-lead = Alguien ha iniciado sesión en su cuenta de { $site } con uno de sus códigos de recuperación. { $left ->
        [0] Era el último: cree otros nuevos en su cuenta.
        [one] Queda uno.
       *[other] Quedan { $left }.
    }

mail-deletion-subject = Su cuenta en { $site } se va a eliminar
mail-deletion-lead = Como usted deseaba, su cuenta en { $site } se eliminará el { $when }. Hasta entonces puede conservarla.
mail-deletion-action = Conservar mi cuenta
mail-deletion-otherwise = ¿No ha sido usted? Entonces conserve su cuenta con este enlace y elija una nueva contraseña.

mail-erased-subject = Su cuenta en { $site } se ha eliminado
mail-erased-lead = Su cuenta en { $site } se ha eliminado, y con ella lo que sabíamos de usted. Este es nuestro último correo.
mail-erased-otherwise = No se puede recuperar. Puede abrir una nueva cuando quiera.

mail-frozen-subject = Su cuenta en { $site } está bloqueada
mail-frozen-lead = Su cuenta en { $site } se ha bloqueado porque alguien respondió a uno de nuestros correos: «No he sido yo». Se han cerrado todas las sesiones. En cuanto elija una nueva contraseña, podrá volver a usar su cuenta.
mail-frozen-action = Elegir una nueva contraseña
mail-frozen-otherwise = ¿No la ha bloqueado usted? Elija de todos modos una nueva contraseña, también para su buzón: otra persona puede leerlo.
