field-look-again = Bitte sehen Sie sich das noch einmal an:
field-show = Zeigen
field-hide = Verbergen
field-show-password = Passwort zeigen
field-hide-password = Passwort verbergen
field-caps-lock = Die Feststelltaste ist an.
field-copy = Kopieren
field-copied = Kopiert
