package hooks

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mode is that of an installed hook, whose file had another mode before; none when there was no file.
func mode(t *testing.T, before fs.FileMode) fs.FileMode {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "pre-commit")
	if before != 0 {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, before); err != nil {
			t.Fatal(err)
		}
	}
	if err := Install(folder, Hook{Event: "pre-commit"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestOnlyTheOwnerWritesAndAllRun(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		old := syscall.Umask(mask)
		t.Cleanup(func() { syscall.Umask(old) })
		for _, before := range []fs.FileMode{0, 0o600, 0o777, 0o666} {
			got := mode(t, before)
			if got&0o022 != 0 {
				t.Errorf("mask %o, before %o: others can write: %o", mask, before, got)
			}
			if got&0o555 != 0o555 {
				t.Errorf("mask %o, before %o: not all can run it: %o", mask, before, got)
			}
		}
	}
}

func TestSaysWhatCanNotBeWritten(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "pre-commit"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Install(folder, Hook{Event: "pre-commit"}); err == nil {
		t.Error("no error where a folder is in the way")
	}
}
