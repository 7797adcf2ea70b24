time-day =
    { $day }. { $month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[12] Dezember
    } { $year }
time-moment = { time-day }, { $hour }:{ $minute } Uhr UTC
time-days = { $count ->
        [one] { $count } Tag
       *[other] { $count } Tage
    }
time-hours = { $count ->
        [one] { $count } Stunde
       *[other] { $count } Stunden
    }
time-minutes = { $count ->
        [one] { $count } Minute
       *[other] { $count } Minuten
    }
time-seconds = { $count ->
        [one] { $count } Sekunde
       *[other] { $count } Sekunden
    }
