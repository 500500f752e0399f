package album

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestNothingIsWrittenOutsideOfTheAlbum(t *testing.T) {
	for _, name := range []string{"../out.jpg", "../../out.jpg", "days/../../out.jpg", "../summer-private/out.jpg"} {
		root := t.TempDir()
		folder := filepath.Join(root, "albums", "summer")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		zip := archive(t, "a.jpg", "1", name, "2")
		// To refuse the archive is as good as to pass the entry over.
		_, _ = Album{Folder: folder}.Import(zip, zip.Size())
		outside, err := Album{Folder: root}.Pictures()
		if err != nil {
			t.Fatal(err)
		}
		for _, picture := range outside {
			if filepath.Base(picture) == "out.jpg" && filepath.Dir(picture) != "albums/summer" {
				t.Errorf("%s was written to %s", name, picture)
			}
		}
	}
}

func TestFoldersAndDotsInNamesStay(t *testing.T) {
	for _, folder := range []string{t.TempDir(), t.TempDir() + "/"} {
		album := Album{Folder: folder}
		zip := archive(t, "one/a.jpg", "1", "two/a.jpg", "2", "b..c.jpg", "3", "..d.png", "4", "two/./e.jpg", "5")
		imported, err := album.Import(zip, zip.Size())
		if err != nil || imported != 5 {
			t.Fatalf("imported %d: %v", imported, err)
		}
		pictures, err := album.Pictures()
		want := []string{"..d.png", "b..c.jpg", "one/a.jpg", "two/a.jpg", "two/e.jpg"}
		if err != nil || !reflect.DeepEqual(pictures, want) {
			t.Fatalf("got %v, %v", pictures, err)
		}
		content, err := os.ReadFile(filepath.Join(folder, "one", "a.jpg"))
		if err != nil || string(content) != "1" {
			t.Fatalf("got %q, %v", content, err)
		}
	}
}
