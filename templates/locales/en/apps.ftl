# Connected apps.

apps-none = No app uses your account.
apps-lead = These apps may use your account in the ways listed. You can take that back at any time.
apps-own = run by { $site }
apps-since = Since { $day }
apps-last-used = Last used on
apps-open = Open { $app }
apps-withdraw = Withdraw access
apps-withdraw-hint = An app whose access you withdraw is signed out of your account at once. When you sign in to it again, it asks you again, unless we run it ourselves.
apps-withdrawn = That app can’t use your account any more.
apps-answers = What you answered so far
apps-answer-given = You allowed { $app } to use your account.
apps-answer-refused = You refused { $app }.
apps-answer-withdrawn = You withdrew the access of { $app }.
