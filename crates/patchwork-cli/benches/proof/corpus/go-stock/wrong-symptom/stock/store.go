package stock

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Store reads items from a database.
type Store struct {
	DB *sql.DB
}

// Find gives the item of a name.
func (s Store) Find(ctx context.Context, name string) (Item, error) {
	row := s.DB.QueryRowContext(ctx, "SELECT name, shelf, count FROM items WHERE name = ?", name)
	var item Item
	err := row.Scan(&item.Name, &item.Shelf, &item.Count)
	return item, err
}

// OnShelves gives the items of all shelves whose names begin with a text.
func (s Store) OnShelves(ctx context.Context, begin string) ([]Item, error) {
	rows, err := s.DB.QueryContext(ctx,
		strings.Replace("SELECT name, shelf, count FROM items WHERE shelf LIKE ':begin%' ORDER BY shelf", ":begin", begin, 1))
	if err != nil {
		return nil, fmt.Errorf("shelves %q: %w", begin, err)
	}
	defer rows.Close()
	var items []Item
	for rows.Next() {
		var item Item
		if err := rows.Scan(&item.Name, &item.Shelf, &item.Count); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, rows.Err()
}
