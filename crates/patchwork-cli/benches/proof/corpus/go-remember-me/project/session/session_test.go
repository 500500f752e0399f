package session

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// signIn gives the cookie of a new session.
func signIn(t *testing.T, store *Store, address string, remember bool) *http.Cookie {
	t.Helper()
	response := httptest.NewRecorder()
	if err := store.SignIn(response, httptest.NewRequest(http.MethodPost, address, nil), "ada", remember); err != nil {
		t.Fatal(err)
	}
	cookies := response.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	return cookies[0]
}

func with(cookie *http.Cookie) *http.Request {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.AddCookie(cookie)
	return request
}

func TestKnowsWhoSignedIn(t *testing.T) {
	var store Store
	cookie := signIn(t, &store, "/signin", false)
	if name, ok := store.User(with(cookie)); !ok || name != "ada" {
		t.Errorf("got %q", name)
	}
	if _, ok := store.User(httptest.NewRequest(http.MethodGet, "/", nil)); ok {
		t.Error("knows somebody without a cookie")
	}
}

func TestRemembersForAMonth(t *testing.T) {
	var store Store
	if cookie := signIn(t, &store, "/signin", true); cookie.MaxAge != 30*24*60*60 || cookie.Path != "/" {
		t.Errorf("got %s", cookie)
	}
}

func TestForgetsWhoSignedOut(t *testing.T) {
	var store Store
	cookie := signIn(t, &store, "/signin", false)
	response := httptest.NewRecorder()
	store.SignOut(response, with(cookie))
	if _, ok := store.User(with(cookie)); ok {
		t.Error("the session goes on")
	}
	if taken := response.Result().Cookies()[0]; taken.MaxAge >= 0 {
		t.Error("the cookie stays")
	}
}
