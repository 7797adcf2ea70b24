terms-heading = Condiciones del servicio
terms-lead = { $site } tiene condiciones que usted aún no ha aceptado. Léalas antes de continuar, por favor.
terms-text = Las condiciones
terms-read = Leer las condiciones del servicio (en otra pestaña)
terms-version = Versión
terms-accept = Acepto
terms-cancel = Cancelar
terms-cancelled-means = Si cancela, vuelve a la aplicación y nada cambia.
