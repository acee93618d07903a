package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// stepClock makes one channel a step: every stream with the same tick wakes up together, as the
// sequences of one vLLM batch do.
type stepClock struct {
	mu sync.Mutex
	ch chan struct{}
}

// next returns a channel that closes at the next engine step.
func (c *stepClock) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ch
}

func (c *stepClock) run(d time.Duration) {
	for range time.Tick(d) {
		c.mu.Lock()
		old := c.ch
		c.ch = make(chan struct{})
		c.mu.Unlock()
		close(old)
	}
}

type upstream struct {
	clocks                                                  sync.Map // time.Duration -> *stepClock
	running, peak, requests, completed, aborted, conns, bad atomic.Int64
	seq                                                     atomic.Int64
}

func (u *upstream) clock(d time.Duration) *stepClock {
	if c, ok := u.clocks.Load(d); ok {
		return c.(*stepClock)
	}
	c, loaded := u.clocks.LoadOrStore(d, &stepClock{ch: make(chan struct{})})
	if !loaded {
		go c.(*stepClock).run(d)
	}
	return c.(*stepClock)
}

type upStats struct {
	Running   int64 `json:"running"`
	Peak      int64 `json:"peak_running"`
	Requests  int64 `json:"requests"`
	Completed int64 `json:"completed"`
	Aborted   int64 `json:"aborted"`
	Bad       int64 `json:"bad_requests"`
	Conns     int64 `json:"connections_accepted"`
}

func (u *upstream) stats(w http.ResponseWriter, r *http.Request) {
	s := upStats{u.running.Load(), u.peak.Load(), u.requests.Load(), u.completed.Load(),
		u.aborted.Load(), u.bad.Load(), u.conns.Load()}
	if r.URL.Query().Has("reset_peak") {
		u.peak.Store(u.running.Load())
	}
	writeJSON(w, 200, s)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	b, _ := json.Marshal(v)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(b)
}

func (u *upstream) models(w http.ResponseWriter, r *http.Request) {
	type m struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	var data []m
	for _, id := range modelsInUse() {
		data = append(data, m{id, "model", time.Now().Unix(), "vllm"})
	}
	writeJSON(w, 200, map[string]any{"object": "list", "data": data})
}

type chatReq struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages []struct {
		Content json.RawMessage `json:"content"` // a string or a list of parts
	} `json:"messages"`
}

// seedOf finds "seed:<base36>" in the last message.
func seedOf(q *chatReq) uint64 {
	if len(q.Messages) == 0 {
		return 0
	}
	s := string(q.Messages[len(q.Messages)-1].Content)
	i := strings.Index(s, "seed:")
	if i < 0 {
		return 0
	}
	s = s[i+5:]
	end := strings.IndexFunc(s, func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z') })
	if end >= 0 {
		s = s[:end]
	}
	v, _ := strconv.ParseUint(s, 36, 64)
	return v
}

func (u *upstream) chat(w http.ResponseWriter, r *http.Request) {
	u.requests.Add(1)
	var q chatReq
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		u.bad.Add(1)
		writeJSON(w, 400, map[string]any{"error": map[string]any{"message": err.Error(), "type": "BadRequestError", "code": 400}})
		return
	}
	p, ok := parsePlan(q.Model)
	if !ok {
		u.bad.Add(1)
		writeJSON(w, 404, map[string]any{"error": map[string]any{"message": "The model `" + q.Model + "` does not exist.", "type": "NotFoundError", "code": 404}})
		return
	}
	n := u.running.Add(1)
	defer u.running.Add(-1)
	for old := u.peak.Load(); n > old && !u.peak.CompareAndSwap(old, n); old = u.peak.Load() {
	}
	done := false
	if q.Stream {
		done = u.stream(w, r, &q, p)
	} else {
		done = u.whole(w, r, &q, p)
	}
	if done {
		u.completed.Add(1)
	} else {
		u.aborted.Add(1)
	}
}

func (u *upstream) id() string { return fmt.Sprintf("chatcmpl-%032x", u.seq.Add(1)) }

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	TotalTokens      int `json:"total_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

const promptTokens = 42

// stream writes role, n content deltas, finish_reason, usage (if asked), [DONE].
// It reports whether all of it went out before the client left.
func (u *upstream) stream(w http.ResponseWriter, r *http.Request, q *chatReq, p plan) bool {
	seed := seedOf(q)
	model, _ := json.Marshal(q.Model)
	head := fmt.Sprintf(`data: {"id":"%s","object":"chat.completion.chunk","created":%d,"model":%s,"choices":`, u.id(), time.Now().Unix(), model)
	buf := make([]byte, 0, 512)
	if p.burst {
		buf = make([]byte, 0, (p.n+4)*260)
	}
	delta := func(i int) {
		c, _ := json.Marshal(token(seed, i))
		buf = append(buf, head...)
		buf = append(buf, `[{"index":0,"delta":{"content":`...)
		buf = append(buf, c...)
		buf = append(buf, "},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}\n\n"...)
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	rc := http.NewResponseController(w)
	flush := func() bool {
		if _, err := w.Write(buf); err != nil {
			return false
		}
		buf = buf[:0]
		return rc.Flush() == nil && r.Context().Err() == nil
	}
	buf = append(buf, head...)
	buf = append(buf, "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}],\"prompt_token_ids\":null}\n\n"...)
	for i := 0; i < p.n; i++ {
		if p.tick > 0 {
			select {
			case <-u.clock(p.tick).next():
			case <-r.Context().Done():
				return false
			}
		}
		delta(i) // the role chunk leaves with the first token, as in vLLM
		if !p.burst && !flush() {
			return false
		}
	}
	buf = append(buf, head...)
	buf = append(buf, "[{\"index\":0,\"delta\":{\"content\":\"\"},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null,\"token_ids\":null}]}\n\n"...)
	if q.StreamOptions.IncludeUsage {
		us, _ := json.Marshal(usage{promptTokens, promptTokens + p.n, p.n})
		buf = append(buf, head...)
		buf = append(buf, "[],\"usage\":"...)
		buf = append(buf, us...)
		buf = append(buf, "}\n\n"...)
	}
	buf = append(buf, "data: [DONE]\n\n"...)
	_, err := w.Write(buf)
	return err == nil && rc.Flush() == nil
}

func (u *upstream) whole(w http.ResponseWriter, r *http.Request, q *chatReq, p plan) bool {
	for i := 0; p.tick > 0 && i < p.n; i++ {
		select {
		case <-u.clock(p.tick).next():
		case <-r.Context().Done():
			return false
		}
	}
	writeJSON(w, 200, map[string]any{
		"id": u.id(), "object": "chat.completion", "created": time.Now().Unix(), "model": q.Model,
		"choices": []any{map[string]any{"index": 0, "message": map[string]any{"role": "assistant",
			"content": fullText(seedOf(q), p.n), "tool_calls": []any{}}, "logprobs": nil, "finish_reason": "stop", "stop_reason": nil}},
		"usage": usage{promptTokens, promptTokens + p.n, p.n}, "prompt_logprobs": nil,
	})
	return r.Context().Err() == nil
}

func (u *upstream) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", u.chat)
	mux.HandleFunc("GET /v1/models", u.models)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /stats", u.stats)
	return mux
}

func upstreamMain(args []string) error {
	fs := flag.NewFlagSet("upstream", flag.ExitOnError)
	addr := fs.String("addr", "127.0.0.1:18200", "listen address")
	fs.Parse(args)
	u := &upstream{}
	srv := &http.Server{Addr: *addr, Handler: u.handler(), ConnState: func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			u.conns.Add(1)
		}
	}, BaseContext: func(net.Listener) context.Context { return context.Background() }}
	return srv.ListenAndServe()
}
