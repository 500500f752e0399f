package devices

import (
	"errors"
	"testing"
	"time"
)

func TestReachesADevice(t *testing.T) {
	company := newAuthority(t, "company")
	device := company.device(t, "scales.example", time.Hour)
	if err := connect(t, company, "scales.example", device); err != nil {
		t.Fatal(err)
	}
}

func TestWaitsTenSecondsByItself(t *testing.T) {
	company := newAuthority(t, "company")
	for given, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Second: time.Second} {
		client, err := NewClient(Options{Authority: company.pem, Timeout: given})
		if err != nil || client.Timeout != want {
			t.Errorf("%v, %v", client.Timeout, err)
		}
	}
}

func TestNeedsAnAuthority(t *testing.T) {
	if _, err := NewClient(Options{Authority: []byte("none")}); !errors.Is(err, ErrAuthority) {
		t.Errorf("got %v", err)
	}
}
