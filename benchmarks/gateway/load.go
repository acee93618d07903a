package main

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// dist is a distribution in milliseconds.
type dist struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

func distOf(v []time.Duration) (d dist) {
	if len(v) == 0 {
		return d
	}
	slices.Sort(v)
	var sum time.Duration
	for _, x := range v {
		sum += x
	}
	at := func(q float64) float64 { return ms(v[max(0, int(math.Ceil(q*float64(len(v))))-1)]) }
	return dist{len(v), ms(sum) / float64(len(v)), at(.50), at(.95), at(.99), ms(v[len(v)-1])}
}

func ms(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

type loadResult struct {
	Total        int            `json:"total"`
	OK           int            `json:"ok"`
	Failures     map[string]int `json:"failures,omitempty"` // by class
	Examples     []string       `json:"failure_examples,omitempty"`
	UsageMissing int            `json:"usage_missing"` // ok streams without a correct usage object
	DataEvents   int            `json:"data_events"`   // all "data:" lines incl. role, finish, usage, [DONE]
	WallS        float64        `json:"wall_s"`
	RPS          float64        `json:"ok_per_s"`
	EventsPerS   float64        `json:"events_per_s,omitempty"`
	TTFT         dist           `json:"ttft_ms"` // to the first content event (non-stream: to the whole body)
	Gap          dist           `json:"gap_ms"`  // between content events
	TotalMS      dist           `json:"total_ms"`
}

func summarize(samples []*sample, p plan, stream bool, wall time.Duration) *loadResult {
	r := &loadResult{Total: len(samples), Failures: map[string]int{}, WallS: wall.Seconds()}
	var ttft, gaps, total []time.Duration
	for _, sm := range samples {
		r.DataEvents += len(sm.at)
		c := sm.check(p, stream)
		sm.raw = nil
		if c.class != "" {
			if r.Failures[c.class]++; r.Failures[c.class] <= 2 {
				r.Examples = append(r.Examples, c.class+": "+c.detail)
			}
			continue
		}
		r.OK++
		if !c.usage {
			r.UsageMissing++
		}
		ttft, gaps, total = append(ttft, c.ttft), append(gaps, c.gaps...), append(total, sm.end.Sub(sm.start))
	}
	r.TTFT, r.Gap, r.TotalMS = distOf(ttft), distOf(gaps), distOf(total)
	r.RPS = float64(r.OK) / r.WallS
	if stream {
		r.EventsPerS = float64(r.DataEvents) / r.WallS
	}
	return r
}

// runLoad keeps C requests in flight until Total are done.
func runLoad(s loadSpec) (*loadResult, error) {
	p, ok := parsePlan(s.Model)
	if !ok {
		return nil, fmt.Errorf("model %q is not a plan", s.Model)
	}
	client := newClient(s.C)
	defer client.CloseIdleConnections()
	samples := make([]*sample, s.Total)
	var next atomic.Int64
	var wg sync.WaitGroup
	t0 := time.Now()
	for w := 0; w < min(s.C, s.Total); w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			time.Sleep(s.Ramp * time.Duration(w) / time.Duration(s.C))
			for i := next.Add(1); i <= int64(s.Total); i = next.Add(1) {
				samples[i-1] = s.do(client)
			}
		}()
	}
	wg.Wait()
	return summarize(samples, p, s.Stream, time.Since(t0)), nil
}

// runPaired sends sequential requests to a and b in turn, so that both see the
// same state of the machine.
func runPaired(a, b loadSpec) (ra, rb *loadResult, err error) {
	p, ok := parsePlan(a.Model)
	if !ok {
		return nil, nil, fmt.Errorf("model %q is not a plan", a.Model)
	}
	ca, cb := newClient(1), newClient(1)
	defer ca.CloseIdleConnections()
	defer cb.CloseIdleConnections()
	var sa, sb []*sample
	var wa, wb time.Duration
	for i := 0; i < a.Total; i++ {
		x, y := a.do(ca), b.do(cb)
		sa, sb = append(sa, x), append(sb, y)
		wa, wb = wa+x.end.Sub(x.start), wb+y.end.Sub(y.start)
	}
	return summarize(sa, p, a.Stream, wa), summarize(sb, p, b.Stream, wb), nil
}
