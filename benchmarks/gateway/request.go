package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// loadSpec is one load: Total requests, at most C at a time.
type loadSpec struct {
	URL     string            `json:"url"` // full URL of the chat completions endpoint
	Model   string            `json:"model"`
	Headers map[string]string `json:"headers,omitempty"`
	C       int               `json:"concurrency"`
	Total   int               `json:"total"`
	Stream  bool              `json:"stream"`
	Ramp    time.Duration     `json:"ramp_ns,omitempty"` // spreads the first C starts
	Timeout time.Duration     `json:"timeout_ns"`        // per request
}

// sample is one finished request. The payloads are kept and verified only after
// the load has ended, so that checking does not disturb timing or CPU.
type sample struct {
	seed  uint64
	start time.Time
	end   time.Time
	err   error  // transport or protocol failure
	class string // its class
	raw   []byte // SSE data payloads back to back, or the JSON body
	ends  []int  // end offset in raw of each event
	at    []time.Time
	done  bool // [DONE] seen
	extra int  // data events after [DONE], which must not exist
}

var seedSeq atomic.Uint64

func init() { seedSeq.Store(uint64(time.Now().Unix()%10000) * 100000) }

func newClient(c int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		MaxIdleConns:        c + 8,
		MaxIdleConnsPerHost: c + 8,
		DisableCompression:  true,
	}}
}

func (s *loadSpec) request(ctx context.Context, seed uint64) (*http.Request, error) {
	body := map[string]any{
		"model": s.Model, "max_tokens": 4096, "temperature": 0.7,
		"messages": []any{
			map[string]any{"role": "system", "content": "You are a helpful assistant. Answer at length."},
			map[string]any{"role": "user", "content": fmt.Sprintf("Please continue the story, seed:%s please.", base36(seed))},
		},
	}
	if s.Stream {
		body["stream"] = true
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	b, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(ctx, "POST", s.URL, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer sk-bench")
	for k, v := range s.Headers {
		r.Header.Set(k, v)
	}
	return r, nil
}

func base36(v uint64) string { return strconv.FormatUint(v, 36) }

// do runs one request and reads it to its end.
func (s *loadSpec) do(client *http.Client) *sample {
	sm := &sample{seed: seedSeq.Add(1)}
	ctx, cancel := context.WithTimeout(context.Background(), s.Timeout)
	defer cancel()
	req, err := s.request(ctx, sm.seed)
	if err != nil {
		return sm.fail("request", err)
	}
	if s.Stream {
		sm.raw = make([]byte, 0, 20<<10)
	}
	sm.start = time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return sm.fail("connect", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return sm.fail(fmt.Sprintf("http_%d", resp.StatusCode), errors.New(string(b)))
	}
	if !s.Stream {
		sm.raw, err = io.ReadAll(resp.Body)
		sm.at = append(sm.at, time.Now())
		if err != nil {
			return sm.fail("read", err)
		}
		sm.end = time.Now()
		return sm
	}
	br := bufio.NewReaderSize(resp.Body, 32<<10)
	for {
		line, err := br.ReadSlice('\n')
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok && err == nil {
			data = bytes.TrimSpace(data)
			switch {
			case sm.done:
				sm.extra++
			case string(data) == "[DONE]":
				sm.done = true
				sm.at = append(sm.at, time.Now())
			default:
				sm.at = append(sm.at, time.Now())
				sm.raw = append(sm.raw, data...)
				sm.ends = append(sm.ends, len(sm.raw))
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return sm.fail("read", err)
		}
	}
	sm.end = time.Now()
	return sm
}

func (sm *sample) fail(class string, err error) *sample {
	if errors.Is(err, context.DeadlineExceeded) {
		class = "timeout"
	}
	sm.class, sm.err, sm.end = class, err, time.Now()
	return sm
}
