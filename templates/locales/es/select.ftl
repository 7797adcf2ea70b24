select-heading = Elija una cuenta
select-continue = Continuar como { $name }
select-other = Usar otra cuenta
select-also = También con sesión iniciada aquí
select-since = sesión iniciada:
select-use = Continuar
select-remove = Cerrar sesión
