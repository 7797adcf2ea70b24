leaving-title = Volviendo a { $client }
leaving-heading = Volviendo a { $client }…
leaving-the-app = la aplicación
leaving-nothing-happens = ¿No ocurre nada? { $link }.
leaving-go-on = Siga a { $client }
leaving-continue = Continuar
