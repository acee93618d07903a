package main

import (
	"strings"
	"testing"
)

func cpuRound(target string, cpuMS, otherPct float64) *round {
	load := &loadResult{OK: 10, Total: 10}
	return &round{Target: target, Scenario: "S1", Load: load, Direct: load, CPUMS: cpuMS, OtherCPU: otherPct}
}

func reportOf(rounds ...*round) string {
	var b strings.Builder
	report(&b, rounds, calm{otherCPUPct: 25, stallMS: 50})
	return b.String()
}

// TestBars: a ratio is taken between medians of calm rounds, and compared with the bar of its scenario (S1: 4).
func TestBars(t *testing.T) {
	for _, c := range []struct {
		name   string
		rounds []*round
		want   string
	}{
		{"below", []*round{cpuRound("vllm-router", 10, 0), cpuRound("tandem", 39, 0)}, "| 3.90 × pass |"},
		{"above", []*round{cpuRound("vllm-router", 10, 0), cpuRound("tandem", 41, 0)}, "| 4.10 × **miss** |"},
		{"median", []*round{cpuRound("vllm-router", 10, 0), cpuRound("tandem", 20, 0), cpuRound("tandem", 90, 0), cpuRound("tandem", 30, 0)}, "| 3.00 × pass |"},
		{"noisy round left out", []*round{cpuRound("vllm-router", 10, 0), cpuRound("tandem", 20, 0), cpuRound("tandem", 90, 60)}, "| 2.00 × pass |"},
		{"only noisy rounds", []*round{cpuRound("vllm-router", 10, 0), cpuRound("tandem", 20, 60)}, "⚠"},
		{"no baseline", []*round{cpuRound("tandem", 20, 0)}, "| no vllm-router |"},
	} {
		if got := reportOf(c.rounds...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q is not in\n%s", c.name, c.want, got)
		}
	}
}

// TestFailuresCount: one wrong answer in any round, noisy or not, misses the bar.
func TestFailuresCount(t *testing.T) {
	bad := cpuRound("tandem", 20, 90)
	bad.Load = &loadResult{OK: 9, Total: 10, Failures: map[string]int{"no_done": 1}}
	got := reportOf(cpuRound("tandem", 20, 0), bad)
	for _, want := range []string{"| **miss** | 19 of 20 |", "failures in S1 #0 of tandem: map[no_done:1]"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	failed := &round{Target: "tandem", Scenario: "S6", Error: "refused"}
	if got := reportOf(failed); !strings.Contains(got, "| all | **miss** | 0 of 1 |") {
		t.Errorf("a round that failed passes:\n%s", got)
	}
}

func TestMemoryGrowth(t *testing.T) {
	rd := &round{Target: "tandem", Scenario: "S7", Memory: &memoryResult{AfterMiB: []float64{200, 215, 221}, OK: 3000}}
	if got := reportOf(rd); !strings.Contains(got, "| 1.105 |") || !strings.Contains(got, "**miss**") {
		t.Error(got)
	}
}
