package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// The world that e2e/run made for its clients.
type world struct {
	Outside string
	User    struct{ Username, Email, Name string }
	Clients map[string]client
}

// The browser of somebody who never consents.
const refuser = "go-oidc, who refuses"

type client struct {
	Issuer                string
	ID                    string `json:"id"`
	Secret                string
	AuthMethod            string `json:"auth_method"`
	RedirectURI           string `json:"redirect_uri"`
	PostLogoutRedirectURI string `json:"post_logout_redirect_uri"`
	IDTokenAlg            string `json:"id_token_alg"`
}

func readWorld() (made world, err error) {
	text, err := os.ReadFile(os.Getenv("E2E_WORLD"))
	if err != nil {
		return made, err
	}
	return made, json.Unmarshal(text, &made)
}

// Lets a person's browser open an address; returns the parameters it brings to `until`, from the
// query, the fragment or a posted form. The person of the `refuser` never consents.
func (w world) walk(browser, address, until string) (url.Values, error) {
	asked := map[string]string{"browser": browser, "url": address, "until": until, "decision": "allow"}
	if browser == refuser {
		asked["decision"] = "deny"
	}
	request, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	response, err := http.Post(w.Outside+"/walk", "application/json", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct{ URL, Error string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("walk: %s", answer.Error)
	}
	arrived, err := url.Parse(answer.URL)
	if err != nil {
		return nil, err
	}
	if arrived.Fragment != "" {
		return url.ParseQuery(arrived.EscapedFragment())
	}
	return arrived.Query(), nil
}

// The fields of a form that somebody posted to that name, once they did.
func (w world) posted(name string) (fields map[string]string, err error) {
	response, err := http.Get(w.Outside + "/post/" + name)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&fields); err != nil {
		return nil, err
	}
	if fields["error"] != "" {
		return nil, fmt.Errorf("posted: %s", fields["error"])
	}
	return fields, nil
}

type flow struct {
	name string
	walk func() error
}

// Runs flows one after another and notes what came of each; returns the exit status.
func run(name string, flows []flow) int {
	results, err := os.OpenFile(os.Getenv("E2E_RESULTS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer results.Close()
	status := 0
	for _, each := range flows {
		began := time.Now()
		fault := each.walk()
		result := map[string]any{"client": name, "flow": each.name, "ok": fault == nil}
		result["milliseconds"] = time.Since(began).Milliseconds()
		verdict := "ok  "
		if fault != nil {
			verdict, status = "FAIL", 1
			result["why"] = fault.Error()
		}
		if err := json.NewEncoder(results).Encode(result); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Printf("  %s  %s: %s (%d ms)\n", verdict, name, each.name, result["milliseconds"])
		if fault != nil {
			fmt.Println("       ", fault)
		}
	}
	return status
}
