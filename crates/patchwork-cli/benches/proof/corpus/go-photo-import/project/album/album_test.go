package album

import (
	"archive/zip"
	"bytes"
	"reflect"
	"testing"
)

// archive makes a zip of names and contents.
func archive(t *testing.T, files ...string) *bytes.Reader {
	t.Helper()
	var buffer bytes.Buffer
	writer := zip.NewWriter(&buffer)
	for i := 0; i < len(files); i += 2 {
		entry, err := writer.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(buffer.Bytes())
}

func TestImportsPicturesOnly(t *testing.T) {
	album := Album{Folder: t.TempDir()}
	zip := archive(t, "beach.jpg", "1", "notes.txt", "2", "days/one/Dunes.PNG", "3")
	imported, err := album.Import(zip, zip.Size())
	if err != nil || imported != 2 {
		t.Fatalf("imported %d: %v", imported, err)
	}
	pictures, err := album.Pictures()
	if err != nil || !reflect.DeepEqual(pictures, []string{"beach.jpg", "days/one/Dunes.PNG"}) {
		t.Fatalf("got %v, %v", pictures, err)
	}
}

func TestRefusesWhatIsNoArchive(t *testing.T) {
	if _, err := (Album{Folder: t.TempDir()}).Import(bytes.NewReader([]byte("no")), 2); err == nil {
		t.Fatal("no error")
	}
}

func TestListsAnEmptyAlbum(t *testing.T) {
	pictures, err := Album{Folder: t.TempDir()}.Pictures()
	if err != nil || !reflect.DeepEqual(pictures, []string(nil)) {
		t.Fatalf("got %v, %v", pictures, err)
	}
}
