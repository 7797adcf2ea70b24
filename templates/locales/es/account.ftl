account-signed-in-as = Ha iniciado sesión como { $name }.
account-name = Nombre
account-username = Nombre de usuario
account-email = Correo
account-since = Sesión iniciada desde
account-edit-profile = Editar su perfil
account-change-mail = Cambiar su dirección
account-mail-confirmed = confirmada
account-mail-unconfirmed = sin confirmar

account-attention = Merece un vistazo
account-confirm-mail = Su dirección de correo aún no está confirmada. Sin ella nadie puede ayudarle a volver a entrar.
account-confirm-mail-do = Confirmar su dirección
account-add-factor = Solo su contraseña protege su cuenta de los demás.
account-add-factor-do = Añadir un segundo paso
account-few-codes = { $count ->
    [0] No tiene códigos de recuperación. Si pierde su dispositivo, le abren la puerta.
    [one] Queda un código de recuperación. Si pierde su dispositivo, le abre la puerta.
   *[other] Quedan { $count } códigos de recuperación. Si pierde su dispositivo, le abren la puerta.
}
account-few-codes-do = Crear códigos nuevos

account-deletion-heading = Su cuenta se borrará
account-deletion-when = Será el { $when }. Hasta entonces puede conservarla, con todo lo que contiene.
account-keep = Conservar mi cuenta
account-kept = Su cuenta se queda, con todo lo que contiene.

account-ways = Formas de iniciar sesión
account-password = Contraseña
account-password-none = No tiene ninguna.
account-password-set = Tiene una.
account-password-changed = Elegida el { $day }
account-change-password = Cambiar su contraseña
account-set-password = Elegir una contraseña
account-second-step = Segundo paso
account-authenticators = { $count ->
    [0] Ninguna aplicación de autenticación
    [one] Una aplicación de autenticación
   *[other] { $count } aplicaciones de autenticación
}
account-codes = { $count ->
    [0] Ningún código de recuperación
    [one] Queda un código de recuperación
   *[other] Quedan { $count } códigos de recuperación
}
account-manage-mfa = Configurar el inicio de sesión en dos pasos
account-passkeys = Llaves de acceso
account-passkey-count = { $count ->
    [0] No tiene ninguna.
    [one] Una llave de acceso
   *[other] { $count } llaves de acceso
}
account-manage-passkeys = Gestionar sus llaves de acceso

account-more = Más sobre su cuenta
account-session-count = { $count ->
    [one] Solo tiene sesión iniciada aquí.
   *[other] Tiene sesión iniciada en { $count } sitios.
}
account-app-count = { $count ->
    [0] Ninguna aplicación usa su cuenta.
    [one] Una aplicación usa su cuenta.
   *[other] { $count } aplicaciones usan su cuenta.
}
account-activity = Qué ha pasado con su cuenta
account-data = Descargarlos o borrar la cuenta
