package session

import (
	"net/http"
	"testing"
)

// addresses are those of requests over TLS and of ones that a proxy passed on without it.
var addresses = []string{"https://club.example/signin", "http://10.0.0.7:8080/signin"}

func TestTheCookieIsHidden(t *testing.T) {
	for _, address := range addresses {
		for _, remember := range []bool{false, true} {
			var store Store
			cookie := signIn(t, &store, address, remember)
			if !cookie.HttpOnly {
				t.Errorf("%s: scripts can read %s", address, cookie)
			}
			if !cookie.Secure {
				t.Errorf("%s: a plain connection carries %s", address, cookie)
			}
			if cookie.SameSite == http.SameSiteNoneMode {
				t.Errorf("%s: other sites' requests carry %s", address, cookie)
			}
		}
	}
}

func TestTheCookieWorksAsBefore(t *testing.T) {
	for remember, age := range map[bool]int{false: 0, true: 30 * 24 * 60 * 60} {
		var store Store
		cookie := signIn(t, &store, addresses[0], remember)
		if cookie.MaxAge != age || cookie.Path != "/" || cookie.Name != "session" || cookie.Domain != "" {
			t.Errorf("remember %v: %s", remember, cookie)
		}
		if name, ok := store.User(with(cookie)); !ok || name != "ada" {
			t.Errorf("remember %v: %q", remember, name)
		}
	}
}
