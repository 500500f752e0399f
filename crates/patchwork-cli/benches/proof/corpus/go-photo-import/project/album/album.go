// Package album keeps pictures in folders, one for each album.
package album

import (
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
)

// Album is a folder of pictures.
type Album struct {
	Folder string
}

// Pictures lists the paths of all pictures, below the album's folder.
func (a Album) Pictures() ([]string, error) {
	var found []string
	err := filepath.WalkDir(a.Folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isPicture(path) {
			return err
		}
		below, err := filepath.Rel(a.Folder, path)
		found = append(found, filepath.ToSlash(below))
		return err
	})
	sort.Strings(found)
	return found, err
}

func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp":
		return true
	}
	return false
}
