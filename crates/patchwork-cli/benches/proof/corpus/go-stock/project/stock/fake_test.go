package stock

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// asked is a statement that was run and the values beside it.
type asked struct {
	statement string
	values    []driver.Value
}

// fake is a database that answers every query with the same items and keeps what it was asked.
type fake struct {
	items []Item
	asked []asked
}

func (f *fake) open() *sql.DB { return sql.OpenDB(f) }

func (f *fake) Connect(context.Context) (driver.Conn, error) { return conn{f}, nil }
func (f *fake) Driver() driver.Driver                        { return nil }

type conn struct{ fake *fake }

func (c conn) Prepare(statement string) (driver.Stmt, error) { return stmt{c.fake, statement}, nil }
func (c conn) Begin() (driver.Tx, error)                     { return nil, driver.ErrSkip }
func (c conn) Close() error                                  { return nil }

type stmt struct {
	fake      *fake
	statement string
}

func (s stmt) NumInput() int                              { return -1 }
func (s stmt) Close() error                               { return nil }
func (s stmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

func (s stmt) Query(values []driver.Value) (driver.Rows, error) {
	s.fake.asked = append(s.fake.asked, asked{s.statement, append([]driver.Value(nil), values...)})
	return &rows{items: s.fake.items}, nil
}

type rows struct{ items []Item }

func (r *rows) Columns() []string { return []string{"name", "shelf", "count"} }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(row []driver.Value) error {
	if len(r.items) == 0 {
		return io.EOF
	}
	row[0], row[1], row[2] = r.items[0].Name, r.items[0].Shelf, int64(r.items[0].Count)
	r.items = r.items[1:]
	return nil
}
