package words

import (
	"os"
	"testing"
)

// A program that a name starts runs in the current directory, which is the test's own.
func TestNoNameRunsAProgram(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir(before) })
	for _, name := range []string{
		"a'; touch ran; '", "a' & touch ran & '", "a' | touch ran #", "a'\ntouch ran\n'", "a'$(touch ran)'",
		"a'`touch ran`'", "$(touch ran)", "a\"; touch ran; \"", "a\"$(touch ran)\"",
	} {
		if err := os.Chdir(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		f := folder(t, name, "one two")
		count, err := f.Distinct(name)
		if _, missing := os.Stat("ran"); missing == nil {
			t.Errorf("%q ran a program", name)
		}
		if err == nil && count != 2 {
			t.Errorf("%q: counted %d", name, count)
		}
	}
}

func TestNamesAreTakenAsTheyAre(t *testing.T) {
	for _, name := range []string{"it's.txt", "a  b.txt", "-u", "$HOME", "*.txt", "say \"hi\".txt", "a;b", "r&d.txt", `back\slash`} {
		if count, err := folder(t, name, "one two one").Distinct(name); err != nil || count != 2 {
			t.Errorf("%q: %d, %v", name, count, err)
		}
	}
}

func TestWordsAreWhatTheyWere(t *testing.T) {
	for text, want := range map[string]int{
		"don't Don't do": 2, "well-known": 2, "a1b": 2, "x\ty\r\nz": 3, "'quoted'": 1, "caf\u00e9 cafe": 2,
	} {
		if count, err := folder(t, "a.txt", text).Distinct("a.txt"); err != nil || count != want {
			t.Errorf("%q: %d, %v", text, count, err)
		}
	}
}
