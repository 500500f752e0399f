// Package signin lets people in by name and password.
package signin

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Accounts holds who may come in.
type Accounts struct {
	salt      string
	passwords map[string][sha256.Size]byte
}

// NewAccounts makes accounts of names and passwords.
func NewAccounts(salt string, passwords map[string]string) *Accounts {
	accounts := &Accounts{salt: salt, passwords: map[string][sha256.Size]byte{}}
	for name, password := range passwords {
		accounts.passwords[name] = accounts.digest(password)
	}
	return accounts
}

// Check tells whether a password belongs to a name.
func (a *Accounts) Check(name, password string) bool {
	want, known := a.passwords[name]
	got := a.digest(password)
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && known
}

func (a *Accounts) digest(password string) [sha256.Size]byte {
	return sha256.Sum256([]byte(a.salt + password))
}
