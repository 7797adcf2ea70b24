field-look-again = Por favor, revise lo siguiente:
field-show = Mostrar
field-hide = Ocultar
field-show-password = Mostrar la contraseña
field-hide-password = Ocultar la contraseña
field-caps-lock = El bloqueo de mayúsculas está activado.
field-copy = Copiar
field-copied = Copiado
