package hooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

func TestInstallsAHookThatRuns(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "hooks")
	if err := Install(folder, Hook{Event: "pre-commit", Commands: []string{"echo one", "echo two"}}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(folder, "pre-commit")); err != nil || info.Mode()&0o111 != 0o111 {
		t.Errorf("not everybody can run it: %v, %v", info.Mode(), err)
	}
	out, err := exec.Command(filepath.Join(folder, "pre-commit")).Output()
	if err != nil || string(out) != "one\ntwo\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestReplacesAHook(t *testing.T) {
	folder := t.TempDir()
	for _, command := range []string{"echo a longer line", "true"} {
		if err := Install(folder, Hook{Event: "pre-push", Commands: []string{command}}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "pre-push"))
	if err != nil || string(text) != "#!/bin/sh\nset -e\ntrue\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestListsHooks(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "hooks")
	if found, err := Installed(folder); err != nil || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	_ = Install(folder, Hook{Event: "pre-push"})
	found, err := Installed(folder)
	if err != nil || !reflect.DeepEqual(found, []string{"pre-push"}) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestKnowsTheEvents(t *testing.T) {
	if err := Install(t.TempDir(), Hook{Event: "../evil"}); err == nil {
		t.Error("no error")
	}
}
