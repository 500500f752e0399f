package stock

import (
	"context"
	"regexp"
	"testing"
)

var begins = []string{"B", "O'Neill", "' OR '1'='1", `\' OR 1=1 -- `, "x'; DROP TABLE items; --", `" OR ""="`, "%s"}

func onShelves(t *testing.T, begin string) asked {
	t.Helper()
	f := &fake{items: []Item{screws}}
	items, err := Store{f.open()}.OnShelves(context.Background(), begin)
	if err != nil || len(items) != 1 || len(f.asked) != 1 {
		t.Fatalf("%q: %v, %v, asked %v", begin, items, err, f.asked)
	}
	return f.asked[0]
}

func TestTheStatementIsTheSameForEveryText(t *testing.T) {
	first := onShelves(t, begins[0]).statement
	for _, begin := range begins {
		if statement := onShelves(t, begin).statement; statement != first {
			t.Errorf("%q makes the statement %s", begin, statement)
		}
	}
}

func TestShelvesAreFoundByTheirBegin(t *testing.T) {
	like := regexp.MustCompile(`(?is)WHERE\s+shelf\s+LIKE\s+.*ORDER BY shelf`)
	for _, begin := range begins {
		asked := onShelves(t, begin)
		if len(asked.values) != 1 || asked.values[0] != begin+"%" {
			t.Errorf("%q: the values are %q", begin, asked.values)
		}
		if !like.MatchString(asked.statement) {
			t.Errorf("%q: the statement is %s", begin, asked.statement)
		}
	}
}
