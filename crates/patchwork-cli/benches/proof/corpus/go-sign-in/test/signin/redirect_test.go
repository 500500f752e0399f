package signin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// host is where a browser goes: it drops tabs and line ends and takes a backslash for a slash.
func host(t *testing.T, location string) string {
	t.Helper()
	seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(location))
	for strings.HasPrefix(seen, "///") {
		seen = seen[1:]
	}
	base, err := url.Parse("https://portal.example/signin")
	if err != nil {
		t.Fatal(err)
	}
	to, err := base.Parse(seen)
	if err != nil {
		return "unreadable " + location
	}
	return to.Scheme + "://" + to.Host
}

func TestNobodyIsSentAway(t *testing.T) {
	for _, next := range []string{
		"https://evil.example/", "HTTPS://evil.example", "//evil.example", "///evil.example", `/\evil.example`,
		`\\evil.example`, "/\t/evil.example", "https:evil.example", "javascript:alert(1)", "//evil.example/%2e%2e",
		"https://portal.example@evil.example/", "http://portal.example.evil.example/",
	} {
		response := signIn("engine", next)
		if response.StatusCode >= 400 {
			continue
		}
		if to := host(t, response.Header.Get("Location")); to != "https://portal.example" {
			t.Errorf("%q leads to %s", next, to)
		}
	}
}

func TestPagesOfThisSiteAreReached(t *testing.T) {
	for _, next := range []string{"/", "/orders", "/orders/7?sort=date&back=%2Fhome#open", "/a//b", "/search?q=https://x.example/"} {
		response := signIn("engine", next)
		if response.StatusCode != http.StatusSeeOther {
			t.Errorf("%q: status %d", next, response.StatusCode)
		}
		location := response.Header.Get("Location")
		if location != next && location != strings.Replace(next, "//b", "/b", 1) {
			t.Errorf("%q became %q", next, location)
		}
	}
}
