// Package invite lets members bring in others, with codes that are read out on the telephone.
package invite

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"
	"time"
)

const length = 12

var form = regexp.MustCompile(`^[A-HJ-NP-Z2-9]{12}$`)

// Codes gives out codes and takes them back, each once.
type Codes struct {
	now    func() time.Time
	mutex  sync.Mutex
	issued map[string]string
}

// NewInvitations makes codes. The clock is time.Now, but for tests.
func NewInvitations(now func() time.Time) *Codes {
	return &Codes{now: now, issued: map[string]string{}}
}

// Issue gives out a code for who invites.
func (c *Codes) Issue(member string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	random := make([]byte, length/2)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	code := strings.ToUpper(hex.EncodeToString(random))
	c.issued[code] = member
	return code
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
