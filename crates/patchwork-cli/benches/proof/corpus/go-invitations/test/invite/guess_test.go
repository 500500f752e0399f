package invite

import (
	"math/rand"
	"testing"
	"time"
)

func TestTheTimeDoesNotTellACode(t *testing.T) {
	first, second := NewInvitations(at(0)), NewInvitations(at(0))
	for i := 0; i < 3; i++ {
		if code := first.Issue("Ada"); code == second.Issue("Ada") {
			t.Errorf("%s at the same time", code)
		}
	}
}

func TestNoSeedNearTheTimeGivesACode(t *testing.T) {
	now := at(0)().UnixNano()
	code := NewInvitations(at(0)).Issue("Ada")
	for seed := now - 500; seed < now+500; seed++ {
		random := rand.New(rand.NewSource(seed))
		guess := ""
		for len(guess) < length {
			guess += string(alphabetOfCodes[random.Intn(len(alphabetOfCodes))])
		}
		if guess == code {
			t.Fatalf("%s comes of the seed %d", code, seed)
		}
	}
}

func TestTheSharedSourceDoesNotTellACode(t *testing.T) {
	codes := map[string]bool{}
	for i := 0; i < 2; i++ {
		rand.Seed(1)
		codes[NewInvitations(time.Now).Issue("Ada")] = true
	}
	if len(codes) != 2 {
		t.Errorf("%v comes of the seed of everybody's source", codes)
	}
}

const alphabetOfCodes = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

func TestAllSignsOfCodesAreUsedAndTaken(t *testing.T) {
	codes := NewInvitations(time.Now)
	counts := map[rune]int{}
	for i := 0; i < 1000; i++ {
		code := codes.Issue("Ada")
		for _, sign := range code {
			counts[sign]++
		}
		if member, ok := codes.Redeem(" " + code[:4] + " " + code[4:]); !ok || member != "Ada" {
			t.Fatalf("%s is not taken", code)
		}
	}
	for _, sign := range alphabetOfCodes {
		if counts[sign] < 200 {
			t.Errorf("%c comes %d times in 12000", sign, counts[sign])
		}
	}
}
