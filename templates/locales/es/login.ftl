login-heading = Iniciar sesión
login-heading-confirm = Confirme que es usted, por favor
login-heading-other = Iniciar sesión con otra cuenta
login-toward = para continuar a { $client }
login-asked = { $client } le pide que inicie sesión una vez más, para saber que es usted.
login-too-old = { $client } pide un inicio de sesión de hace menos de { $span }, y el suyo es anterior.
login-other-account = { $client } espera una cuenta distinta de la que tiene la sesión iniciada.
login-this-app = Esta aplicación
login-username = Nombre de usuario o dirección de correo
login-password = Contraseña
login-submit = Iniciar sesión
login-wrong = Ese nombre de usuario y esa contraseña no coinciden.
login-busy = Muchas personas están iniciando sesión en este momento. Espere unos segundos y vuelva a intentarlo.
login-sensitive = Lo que sigue cambia su forma de iniciar sesión; muestre, por favor, una vez más que es usted.
login-locked = { $seconds ->
    [one] Demasiados intentos. Espere un segundo e inténtelo de nuevo.
   *[other] Demasiados intentos. Espere { $seconds } segundos e inténtelo de nuevo.
}
login-unlock = Abrirla por correo
login-forgot = ¿Olvidó su contraseña?
login-or = o
login-passkey = Iniciar sesión con una llave de acceso
login-passkey-cancelled = No se usó ninguna llave de acceso. Inténtelo de nuevo o use su contraseña.
login-not-you = ¿No es { $name }?
login-no-account = ¿Es nuevo aquí?
login-register = Crear una cuenta
