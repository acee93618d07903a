package main

import (
	"fmt"
	"slices"
)

const (
	subject  = "tandem"
	baseline = "vllm-router"
)

// measure is one row of the report: a number taken from each round of a scenario, and the
// bar that Tandem has to meet.
type measure struct {
	scenario string
	label    string
	format   string
	value    func(rd *round, sc scenario) float64
	bar      bar
}

// bar is the most that a measure may be: as a number, or as a multiple of the baseline's
// number in the same run.
type bar struct {
	max   float64
	ratio bool
}

func (b bar) String() string {
	switch {
	case b.max == 0:
		return ""
	case b.ratio:
		return fmt.Sprintf("≤ %.4g × %s", b.max, baseline)
	default:
		return fmt.Sprintf("≤ %.4g", b.max)
	}
}

func per1000(rd *round, sc scenario) float64 { return rd.per1000(sc) }

var measures = []measure{
	{"S1", "bursts of 66 events, 20 streams: CPU ms per 1,000 events", "%.2f", per1000, bar{4, true}},
	{"S2", "paced, 200 streams: CPU ms per 1,000 events", "%.1f", per1000, bar{1.5, true}},
	{"S3", "paced, 1,000 streams: CPU ms per 1,000 events", "%.1f", per1000, bar{1.5, true}},
	{"S3", "1,000 streams: median duration relative to direct", "%.3f", func(rd *round, _ scenario) float64 { return rd.Load.TotalMS.P50 / rd.Direct.TotalMS.P50 }, bar{max: 1.1}},
	{"S4", "not streamed, 32 at a time: CPU ms per request", "%.3f", func(rd *round, _ scenario) float64 { return rd.perRequest() }, bar{4, true}},
	{"S5", "added time to first token, p50 ms", "%.2f", func(rd *round, _ scenario) float64 { return rd.Load.TTFT.P50 - rd.Direct.TTFT.P50 }, bar{max: 1}},
	{"S5", "added time to first token, p99 ms", "%.2f", func(rd *round, _ scenario) float64 { return rd.Load.TTFT.P99 - rd.Direct.TTFT.P99 }, bar{max: 5}},
	{"S7", "resident memory after 10,000 requests relative to 1,000", "%.3f", func(rd *round, _ scenario) float64 { return rd.Memory.growth() }, bar{max: 1.1}},
	{"S4", "not streamed: requests/s (client and upstream on the same cores)", "%.0f", func(rd *round, _ scenario) float64 { return rd.Load.RPS }, bar{}},
	{"S3", "1,000 streams: peak resident memory, MiB", "%.0f", func(rd *round, _ scenario) float64 { return rd.PeakRSS }, bar{}},
	{"S2", "CPU ms per 1,000 events of the other services (ledger, database)", "%.1f", func(rd *round, sc scenario) float64 {
		p, _ := parsePlan(sc.Model)
		return rd.RestCPUMS * 1000 / float64(rd.Load.OK*p.events())
	}, bar{}},
}

// counted is a row that holds for all rounds, noisy or not: how many requests ended as they must.
type counted struct {
	label     string
	scenarios []string
	count     func(rd *round) (good, all int)
}

var counts = []counted{
	{"answers exact to the byte, all rounds", []string{"S1", "S2", "S3", "S4", "S5", "S7"}, func(rd *round) (int, int) {
		switch {
		case rd.Memory != nil:
			return rd.Memory.OK, len(rd.Memory.AfterMiB) * memoryBlock
		case rd.Load != nil:
			return rd.Load.OK - rd.Load.UsageMissing, rd.Load.Total
		default: // the round itself failed
			return 0, 1
		}
	}},
	{"abandoned streams cancelled upstream within 1 s", []string{"S6"}, func(rd *round) (int, int) {
		if rd.Disconnect == nil {
			return 0, 1
		}
		return int(rd.Disconnect.Aborted1s), rd.Disconnect.Streams
	}},
}

// calm says whether a round can be believed: strangers left the machine alone and the client ran when it
// had to. It never looks at the result.
type calm struct{ otherCPUPct, stallMS float64 }

func (c calm) holds(rd *round) bool {
	return rd.OtherCPU <= c.otherCPUPct && rd.Stall <= c.stallMS && rd.DirectStall <= c.stallMS
}

// cell is one measured value: median and range of the rounds that count.
type cell struct {
	median, low, high float64
	rounds            int
	noisy             bool // no calm round was left
}

// take gathers a measure for one target; ok is false when there is no usable round.
func (m measure) take(rounds []*round, name string, quiet calm) (c cell, ok bool) {
	sc := scenarios[slices.IndexFunc(scenarios, func(s scenario) bool { return s.Name == m.scenario })]
	var all, calmest []float64
	for _, rd := range rounds {
		usable := rd.Load != nil && rd.Load.OK > 0 || rd.Memory != nil
		if rd.Target != name || rd.Scenario != m.scenario || rd.Error != "" || !usable {
			continue
		}
		v := m.value(rd, sc)
		all = append(all, v)
		if quiet.holds(rd) {
			calmest = append(calmest, v)
		}
	}
	if len(all) == 0 {
		return c, false
	}
	used := calmest
	if len(used) == 0 {
		used, c.noisy = all, true
	}
	c.median, c.low, c.high, c.rounds = median(used), slices.Min(used), slices.Max(used), len(used)
	return c, true
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
