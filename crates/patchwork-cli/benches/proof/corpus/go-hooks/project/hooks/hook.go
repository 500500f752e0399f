// Package hooks puts scripts into the hooks folder that all users of a repository share.
package hooks

import (
	"fmt"
	"strings"
)

// Hook is a script that git runs at an event.
type Hook struct {
	Event    string
	Commands []string
}

var events = map[string]bool{"pre-commit": true, "commit-msg": true, "pre-push": true, "post-merge": true}

// script is the text of the hook's file.
func (h Hook) script() (string, error) {
	if !events[h.Event] {
		return "", fmt.Errorf("no event of git: %q", h.Event)
	}
	return "#!/bin/sh\nset -e\n" + strings.Join(h.Commands, "\n") + "\n", nil
}
