package guestbook

import (
	"html/template"
	"net/http"
)

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><title>Guest book</title></head>
<body>
<ul>{{range .}}
<li>an entry</li>{{end}}
</ul>
</body>
</html>
`))

// ServeHTTP shows the entries, and takes a new one.
func (b *Book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		entry := Entry{Name: r.FormValue("name"), Homepage: r.FormValue("homepage"), Text: r.FormValue("text")}
		if err := b.Add(entry); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, b.Entries()); err != nil {
		http.Error(w, "the page can't be shown", http.StatusInternalServerError)
	}
}
