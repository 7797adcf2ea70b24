home-title = Willkommen
home-heading = Der Weg zu Ihren Apps
home-lead = Bei { $site } melden Sie sich einmal an, und Ihre Apps wissen, dass Sie es sind. Ihr Passwort sehen sie nie.
home-account = Ihr Konto
home-sign-in = In Ihrem Konto anmelden
