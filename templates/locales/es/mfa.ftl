# Second factors, passkeys and recovery codes.

mfa-heading = Inicio de sesión en dos pasos
mfa-lead = Con un segundo paso, una contraseña robada por sí sola no abre nada.
mfa-required = Quienes gestionan este servicio piden un segundo paso para su cuenta.
mfa-apps = Aplicaciones de autenticación
mfa-apps-none = Todavía no hay ninguna.
mfa-add-app = Añadir una aplicación de autenticación
mfa-added = añadida
mfa-used = último uso
mfa-remove = Quitar
mfa-rename = Cambiar el nombre
mfa-save = Guardar
mfa-name = Nombre
mfa-name-hint = Cómo la distinguirá de las demás, por ejemplo «Teléfono».
mfa-passkeys = Llaves de acceso
mfa-passkeys-count = { $count ->
    [0] No tiene ninguna llave de acceso.
    [one] Tiene una llave de acceso.
   *[other] Tiene { $count } llaves de acceso.
}
mfa-passkeys-manage = Ver sus llaves de acceso
mfa-codes = Códigos de recuperación
mfa-codes-left = { $count ->
    [0] No le queda ningún código de recuperación. Cree otros nuevos, o perder su dispositivo le dejaría fuera.
    [one] Le queda un código de recuperación. Cree pronto otros nuevos.
   *[other] Le quedan { $count } códigos de recuperación.
}
mfa-codes-make = Crear códigos de recuperación nuevos
mfa-codes-replace = Los códigos nuevos sustituyen a todos los anteriores.
mfa-codes-heading = Guarde estos códigos de recuperación
mfa-codes-lead = Cada uno abre su cuenta una vez si sus otros segundos pasos no están a su alcance. Guárdelos con sus papeles importantes o en su gestor de contraseñas.
mfa-codes-once = Solo se muestran esta vez.
mfa-codes-copy = Copiar todos
mfa-codes-copied = Copiado
mfa-codes-saved = He guardado estos códigos
mfa-totp-heading = Configurar una aplicación de autenticación
mfa-step-scan = Escanee esto con su aplicación de autenticación:
mfa-open-app = Abrirlo en una aplicación de este dispositivo
mfa-cannot-scan = ¿No puede escanearlo?
mfa-type-secret = Escriba esta clave en la aplicación:
mfa-qr-label = Código QR con la clave para su aplicación de autenticación
mfa-step-code = Escriba los seis dígitos que la aplicación muestra ahora.
mfa-totp-confirm = Activar
mfa-totp-name = Aplicación de autenticación
mfa-passkey-heading = Añadir una llave de acceso
mfa-passkey-lead = Una llave de acceso inicia su sesión con el bloqueo de pantalla de su dispositivo. No se puede adivinar, y ningún sitio falso puede sonsacársela.
mfa-passkey-add = Añadir una llave de acceso
mfa-passkey-name = Llave de acceso
mfa-passkey-synced = sincronizada
mfa-passkey-bound = en un solo dispositivo
mfa-passkey-cancelled = No se añadió ninguna llave de acceso. Puede intentarlo de nuevo.
mfa-passkey-impossible = Las llaves de acceso no funcionan en esta dirección: necesitan un nombre de equipo, no un número.
mfa-passkey-exists = Esta llave de acceso ya está en su cuenta.
mfa-enrol-heading = Configurar un segundo paso
mfa-enrol-lead = Este inicio de sesión necesita más que una contraseña. Configúrelo una vez; lleva un minuto.
mfa-enrol-impossible = Este inicio de sesión necesita una llave de acceso, y las llaves de acceso no funcionan en esta dirección.
mfa-name-long = Este nombre es demasiado largo: 60 caracteres como máximo.
mfa-last-required = Su cuenta necesita un segundo paso, por lo que el último debe quedarse. Añada antes otro.
mfa-last-way = Es su única forma de iniciar sesión. Establezca antes una contraseña.
mfa-done-added = El segundo paso está configurado. Se cerró la sesión en sus otros dispositivos.
mfa-done-removed = Se ha quitado. Se cerró la sesión en sus otros dispositivos.
mfa-done-codes = Sus códigos de recuperación nuevos están en vigor; los anteriores ya no sirven.
mfa-done-passkey = La llave de acceso se ha añadido.
mfa-done-renamed = El nombre se ha cambiado.
