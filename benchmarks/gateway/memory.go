package main

import (
	"fmt"
	"time"
)

// memoryResult is the resident memory of the target after each thousand requests since its start.
type memoryResult struct {
	AfterMiB []float64            `json:"after_mib"` // sum over the processes; one entry a thousand requests
	ByName   []map[string]float64 `json:"by_process_mib"`
	OK       int                  `json:"ok"`
	Failures map[string]int       `json:"failures,omitempty"`
}

const (
	memoryBlock = 1000
	// Long enough for sockets, timers and idle-time garbage collection to settle.
	memoryIdle = 5 * time.Second
)

// growth is the memory at the end relative to that after the first thousand requests.
func (m *memoryResult) growth() float64 {
	return m.AfterMiB[len(m.AfterMiB)-1] / m.AfterMiB[0]
}

// runMemory sends requests in blocks of a thousand, half of them streamed, and reads the
// resident memory after each block and a pause.
func runMemory(s loadSpec, processes map[string]int) (*memoryResult, error) {
	res := &memoryResult{Failures: map[string]int{}}
	for range s.Total / memoryBlock {
		for _, stream := range []bool{true, false} {
			half := s
			half.Total, half.Stream = memoryBlock/2, stream
			r, err := runLoad(half)
			if err != nil {
				return nil, err
			}
			res.OK += r.OK
			for class, n := range r.Failures {
				res.Failures[class] += n
			}
		}
		time.Sleep(memoryIdle)
		sum, by := 0.0, map[string]float64{}
		for name, pid := range processes {
			mib := residentMiB([]int{pid})
			if mib == 0 {
				return nil, fmt.Errorf("%s (pid %d) is gone", name, pid)
			}
			by[name] = mib
			sum += mib
		}
		res.AfterMiB, res.ByName = append(res.AfterMiB, sum), append(res.ByName, by)
	}
	return res, nil
}
