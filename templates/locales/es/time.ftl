time-day =
    { $day } de { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    } de { $year }
time-moment = { time-day }, { $hour }:{ $minute } UTC
time-days = { $count ->
        [one] { $count } día
       *[other] { $count } días
    }
time-hours = { $count ->
        [one] { $count } hora
       *[other] { $count } horas
    }
time-minutes = { $count ->
        [one] { $count } minuto
       *[other] { $count } minutos
    }
time-seconds = { $count ->
        [one] { $count } segundo
       *[other] { $count } segundos
    }
