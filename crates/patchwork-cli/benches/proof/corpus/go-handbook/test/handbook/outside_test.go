package handbook

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestNothingOutsideIsServed(t *testing.T) {
	for _, name := range []string{
		"../secret.txt", "work/../../secret.txt", "....//secret.txt", "..././secret.txt", "/../secret.txt",
		"./../secret.txt", "../handbook-drafts/secret.txt", "work/....//....//secret.txt", "../../x/../secret.txt",
	} {
		root := t.TempDir()
		folder := filepath.Join(root, "handbook")
		write(t, folder, "work/a.html", "a")
		write(t, root, "secret.txt", "hunter2")
		write(t, root, "handbook-drafts/secret.txt", "hunter2")
		if response := page(folder, name); strings.Contains(response.Body.String(), "hunter2") {
			t.Errorf("%s was served", name)
		}
	}
	root := t.TempDir()
	write(t, root, "handbook/a.html", "a")
	secret := filepath.Join(root, "secret.txt")
	write(t, root, "secret.txt", "hunter2")
	if response := page(filepath.Join(root, "handbook"), secret); strings.Contains(response.Body.String(), "hunter2") {
		t.Error("an absolute name was followed")
	}
}

func TestPagesOfTheHandbookAreServed(t *testing.T) {
	for _, name := range []string{"a.html", "work/a.html", "work/deep/a b.html", "a..b.html", "...html", "x&y.html"} {
		folder := filepath.Join(t.TempDir(), "handbook")
		write(t, folder, name, "text of "+name)
		response := page(folder, name)
		if response.Code != http.StatusOK || response.Body.String() != "text of "+name {
			t.Errorf("%s: %d %s", name, response.Code, response.Body)
		}
		if response.Header().Get("Content-Security-Policy") != "default-src 'self'" {
			t.Errorf("%s: the policy is gone", name)
		}
	}
}
