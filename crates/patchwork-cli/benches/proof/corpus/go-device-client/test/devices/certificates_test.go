package devices

import (
	"testing"
	"time"
)

func TestOnlyTheRightDeviceIsReached(t *testing.T) {
	company, stranger := newAuthority(t, "company"), newAuthority(t, "company")
	for what, shown := range map[string]struct {
		signer   authority
		host     string
		lifetime time.Duration
	}{
		"a certificate of a stranger":       {stranger, "scales.example", time.Hour},
		"the certificate of another":        {company, "thermometer.example", time.Hour},
		"a certificate that is out of date": {company, "scales.example", -time.Hour},
	} {
		certificate := shown.signer.device(t, shown.host, shown.lifetime)
		if err := connect(t, company, "scales.example", certificate); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestDevicesOfTheCompanyAreReached(t *testing.T) {
	company := newAuthority(t, "company")
	for _, host := range []string{"scales.example", "a.b.example"} {
		if err := connect(t, company, host, company.device(t, host, time.Hour)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}
