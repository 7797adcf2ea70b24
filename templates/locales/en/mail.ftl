# Mails. Each says who sends it, why it came, and what to do if it was not you. Names that people
# chose come as blanks of mail-fact only: never in a subject or a first sentence.

mail-hello = Hello,
mail-footer = This mail comes from { $site } ({ $home }). A machine wrote it, so nobody reads answers to it.
mail-fact = { $label }: { $value }
mail-label-code = Your code
mail-label-when = When
mail-label-device = Device
mail-label-ip = Network address
mail-label-name = Name
mail-label-new-address = New address
mail-label-invited-by = Invited by
mail-by-hand = If the button does nothing, open this address:
mail-valid-both = The link and the code work for { $span }, and only once.
mail-valid-link = The link works for { $span }, and only once.
mail-valid-code = The code works for { $span }, and only once.
mail-freeze = Was it not you? Then freeze your account now: everybody is signed out, and nobody can sign in until you have chosen a new password.
mail-freeze-action = It wasn’t me: freeze my account

mail-register-subject = Confirm your mail address for { $site }
mail-register-lead = Somebody wants to open an account at { $site } with this mail address. If that is you, confirm it here.
mail-register-action = Confirm my address
mail-register-otherwise = Was it not you? Then do nothing: without you there will be no account.

mail-registered-subject = You already have an account at { $site }
mail-registered-lead = Somebody wanted to open an account at { $site } with this mail address. There is one already, and it stays as it is.
mail-registered-sign-in = Sign in
mail-registered-recover = Choose a new password
mail-registered-otherwise = Was it not you? Then do nothing: nobody was told that you have an account.

mail-invitation-subject = You are invited to { $site }
mail-invitation-lead = You are invited to open an account at { $site }.
mail-invitation-action = Open my account
mail-invitation-otherwise = Did you not expect this? Then do nothing: without you there will be no account.

mail-verify-subject = Confirm your mail address for { $site }
mail-verify-lead = Please confirm that this is the mail address of your account at { $site }.
mail-verify-action = Confirm my address
mail-verify-otherwise = Have you no account there? Then somebody gave your address by mistake. Do nothing, and it will not be used.

mail-reset-subject = Choose a new password for { $site }
mail-reset-lead = Somebody asked for a new password for your account at { $site }. If that was you, choose it here.
mail-reset-action = Choose a new password
mail-reset-otherwise = Was it not you? Then do nothing: your password stays as it is, and only this mail has the link.

mail-password-subject = Your password for { $site } was changed
mail-password-lead = Your account at { $site } has a new password. Everybody else who was signed in to it has been signed out.

mail-change-subject = Confirm your new mail address for { $site }
mail-change-lead = Somebody wants to use this mail address for their account at { $site }. If that is you, confirm it here.
mail-change-action = Use this address
mail-change-otherwise = Was it not you? Then do nothing, and this address will not be used.

mail-changed-subject = Your mail address for { $site } was changed
mail-changed-lead = Your account at { $site } has a new mail address. From now on we write to that one.
mail-changed-otherwise = Was it not you? Then take the change back; for { $span } you can do that with this link.
mail-changed-action = It wasn’t me: take it back

mail-undone-subject = Your mail address for { $site } is the one it was
mail-undone-lead = The change of the mail address of your account at { $site } was taken back: the one from before counts again. Everybody was signed out, and the way back in is a new password.
mail-undone-otherwise = Was it not you who took it back? Then somebody else reads your mail: choose a new password for your mailbox first, and then one for { $site }.

mail-unlock-subject = Password sign-in at { $site } is paused
mail-unlock-lead = Somebody tried too many wrong passwords for your account at { $site }. So that nobody guesses it, we take no password for a while. If it was you, open your account again here.
mail-unlock-action = Open my account again
mail-unlock-otherwise = Was it not you? Then do nothing: whoever it was did not get in. If you use that password elsewhere too, choose a new one.

mail-otp-subject = Your sign-in code for { $site }
mail-otp-lead = With this code you finish signing in at { $site }.
mail-otp-otherwise = Are you not signing in just now? Then somebody knows your password: choose a new one. Give this code to nobody; we never ask for it by phone or mail.

mail-device-subject = New sign-in at { $site }
mail-device-lead = Somebody signed in to your account at { $site } on a device that we have not seen with you before.

mail-totp-added-subject = Authenticator app added at { $site }
mail-totp-added-lead = An authenticator app was added to your account at { $site }. Its codes can now confirm that it’s you.
mail-passkey-added-subject = Passkey added at { $site }
mail-passkey-added-lead = A passkey was added to your account at { $site }. It can now sign you in.
mail-totp-removed-subject = Authenticator app removed at { $site }
mail-totp-removed-lead = An authenticator app was removed from your account at { $site }. Its codes count no longer.
mail-passkey-removed-subject = Passkey removed at { $site }
mail-passkey-removed-lead = A passkey was removed from your account at { $site }. It signs nobody in any more.
mail-codes-made-subject = New recovery codes for { $site }
mail-codes-made-lead = Your account at { $site } has new recovery codes. Those from before work no longer.
mail-code-used-subject = Recovery code used at { $site }
mail-code-used-lead = Somebody signed in to your account at { $site } with one of your recovery codes. { $left ->
        [0] It was the last one: make new ones in your account.
        [one] One is left.
       *[other] { $left } are left.
    }

mail-deletion-subject = Your account at { $site } will be deleted
mail-deletion-lead = As you wished, your account at { $site } will be deleted on { $when }. Until then you can keep it.
mail-deletion-action = Keep my account
mail-deletion-otherwise = Was it not you? Then keep your account with this link, and choose a new password.

mail-erased-subject = Your account at { $site } is deleted
mail-erased-lead = Your account at { $site } is deleted, and with it what we knew about you. This is our last mail to you.
mail-erased-otherwise = It cannot be brought back. You are welcome to open a new one at any time.

mail-frozen-subject = Your account at { $site } is frozen
mail-frozen-lead = Your account at { $site } was frozen because somebody with a mail of ours said: “It wasn’t me”. Everybody was signed out. When you choose a new password, you can use your account again.
mail-frozen-action = Choose a new password
mail-frozen-otherwise = Was it not you who froze it? Then choose a new password all the same, also for your mailbox: somebody else can read it.
