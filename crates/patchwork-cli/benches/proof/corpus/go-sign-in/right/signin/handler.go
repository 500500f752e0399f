package signin

import (
	"net/http"
	"net/url"
	"strings"
)

// Handler takes the form of the sign-in page. What Start does makes the session.
type Handler struct {
	Accounts *Accounts
	Start    func(w http.ResponseWriter, name string)
}

// ServeHTTP signs in and goes on to the page that was asked for, in the parameter `next`.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "send the form", http.StatusMethodNotAllowed)
		return
	}
	name := r.FormValue("name")
	if !h.Accounts.Check(name, r.FormValue("password")) {
		http.Error(w, "name or password is wrong", http.StatusForbidden)
		return
	}
	h.Start(w, name)
	next := r.FormValue("next")
	// Browsers take `//host` and `/\host` for another site.
	parsed, err := url.Parse(next)
	if err != nil || parsed.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.Contains(next, `\`) {
		next = "/"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
