# Dates and spans. The month comes as a number from 1 to 12.

time-day =
    { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
time-moment = { time-day }, { $hour }:{ $minute } UTC
time-days = { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
time-hours = { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
time-minutes = { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
time-seconds = { $count ->
        [one] { $count } second
       *[other] { $count } seconds
    }
