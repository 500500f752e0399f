// Package stock tells what is in store, and where.
package stock

import "fmt"

// Item is an article on a shelf.
type Item struct {
	Name  string
	Shelf string
	Count int
}

// String is the item as the label on the shelf says it.
func (i Item) String() string {
	return fmt.Sprintf("%s: %d × %s", i.Shelf, i.Count, i.Name)
}
