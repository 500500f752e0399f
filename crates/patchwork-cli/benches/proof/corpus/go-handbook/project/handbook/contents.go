// Package handbook shows the pages of a handbook, which are files of a folder and its chapters.
package handbook

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// Pages lists the names of all pages, such as `chapter/page.html`.
func Pages(folder string) ([]string, error) {
	var pages []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		name, err := filepath.Rel(folder, path)
		pages = append(pages, filepath.ToSlash(name))
		return err
	})
	return pages, err
}
