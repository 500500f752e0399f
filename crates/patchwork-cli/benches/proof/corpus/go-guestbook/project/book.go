// Package guestbook is a page on which visitors leave a few words.
package guestbook

import (
	"errors"
	"strings"
	"sync"
)

// ErrEmpty is what an entry without a name or a text is refused with.
var ErrEmpty = errors.New("name and text are needed")

// Entry is what a visitor wrote.
type Entry struct {
	Name, Homepage, Text string
}

// Book holds the entries, the latest first.
type Book struct {
	mutex   sync.Mutex
	entries []Entry
}

// Add writes an entry.
func (b *Book) Add(entry Entry) error {
	entry.Name, entry.Text = strings.TrimSpace(entry.Name), strings.TrimSpace(entry.Text)
	if entry.Name == "" || entry.Text == "" {
		return ErrEmpty
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.entries = append([]Entry{entry}, b.entries...)
	return nil
}

// Entries lists what was written.
func (b *Book) Entries() []Entry {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]Entry(nil), b.entries...)
}
