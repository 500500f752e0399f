package handbook

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
)

// Server answers `/` with the contents and `/page?name=…` with a page.
type Server struct {
	Folder string
}

func (s Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		s.contents(w)
	case "/page":
		http.Error(w, "pages are not served", http.StatusForbidden)
	default:
		http.NotFound(w, r)
	}
}

func (s Server) contents(w http.ResponseWriter) {
	pages, err := Pages(s.Folder)
	if err != nil {
		http.Error(w, "the handbook can't be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for _, page := range pages {
		fmt.Fprintf(w, "<a href=\"/page?name=%s\">%s</a><br>\n", url.QueryEscape(page), html.EscapeString(page))
	}
}
