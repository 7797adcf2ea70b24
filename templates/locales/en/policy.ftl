# What a user name, a mail address, a password or a profile may be: the refusals and the rules.

account-username-empty = Choose a user name.
account-username-too-long = This user name is too long: { $max } characters are the most.
account-username-spaced = A user name has no spaces and no @ in it.
account-email-look = This does not look like a mail address.

password-empty = Choose a password.
password-too-short = This password is too short: it needs { $min } characters or more, and has { $has }.
password-too-long = This password is too long: { $max } characters are the most, and it has { $has }.
password-few-classes = Of lower case, upper case, digits and other characters this password needs { $min } kinds, and has { $has }.
password-has-username = This password has “{ $part }” in it, which is in your user name. Whoever knows you tries that first.
password-has-email = This password has “{ $part }” in it, which is in your mail address. Whoever knows you tries that first.
password-has-name = This password has “{ $part }” in it, which is in your name. Whoever knows you tries that first.
password-common = This password was published after a break-in elsewhere, and attackers try it first.
password-reused = { $last ->
    [one] This is the password you had before. Choose a new one.
   *[other] This is one of your last { $last } passwords. Choose a new one.
}

# Why a password is too easy to guess, and what would help.
password-guessable = This password is too easy to guess.
password-guessable-keyboard = This password is easy to guess: it follows the keys of the keyboard.
password-guessable-repeat = This password is easy to guess: it repeats itself.
password-guessable-similar = This password is easy to guess: many people use it or one much like it.
password-guessable-sequence = This password is easy to guess: it has a sequence such as abc or 6543 in it.
password-guessable-date = This password is easy to guess: it has a year or a date in it.
password-guessable-word = This password is easy to guess: it is a single word.
password-guessable-name = This password is easy to guess: names and surnames are tried early.
password-hint-words = A few words that have nothing to do with each other make a good password.
password-hint-more = Add another word or two; the rarer the better.
password-hint-capitals = Capital letters help little.
password-hint-reversed = A word spelled backwards is hardly harder to guess.
password-hint-substitutes = Look-alikes such as @ for a help little.
password-hint-keyboard = A row of keys would have to be longer and change direction more often.
password-hint-repeats = Leave out what repeats.
password-hint-sequences = Leave out the sequence.
password-hint-dates = Leave out years and dates, above all those of your own life.

# The rules, shown before anything is typed.
password-rule-length = { $min } to { $max } characters. Spaces and letters of every language are welcome.
password-rule-classes = { $min ->
    [one] At least one of these kinds: lower case, upper case, digits, other characters.
   *[other] At least { $min } of these kinds: lower case, upper case, digits, other characters.
}
password-rule-strength = Hard to guess: for example four words that have nothing to do with each other.
password-rule-own = Nothing of your name, user name or mail address.
password-rule-common = None of the passwords that attackers try first.
password-rule-reused = { $last ->
    [one] Not the password you have now.
   *[other] None of your last { $last } passwords.
}

profile-unknown-field = There is no such field.
profile-text-control = Use letters, digits and punctuation on a single line.
profile-text-too-long = This is too long: { $max } characters are the most.
profile-url-look = Enter an address that starts with https://, for example https://example.org/ana.
profile-url-too-long = This address is too long: { $max } characters are the most.
profile-birthdate-look = Write the date as 1984-02-29, only the year as 1984, or without the year as 0000-02-29.
profile-birthdate-no-such-day = There was no such day. Check month and day.
profile-birthdate-future = This day is still to come.
profile-zoneinfo-unknown = No time zone has this name. They look like Europe/Berlin.
profile-locale-look = Write the language as a tag, for example en, de-AT or pt-BR.
profile-phone-country = Start with + and the country’s code, for example +1 202 555 0123.
profile-phone-look = A telephone number has only digits after the + and the country’s code.
profile-phone-length = This telephone number is not complete: it has 7 to 15 digits.
