package handbook

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// get asks a server for an address.
func get(folder, address string) *httptest.ResponseRecorder {
	response := httptest.NewRecorder()
	Server{folder}.ServeHTTP(response, httptest.NewRequest(http.MethodGet, address, nil))
	return response
}

func page(folder, name string) *httptest.ResponseRecorder {
	return get(folder, "/page?name="+url.QueryEscape(name))
}

// write makes a file below a folder.
func write(t *testing.T, folder, name, text string) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestServesPages(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "work/second.html", "<h1>Second</h1>")
	if response := page(folder, "work/second.html"); response.Body.String() != "<h1>Second</h1>" {
		t.Errorf("%d: %s", response.Code, response.Body)
	}
	write(t, folder, "first.html", "<h1>First</h1>")
	response := page(folder, "first.html")
	if response.Code != http.StatusOK || response.Body.String() != "<h1>First</h1>" {
		t.Errorf("%d: %s", response.Code, response.Body)
	}
	if !strings.HasPrefix(response.Header().Get("Content-Type"), "text/html") {
		t.Errorf("type %q", response.Header().Get("Content-Type"))
	}
}

func TestListsPages(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "work/a & b.html", "")
	want := "<a href=\"/page?name=work%2Fa+%26+b.html\">work/a &amp; b.html</a><br>\n"
	if got := get(folder, "/").Body.String(); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSaysWhatIsMissing(t *testing.T) {
	for _, address := range []string{"/page?name=missing.html", "/pages"} {
		if code := get(t.TempDir(), address).Code; code != http.StatusNotFound {
			t.Errorf("%s: status %d", address, code)
		}
	}
}
