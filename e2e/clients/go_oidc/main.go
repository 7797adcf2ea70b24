// go-oidc and golang.org/x/oauth2, unmodified, through every step a relying party takes.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const person = "go-oidc"

var (
	here   world
	always = context.Background()
	scopes = []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess}
)

// A relying party as an application would set it up.
type party struct {
	client
	provider *oidc.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newParty(registered client) (*party, error) {
	provider, err := oidc.NewProvider(always, registered.Issuer)
	if err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if registered.AuthMethod != "client_secret_basic" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	config := oauth2.Config{
		ClientID:     registered.ID,
		ClientSecret: registered.Secret,
		Endpoint:     endpoint,
		RedirectURL:  registered.RedirectURI,
		Scopes:       scopes,
	}
	verifier := provider.Verifier(&oidc.Config{
		ClientID:             registered.ID,
		SupportedSigningAlgs: []string{registered.IDTokenAlg},
	})
	return &party{registered, provider, config, verifier}, nil
}

type signedIn struct {
	*party
	token   *oauth2.Token
	idToken *oidc.IDToken
	raw     string
	code    string
	proof   string
}

type asked struct {
	browser string
	proof   string
	options []oauth2.AuthCodeOption
}

func parameter(name, value string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam(name, value) }

// A sign-in from the authorization request to the verified ID token.
func (p *party) signIn(wish asked) (*signedIn, error) {
	state, nonce, proof := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	options := append(wish.options, oidc.Nonce(nonce), oauth2.S256ChallengeOption(proof))
	browser := wish.browser
	if browser == "" {
		browser = person
	}
	answer, err := here.walk(browser, p.config.AuthCodeURL(state, options...), p.RedirectURI)
	if err != nil {
		return nil, err
	}
	if answer.Get("state") != state || answer.Get("iss") != p.Issuer {
		return nil, fmt.Errorf("state or iss is not what was sent: %v", answer)
	}
	if refusal := answer.Get("error"); refusal != "" {
		return nil, errors.New(refusal)
	}
	if wish.proof != "" {
		proof = wish.proof
	}
	token, err := p.config.Exchange(always, answer.Get("code"), oauth2.VerifierOption(proof))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := p.verifier.Verify(always, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != nonce {
		return nil, errors.New("the nonce is another")
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, err
	}
	return &signedIn{p, token, idToken, raw, answer.Get("code"), proof}, nil
}

func signInAs(name string, wish asked) (*signedIn, error) {
	p, err := newParty(here.Clients[name])
	if err != nil {
		return nil, err
	}
	return p.signIn(wish)
}

func (s *signedIn) userinfo() (*oidc.UserInfo, error) {
	return s.provider.UserInfo(always, oauth2.StaticTokenSource(s.token))
}

// x/oauth2 refreshes when it is given a token that has no access token any more.
func (s *signedIn) refresh(token string) (*oauth2.Token, error) {
	return s.config.TokenSource(always, &oauth2.Token{RefreshToken: token}).Token()
}

func refuses(code string, err error) error {
	var refusal *oauth2.RetrieveError
	switch {
	case err == nil:
		return fmt.Errorf("no %s", code)
	case errors.As(err, &refusal) && refusal.ErrorCode == code, err.Error() == code:
		return nil
	}
	return err
}

func expect(holds bool, what string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(what, values...)
}

func discovery() error {
	p, err := newParty(here.Clients["basic"])
	if err != nil {
		return err
	}
	var metadata struct {
		Methods []string `json:"code_challenge_methods_supported"`
	}
	if err := p.provider.Claims(&metadata); err != nil {
		return err
	}
	return expect(slices.Contains(metadata.Methods, "S256"), "no S256 in %v", metadata.Methods)
}

func code(name string) func() error {
	return func() error {
		s, err := signInAs(name, asked{})
		if err != nil {
			return err
		}
		if _, err := s.refresh(s.token.RefreshToken); err != nil {
			return err
		}
		info, err := s.userinfo()
		if err != nil {
			return err
		}
		return expect(info.Subject == s.idToken.Subject, "userinfo is about %s", info.Subject)
	}
}

func formPost() error {
	_, err := signInAs("basic", asked{options: []oauth2.AuthCodeOption{parameter("response_mode", "form_post")}})
	return err
}

func claimsParameter() error {
	wanted := `{"id_token": {"email": null}, "userinfo": {"name": {"essential": true}}}`
	s, err := signInAs("basic", asked{options: []oauth2.AuthCodeOption{
		parameter("claims", wanted), parameter("scope", oidc.ScopeOpenID),
	}})
	if err != nil {
		return err
	}
	var inToken struct{ Email string }
	if err := s.idToken.Claims(&inToken); err != nil {
		return err
	}
	info, err := s.userinfo()
	if err != nil {
		return err
	}
	var claims struct{ Name, Email string }
	if err := info.Claims(&claims); err != nil {
		return err
	}
	return expect(
		inToken.Email == here.User.Email && claims.Name == here.User.Name && claims.Email == "",
		"got %v and %v", inToken, claims,
	)
}

func userinfo() error {
	s, err := signInAs("basic", asked{})
	if err != nil {
		return err
	}
	info, err := s.userinfo()
	if err != nil {
		return err
	}
	return expect(info.Email == here.User.Email && info.EmailVerified, "got %v", info)
}

func refresh() error {
	s, err := signInAs("basic", asked{})
	if err != nil {
		return err
	}
	next, err := s.refresh(s.token.RefreshToken)
	if err != nil {
		return err
	}
	return expect(
		next.RefreshToken != s.token.RefreshToken && next.AccessToken != s.token.AccessToken,
		"a token stayed as it was",
	)
}

func clientCredentials() error {
	service := here.Clients["service"]
	p, err := newParty(service)
	if err != nil {
		return err
	}
	config := clientcredentials.Config{
		ClientID:     service.ID,
		ClientSecret: service.Secret,
		TokenURL:     p.provider.Endpoint().TokenURL,
		Scopes:       []string{"api"},
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	token, err := config.Token(always)
	if err != nil {
		return err
	}
	return expect(token.RefreshToken == "" && token.Type() == "Bearer", "got %s", token.Type())
}

func prompt(value string) []oauth2.AuthCodeOption {
	return []oauth2.AuthCodeOption{parameter("prompt", value), parameter("scope", oidc.ScopeOpenID)}
}

func promptNone() error {
	_, err := signInAs("basic", asked{browser: "go-oidc, nobody", options: prompt("none")})
	if err := refuses("login_required", err); err != nil {
		return err
	}
	if _, err := signInAs("basic", asked{}); err != nil {
		return err
	}
	_, err = signInAs("basic", asked{options: prompt("none")})
	return err
}

func refusedConsent() error {
	_, err := signInAs("basic", asked{browser: refuser, options: prompt("consent")})
	return refuses("access_denied", err)
}

func wrongVerifier() error {
	_, err := signInAs("basic", asked{proof: oauth2.GenerateVerifier()})
	return refuses("invalid_grant", err)
}

func codeUsedTwice() error {
	s, err := signInAs("basic", asked{})
	if err != nil {
		return err
	}
	_, err = s.config.Exchange(always, s.code, oauth2.VerifierOption(s.proof))
	if err := refuses("invalid_grant", err); err != nil {
		return err
	}
	_, err = s.refresh(s.token.RefreshToken)
	return refuses("invalid_grant", err)
}

// go-oidc has no logout of its own: applications read the endpoint from discovery, as here.
func (s *signedIn) leave(browser string) error {
	var metadata struct {
		Endpoint string `json:"end_session_endpoint"`
	}
	if err := s.provider.Claims(&metadata); err != nil {
		return err
	}
	query := url.Values{
		"id_token_hint":            {s.raw},
		"post_logout_redirect_uri": {s.PostLogoutRedirectURI},
		"state":                    {"left"},
	}
	answer, err := here.walk(browser, metadata.Endpoint+"?"+query.Encode(), s.PostLogoutRedirectURI)
	if err != nil {
		return err
	}
	return expect(answer.Get("state") == "left", "state is %q", answer.Get("state"))
}

func logout() error {
	const leaver = "go-oidc, who leaves"
	s, err := signInAs("basic", asked{browser: leaver})
	if err != nil {
		return err
	}
	if err := s.leave(leaver); err != nil {
		return err
	}
	_, err = signInAs("basic", asked{browser: leaver, options: prompt("none")})
	return refuses("login_required", err)
}

func backChannelLogout() error {
	const leaver = "go-oidc, who is told"
	s, err := signInAs("told", asked{browser: leaver})
	if err != nil {
		return err
	}
	if err := s.leave(leaver); err != nil {
		return err
	}
	told, err := here.posted("told")
	if err != nil {
		return err
	}
	token, err := s.verifier.VerifyLogout(always, told["logout_token"])
	if err != nil {
		return err
	}
	var claims struct {
		SID string `json:"sid"`
	}
	if err := s.idToken.Claims(&claims); err != nil {
		return err
	}
	return expect(
		claims.SID != "" && token.SessionID == claims.SID && token.Subject == s.idToken.Subject,
		"told of %v, signed in with %v", token, claims,
	)
}

// A sign-in whose answer has tokens in it, and maybe a code for more of them.
func implicit(responseType string) func() error {
	return func() error {
		p, err := newParty(here.Clients["every"])
		if err != nil {
			return err
		}
		has := func(word string) bool { return slices.Contains(strings.Fields(responseType), word) }
		state, nonce, proof := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
		address := p.config.AuthCodeURL(
			state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(proof), parameter("response_type", responseType),
		)
		answer, err := here.walk(person, address, p.RedirectURI)
		if err != nil {
			return err
		}
		if answer.Get("error") != "" || answer.Get("state") != state {
			return fmt.Errorf("brought back %v", answer)
		}
		if has("id_token") {
			if err := p.checkFront(answer, nonce, has("token")); err != nil {
				return err
			}
		}
		if has("token") {
			source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: answer.Get("access_token")})
			if _, err := p.provider.UserInfo(always, source); err != nil {
				return err
			}
		}
		if has("code") {
			_, err = p.config.Exchange(always, answer.Get("code"), oauth2.VerifierOption(proof))
		}
		return err
	}
}

// An ID token that came by the browser, with the hash of the access token that came with it.
func (p *party) checkFront(answer url.Values, nonce string, withToken bool) error {
	idToken, err := p.verifier.Verify(always, answer.Get("id_token"))
	if err != nil {
		return err
	}
	if idToken.Nonce != nonce {
		return errors.New("the nonce is another")
	}
	if withToken {
		return idToken.VerifyAccessToken(answer.Get("access_token"))
	}
	return nil
}

func signedUserinfo() error {
	s, err := signInAs("signed", asked{})
	if err != nil {
		return err
	}
	info, err := s.userinfo()
	if err != nil {
		return err
	}
	return expect(info.Email == here.User.Email, "got %v", info)
}

func pairwiseSubject() error {
	var subjects []string
	for _, name := range []string{"pairwise", "every", "pairwise"} {
		s, err := signInAs(name, asked{})
		if err != nil {
			return err
		}
		subjects = append(subjects, s.idToken.Subject)
	}
	return expect(subjects[0] == subjects[2] && subjects[0] != subjects[1], "got %v", subjects)
}

func main() {
	var err error
	if here, err = readWorld(); err != nil {
		fmt.Fprintln(os.Stderr, strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
	os.Exit(run("go-oidc", []flow{
		{"discovery", discovery},
		{"code, none", code("public")},
		{"code, client_secret_basic", code("basic")},
		{"code, client_secret_post", code("post")},
		{"ID token PS256", code("post")},
		{"ID token ES256", code("public")},
		{"ID token EdDSA", code("opaque")},
		{"id_token", implicit("id_token")},
		{"id_token token", implicit("id_token token")},
		{"code id_token", implicit("code id_token")},
		{"code token", implicit("code token")},
		{"code id_token token", implicit("code id_token token")},
		{"signed userinfo", signedUserinfo},
		{"pairwise subject", pairwiseSubject},
		{"back-channel logout", backChannelLogout},
		{"form_post", formPost},
		{"claims parameter", claimsParameter},
		{"userinfo", userinfo},
		{"refresh", refresh},
		{"client credentials", clientCredentials},
		{"prompt=none", promptNone},
		{"refused consent", refusedConsent},
		{"wrong verifier", wrongVerifier},
		{"code used twice", codeUsedTwice},
		{"logout", logout},
	}))
}
