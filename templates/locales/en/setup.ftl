# The first administrator.

setup-heading = Create the first administrator
setup-lead = This account looks after { $site }. The link works once.
setup-username = User name
setup-email = Mail address
setup-password = New password
setup-password-rule = { $count } characters or more: a few words will do.
setup-submit = Create administrator
setup-taken = This is taken already. Choose another.
