package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// round is one measured run of a scenario against a target.
type round struct {
	Target       string             `json:"target"`
	Version      string             `json:"version"`
	Note         string             `json:"note,omitempty"`
	Scenario     string             `json:"scenario"`
	Round        int                `json:"round"`
	Time         time.Time          `json:"time"`
	Load         *loadResult        `json:"load,omitempty"`
	Direct       *loadResult        `json:"direct,omitempty"` // the same load without the target, same round
	Disconnect   *disconnectResult  `json:"disconnect,omitempty"`
	Memory       *memoryResult      `json:"memory,omitempty"`
	CPUMS        float64            `json:"cpu_ms"`
	CPUByName    map[string]float64 `json:"cpu_by_process_ms,omitempty"`
	RestCPUMS    float64            `json:"rest_cpu_ms"` // of the target's other services
	PeakRSS      float64            `json:"peak_rss_mib"`
	UpstreamCPU  float64            `json:"upstream_cpu_ms"`
	UpstreamPeak int64              `json:"upstream_peak_running"`
	UpstreamConn int64              `json:"upstream_connections_opened"`
	UpstreamReqs int64              `json:"upstream_requests"`
	OtherCPU     float64            `json:"other_cpu_pct"`   // machine CPU used by strangers meanwhile: the noise
	Stall        float64            `json:"stall_ms"`        // longest time this program was kept from running, gateway run
	DirectStall  float64            `json:"direct_stall_ms"` // the same, direct run
	Error        string             `json:"error,omitempty"`
}

// perRequest is the CPU time of the measured processes in ms for each answered request.
func (rd *round) perRequest() float64 { return rd.CPUMS / float64(max(1, rd.Load.OK)) }

// per1000 is the CPU time in ms for 1,000 events of the upstream's streams.
func (rd *round) per1000(sc scenario) float64 {
	p, _ := parsePlan(sc.Model)
	return rd.perRequest() * 1000 / float64(p.events())
}

// bench is where the rounds run.
type bench struct {
	upstream    string // host:port
	upstreamPID int
}

func (b *bench) stats(query string) (upStats, error) {
	return getStats("http://" + b.upstream + "/stats" + query)
}

// run measures one round of a scenario against a target.
func (b *bench) run(t *target, sc scenario, n int) *round {
	rd := &round{Target: t.Name, Version: t.Version, Note: t.Note, Scenario: sc.Name, Round: n, Time: time.Now()}
	other := b.strangers(append(pidsOf(t.Processes), pidsOf(t.Rest)...))
	err := b.scenario(rd, t, sc)
	rd.OtherCPU = other()
	if name := t.gone(); name != "" { // its CPU is lost, the number would be too good
		err = errors.Join(err, fmt.Errorf("%s is gone", name))
	}
	if err != nil {
		rd.Error = err.Error()
	}
	return rd
}

func (b *bench) scenario(rd *round, t *target, sc scenario) (err error) {
	spec := loadSpec{URL: t.URL, Model: sc.Model, Headers: t.Headers, C: sc.C, Total: sc.N,
		Stream: sc.Stream, Ramp: sc.Ramp, Timeout: 120 * time.Second}
	if t.Scale > 0 && slices.Contains([]string{"S1", "S4", "S5"}, sc.Name) {
		spec.Total = max(1, int(float64(sc.N)*t.Scale))
	}
	direct := spec
	direct.URL, direct.Headers = "http://"+b.upstream+"/v1/chat/completions", nil
	switch sc.Kind {
	case disconnectKind:
		return b.measure(rd, t, func() error {
			rd.Disconnect, err = runDisconnect(spec, sc.N, "http://"+b.upstream+"/stats")
			return err
		})
	case memoryKind:
		return b.measure(rd, t, func() error {
			rd.Memory, err = runMemory(spec, t.Processes)
			return err
		})
	case pairedKind:
		return b.measure(rd, t, func() error {
			rd.Direct, rd.Load, err = runPaired(direct, spec)
			return err
		})
	default:
		stall := stallWatch()
		rd.Direct, err = runLoad(direct)
		if rd.DirectStall = stall(); err != nil {
			return err
		}
		return b.measure(rd, t, func() error {
			rd.Load, err = runLoad(spec)
			return err
		})
	}
}

// measure runs fn and fills the accounting fields of rd.
func (b *bench) measure(rd *round, t *target, fn func() error) error {
	pids, rest, up := pidsOf(t.Processes), pidsOf(t.Rest), []int{b.upstreamPID}
	s0, err := b.stats("?reset_peak")
	if err != nil {
		return err
	}
	resetPeak(pids)
	cpu0, rest0, up0 := cpuByName(t.Processes), cpuMS(rest), cpuMS(up)
	stall := stallWatch()
	err = fn()
	rd.Stall = stall()
	// A gateway may still be finishing (logging, accounting) when the last byte is out.
	time.Sleep(300 * time.Millisecond)
	rd.RestCPUMS, rd.UpstreamCPU = cpuMS(rest)-rest0, cpuMS(up)-up0
	rd.CPUByName = cpuByName(t.Processes)
	for name := range rd.CPUByName {
		rd.CPUByName[name] -= cpu0[name]
		rd.CPUMS += rd.CPUByName[name]
	}
	rd.PeakRSS = peakMiB(pids)
	s1, statsErr := b.stats("")
	rd.UpstreamPeak, rd.UpstreamConn, rd.UpstreamReqs = s1.Peak, s1.Conns-s0.Conns, s1.Requests-s0.Requests
	return errors.Join(err, statsErr)
}

// stallWatch measures the longest oversleep of an idle goroutine until stop is
// called: the client's own scheduling delay, by which its latencies may be wrong.
func stallWatch() (stop func() float64) {
	quit, res := make(chan struct{}), make(chan float64)
	go func() {
		var worst time.Duration
		for last := time.Now(); ; {
			select {
			case <-quit:
				res <- ms(worst)
				return
			case <-time.After(2 * time.Millisecond):
				now := time.Now()
				worst, last = max(worst, now.Sub(last)-2*time.Millisecond), now
			}
		}
	}()
	return func() float64 { close(quit); return <-res }
}

// strangers measures the share of the machine's CPU used by nobody of ours (this program
// with the targets that it started, the upstream, pids), in percent.
func (b *bench) strangers(pids []int) (done func() float64) {
	ours := []int{os.Getpid()}
	for _, pid := range append(pids, b.upstreamPID) {
		if !slices.Contains(tree(ours), pid) {
			ours = append(ours, pid)
		}
	}
	busy0, all0 := hostCPU()
	ours0 := cpuMS(ours)
	return func() float64 {
		busy1, all1 := hostCPU()
		return 100 * (busy1 - busy0 - (cpuMS(ours) - ours0)) / max(1, all1-all0)
	}
}

// quiet waits until strangers, the target's other services among them, use less than
// pct of the machine for a second.
func (b *bench) quiet(t *target, pct float64, limit time.Duration) {
	for t0 := time.Now(); time.Since(t0) < limit; {
		other := b.strangers(pidsOf(t.Processes))
		time.Sleep(time.Second)
		if other() < pct {
			return
		}
	}
}

// line is the round in one line of the progress log.
func (rd *round) line() string {
	s := fmt.Sprintf("%s %s #%d: ", rd.Scenario, rd.Target, rd.Round)
	if rd.Error != "" {
		return s + "ERROR " + rd.Error
	}
	noise := fmt.Sprintf("others %.0f%%, stall %.0f (direct %.0f) ms", rd.OtherCPU, rd.Stall, rd.DirectStall)
	switch {
	case rd.Disconnect != nil:
		d := rd.Disconnect
		return s + fmt.Sprintf("aborted %d/%d in 1 s, %d in 5 s, all after %.0f ms", d.Aborted1s, d.Opened, d.Aborted5s, d.AllAfter)
	case rd.Memory != nil:
		return s + fmt.Sprintf("%.0f MiB, growth %.3f, %v, %s", rd.Memory.AfterMiB, rd.Memory.growth(), rd.Memory.Failures, noise)
	}
	l, d := rd.Load, rd.Direct
	s += fmt.Sprintf("ok %d/%d %v, cpu %.3f ms/request", l.OK, l.Total, l.Failures, rd.perRequest())
	if l.Gap.N > 0 {
		s += fmt.Sprintf(" %.2f ms/1000 events, gap p99 %.1f (direct %.1f)", rd.CPUMS*1000/float64(max(1, l.DataEvents)), l.Gap.P99, d.Gap.P99)
	}
	return s + fmt.Sprintf(", ttft +%.2f/+%.2f ms, p50 %.1f (direct %.1f) ms, %.0f/s, peak %.0f MiB, rest cpu %.0f ms, %s",
		l.TTFT.P50-d.TTFT.P50, l.TTFT.P99-d.TTFT.P99, l.TotalMS.P50, d.TotalMS.P50, l.RPS, rd.PeakRSS, rd.RestCPUMS, noise)
}
