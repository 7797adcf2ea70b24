setup-heading = Crear la primera cuenta de administración
setup-lead = Esta cuenta se encarga de { $site }. El enlace funciona una sola vez.
setup-username = Nombre de usuario
setup-email = Dirección de correo
setup-password = Nueva contraseña
setup-password-rule = { $count } caracteres o más: bastan unas pocas palabras.
setup-submit = Crear la cuenta
setup-taken = Esto ya está en uso. Elija otro.
