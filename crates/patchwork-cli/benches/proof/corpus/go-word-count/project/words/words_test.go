package words

import (
	"os"
	"path/filepath"
	"testing"
)

// folder makes documents of names and texts.
func folder(t *testing.T, files ...string) Folder {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Folder(dir)
}

func TestCountsEachWordOnce(t *testing.T) {
	f := folder(t, "a.txt", "The cat and the Cat.\nAnd THE dog don't!\n", "empty.txt", "")
	for name, want := range map[string]int{"a.txt": 5, "empty.txt": 0} {
		if got, err := f.Distinct(name); err != nil || got != want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func TestReportsAllDocuments(t *testing.T) {
	report, err := folder(t, "b.txt", "one two", "a b.txt", "one").Report()
	if err != nil || report != "     1 a b.txt\n     2 b.txt\n" {
		t.Errorf("got %q, %v", report, err)
	}
}

func TestSaysWhatIsMissing(t *testing.T) {
	f := folder(t)
	for _, name := range []string{"missing.txt", "../a.txt", ""} {
		if _, err := f.Distinct(name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}
