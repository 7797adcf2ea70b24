select-heading = Konto wählen
select-continue = Weiter als { $name }
select-other = Anderes Konto verwenden
select-also = Hier ebenfalls angemeldet
select-since = angemeldet seit
select-use = Weiter
select-remove = Abmelden
