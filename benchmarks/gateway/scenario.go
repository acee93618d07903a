package main

import (
	"slices"
	"time"
)

// scenario is one workload; README.md says what each looks at.
type scenario struct {
	Name, Model string
	C, N        int
	Stream      bool
	Ramp        time.Duration
	Rounds      int
	Kind        kind
}

type kind int

const (
	loadKind       kind = iota
	pairedKind          // direct and gateway alternate request by request
	disconnectKind      // the client leaves in the middle
	memoryKind          // resident memory over many requests; wants a gateway that has just started
)

var scenarios = []scenario{
	{Name: "S1", Model: "burst-62", C: 20, N: 2000, Stream: true, Rounds: 5},
	{Name: "S2", Model: "paced-25ms-100", C: 200, N: 200, Stream: true, Rounds: 5},
	{Name: "S3", Model: "paced-25ms-60", C: 1000, N: 1000, Stream: true, Rounds: 5, Ramp: 250 * time.Millisecond},
	{Name: "S4", Model: "burst-62", C: 32, N: 3000, Rounds: 5},
	{Name: "S5", Model: "paced-0ms-16", C: 1, N: 300, Stream: true, Rounds: 5, Kind: pairedKind},
	{Name: "S6", Model: "paced-25ms-800", N: 20, Stream: true, Rounds: 3, Kind: disconnectKind},
	{Name: "S7", Model: "burst-62", C: 32, N: 10000, Rounds: 1, Kind: memoryKind},
}

const (
	probeModel       = "burst-4"
	pacedWarmupModel = "paced-5ms-60"
	burstWarmupModel = "burst-62"
)

// modelsInUse is what the upstream lists; it serves any model name that is a plan.
func modelsInUse() []string {
	ids := []string{probeModel, burstWarmupModel, pacedWarmupModel}
	for _, s := range scenarios {
		if !slices.Contains(ids, s.Model) {
			ids = append(ids, s.Model)
		}
	}
	return ids
}
