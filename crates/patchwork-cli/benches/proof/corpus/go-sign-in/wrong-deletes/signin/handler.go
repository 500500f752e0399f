package signin

import (
	"net/http"
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
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
