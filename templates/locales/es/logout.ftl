logout-heading = ¿Cerrar sesión?
logout-lead-client = { $client } pide cerrar su sesión en { $site }.
logout-lead = Va a cerrar su sesión en { $site } en este navegador.
logout-stay = Mantener la sesión abierta
logout-submit = Cerrar sesión
logout-done-heading = Ha cerrado la sesión
logout-done-lead = Ha salido de { $site } en este navegador. Hasta pronto.
logout-back = Volver a { $client }
