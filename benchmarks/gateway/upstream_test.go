package main

import (
	"slices"
	"testing"
	"time"
)

// TestStepClock checks that the streams of one tick length wake up in the same step, and that
// each step is another one.
func TestStepClock(t *testing.T) {
	u := &upstream{}
	clock := u.clock(time.Millisecond)
	if u.clock(time.Millisecond) != clock {
		t.Fatal("two clocks for one tick length")
	}
	for range 3 {
		mine, another := clock.next(), clock.next()
		<-mine
		select {
		case <-another:
		default:
			if mine == clock.next() {
				t.Fatal("a step that does not end")
			}
		}
	}
}

func TestUpstreamListsWhatScenariosUse(t *testing.T) {
	models := modelsInUse()
	for _, id := range models {
		if _, ok := parsePlan(id); !ok {
			t.Errorf("%s is no plan", id)
		}
	}
	for _, s := range scenarios {
		if !slices.Contains(models, s.Model) {
			t.Errorf("%s is missing", s.Model)
		}
	}
}
