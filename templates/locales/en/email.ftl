# The mail address of the account.

email-title = Mail address
email-lead = We write to it about your account, and with it you find back in. A new address counts once you have confirmed it.
email-present = Your address
email-pending = Waiting to be confirmed
email-pending-do = Type the code
email-verify-lead = To see that your present address is yours, we send a mail with a code to it.
email-verify = Confirm this address
email-change = Another address
email-new = New address
email-new-hint = We send a code to it. Your old address gets a mail with which you can take the change back.
email-submit = Change address
email-same = This is your address already.
email-off = No mails are sent here at present, and without them an address can’t be confirmed or changed.
