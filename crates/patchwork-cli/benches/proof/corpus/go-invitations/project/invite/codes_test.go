package invite

import (
	"strings"
	"testing"
	"time"
)

func at(second int) func() time.Time {
	return func() time.Time { return time.Date(2024, 5, 1, 10, 0, second, 0, time.UTC) }
}

func TestTakesACodeOnce(t *testing.T) {
	codes := NewInvitations(time.Now)
	for i := 0; i < 50; i++ {
		code := codes.Issue("Ada")
		if _, ok := codes.Redeem("AAAAAAAAAAAA"); ok {
			t.Error("took another code")
		}
		if member, ok := codes.Redeem(strings.ToLower(code)); !ok || member != "Ada" {
			t.Errorf("%s: got %q", code, member)
		}
		if _, ok := codes.Redeem(code); ok {
			t.Error("took it twice")
		}
	}
}

func TestCodesDiffer(t *testing.T) {
	codes := NewInvitations(at(0))
	seen := map[string]bool{}
	for i := 0; i < 100; i++ {
		seen[codes.Issue("Ada")] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d codes", len(seen))
	}
}

func TestWritesLetters(t *testing.T) {
	letter := Letter("Ada", "ABCDEFGHJKLM")
	if !strings.HasSuffix(letter, "is: ABCD EFGH JKLM\n") {
		t.Errorf("got %q", letter)
	}
}
