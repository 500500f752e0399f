package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

var screws = Item{Name: "screws", Shelf: "B2", Count: 400}

func TestFindsAnItem(t *testing.T) {
	f := &fake{items: []Item{screws}}
	item, err := Store{f.open()}.Find(context.Background(), "screws")
	if err != nil || item != screws {
		t.Fatalf("got %v, %v", item, err)
	}
	if f.asked[0].values[0] != "screws" {
		t.Errorf("asked for %v", f.asked[0].values)
	}
}

func TestFindsNoItem(t *testing.T) {
	_, err := Store{(&fake{}).open()}.Find(context.Background(), "nails")
	if !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("got %v", err)
	}
}

func TestListsShelves(t *testing.T) {
	want := []Item{screws, {Name: "nails", Shelf: "B3", Count: 90}}
	f := &fake{items: want}
	items, err := Store{f.open()}.OnShelves(context.Background(), "B")
	if asked := fmt.Sprint(f.asked); !strings.Contains(asked, "B%") {
		t.Errorf("asked %s", asked)
	}
	if err != nil || !reflect.DeepEqual(items, want) {
		t.Errorf("got %v, %v", items, err)
	}
	if label := items[1].String(); label != "B3: 90 × nails" {
		t.Errorf("label %q", label)
	}
}
