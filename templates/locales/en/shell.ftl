# What is around the content of every page.

shell-languages = Language
shell-error-title = Error: { $title }
shell-skip = Skip to the content
shell-sign-out = Sign out
shell-account = Your account
shell-menu = Menu
shell-room-overview = Overview
shell-room-profile = Profile
shell-room-email = Mail address
shell-room-password = Password
shell-room-mfa = Two-step sign-in
shell-room-passkeys = Passkeys
shell-room-sessions = Devices and sessions
shell-room-apps = Connected apps
shell-room-activity = Activity
shell-room-data = Your data
