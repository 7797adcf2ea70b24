home-title = Le damos la bienvenida
home-heading = La entrada a sus aplicaciones
home-lead = Con { $site } inicia sesión una vez y sus aplicaciones saben que es usted. Nunca ven su contraseña.
home-account = Su cuenta
home-sign-in = Iniciar sesión en su cuenta
