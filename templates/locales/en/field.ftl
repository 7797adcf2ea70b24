# Around the fields of every form, and its buttons.

field-look-again = Please look at this again:
field-show = Show
field-hide = Hide
field-show-password = Show password
field-hide-password = Hide password
field-caps-lock = Caps Lock is on.
field-copy = Copy
field-copied = Copied
