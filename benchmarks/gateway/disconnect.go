package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type disconnectResult struct {
	Streams   int     `json:"streams"`
	Opened    int     `json:"opened"`        // streams that were live when closed
	Aborted1s int64   `json:"aborted_in_1s"` // upstream requests seen as aborted 1 s after the close
	Aborted5s int64   `json:"aborted_in_5s"`
	AllAfter  float64 `json:"all_aborted_after_ms"` // -1: not within 5 s
}

// runDisconnect opens n live streams, reads 3 content-size events of each, closes
// all connections and watches the upstream's abort counter.
func runDisconnect(s loadSpec, n int, statsURL string) (*disconnectResult, error) {
	before, err := getStats(statsURL)
	if err != nil {
		return nil, err
	}
	res := &disconnectResult{Streams: n, AllAfter: -1}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := newClient(n)
	var wg sync.WaitGroup
	var live atomic.Int64
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			req, _ := s.request(ctx, seedSeq.Add(1))
			resp, err := client.Do(req)
			if err != nil {
				wg.Done()
				return
			}
			br, lines := bufio.NewReader(resp.Body), 0
			for lines < 4 {
				l, err := br.ReadString('\n')
				if err != nil {
					wg.Done()
					return
				}
				if strings.HasPrefix(l, "data:") {
					lines++
				}
			}
			live.Add(1)
			wg.Done()
			io.Copy(io.Discard, resp.Body) // until cancelled
			resp.Body.Close()
		}()
	}
	wg.Wait()
	res.Opened = int(live.Load())
	cancel()
	t0 := time.Now()
	for one := false; time.Since(t0) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		st, err := getStats(statsURL)
		if err != nil {
			return nil, err
		}
		res.Aborted5s = st.Aborted - before.Aborted
		if !one && time.Since(t0) <= time.Second {
			res.Aborted1s = res.Aborted5s
		} else {
			one = true
		}
		if res.Aborted5s >= int64(n) {
			res.AllAfter = ms(time.Since(t0))
			break
		}
	}
	return res, nil
}

func getStats(url string) (st upStats, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return st, err
	}
	defer resp.Body.Close()
	return st, json.NewDecoder(resp.Body).Decode(&st)
}
