package words

import (
	"fmt"
	"os"
	"strings"
)

// Report lists all documents with their numbers of different words.
func (f Folder) Report() (string, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return "", err
	}
	var report strings.Builder
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		count, err := f.Distinct(entry.Name())
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&report, "%6d %s\n", count, entry.Name())
	}
	return report.String(), nil
}
