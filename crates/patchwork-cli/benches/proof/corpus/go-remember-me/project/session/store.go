// Package session remembers who signed in.
package session

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
)

// Store holds sessions, by the value of their cookie.
type Store struct {
	mutex    sync.Mutex
	sessions map[string]string
}

func (s *Store) start(name string) (string, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.sessions == nil {
		s.sessions = map[string]string{}
	}
	s.sessions[hex.EncodeToString(id)] = name
	return hex.EncodeToString(id), nil
}

func (s *Store) end(id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.sessions, id)
}

func (s *Store) name(id string) (string, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	name, ok := s.sessions[id]
	return name, ok
}
