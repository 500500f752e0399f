package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// signIn sends the form and gives the answer.
func signIn(password, next string) *http.Response {
	handler := &Handler{
		Accounts: NewAccounts("salt", map[string]string{"ada": "engine"}),
		Start:    func(w http.ResponseWriter, name string) { w.Header().Set("X-Session-Of", name) },
	}
	form := url.Values{"name": {"ada"}, "password": {password}, "next": {next}}
	request := httptest.NewRequest(http.MethodPost, "https://portal.example/signin", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	return response.Result()
}

func TestSignsInAndGoesToTheFirstPage(t *testing.T) {
	response := signIn("engine", "")
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "/" {
		t.Errorf("%d to %q", response.StatusCode, response.Header.Get("Location"))
	}
	if response.Header.Get("X-Session-Of") != "ada" {
		t.Error("no session")
	}
}

func TestGoesToThePageThatWasAskedFor(t *testing.T) {
	if location := signIn("engine", "/orders/7?sort=date").Header.Get("Location"); location != "/orders/7?sort=date" {
		t.Errorf("went to %q", location)
	}
}

func TestRefusesAWrongPassword(t *testing.T) {
	response := signIn("motor", "")
	if response.StatusCode != http.StatusForbidden || response.Header.Get("X-Session-Of") != "" {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestTakesFormsOnly(t *testing.T) {
	response := httptest.NewRecorder()
	(&Handler{}).ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/signin", nil))
	if response.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d", response.Code)
	}
}
