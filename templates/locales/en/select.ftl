# The account chooser.

select-heading = Choose an account
select-continue = Continue as { $name }
select-other = Use another account
select-also = Also signed in here
select-since = signed in
select-use = Continue
select-remove = Sign out
