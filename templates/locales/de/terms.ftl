terms-heading = Unsere Bedingungen
terms-lead = { $site } hat Bedingungen, die Sie noch nicht angenommen haben. Bitte lesen Sie sie, bevor Sie weitergehen.
terms-text = Bedingungen
terms-read = Nutzungsbedingungen lesen (in einem neuen Tab)
terms-version = Fassung
terms-accept = Annehmen
terms-cancel = Abbrechen
terms-cancelled-means = Wenn Sie abbrechen, kommen Sie zur App zurück, und nichts ändert sich.
