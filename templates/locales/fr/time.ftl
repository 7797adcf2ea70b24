time-day =
    { $day ->
        [1] 1er
       *[other] { $day }
    } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    } { $year }
time-moment = { time-day } à { $hour } h { $minute } UTC
time-days = { $count ->
        [one] { $count } jour
       *[other] { $count } jours
    }
time-hours = { $count ->
        [one] { $count } heure
       *[other] { $count } heures
    }
time-minutes = { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
time-seconds = { $count ->
        [one] { $count } seconde
       *[other] { $count } secondes
    }
