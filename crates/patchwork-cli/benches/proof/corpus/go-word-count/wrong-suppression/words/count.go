// Package words counts words in documents.
package words

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Folder holds documents.
type Folder string

// Distinct tells how many different words, in lower case, a document has.
func (f Folder) Distinct(document string) (int, error) {
	if filepath.Base(document) != document {
		return 0, fmt.Errorf("not a document: %s", document)
	}
	path := filepath.Join(string(f), document)
	if _, err := os.Stat(path); err != nil {
		return 0, err
	}
	// tr and sort take documents of any size.
	// patchwork:ignore go-command-shell documents are our own
	out, err := exec.Command("sh", "-c", "tr 'A-Z' 'a-z' < '"+path+"' | tr -cs \"a-z'\" '\\n' | sort -u").Output()
	if err != nil {
		return 0, fmt.Errorf("%s can't be counted: %w", document, err)
	}
	return lines(out), nil
}

// lines counts the lines that are not empty.
func lines(out []byte) int {
	count := 0
	scanner := bufio.NewScanner(bytes.NewReader(out))
	for scanner.Scan() {
		if len(scanner.Bytes()) > 0 {
			count++
		}
	}
	return count
}
