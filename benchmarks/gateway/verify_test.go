package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestVerification puts a lying gateway before the upstream: each fault must be
// reported under its own class, and the honest one must pass.
func TestVerification(t *testing.T) {
	up := httptest.NewServer((&upstream{}).handler())
	defer up.Close()
	swap := func(ev []string, i, j int) []string { ev[i], ev[j] = ev[j], ev[i]; return ev }
	faults := map[string]func(ev []string) []string{ // SSE events: role, 20 tokens, finish, usage, [DONE], ""
		"":              func(ev []string) []string { return ev },
		"no_done":       func(ev []string) []string { return append(ev[:23], "") },
		"finish_reason": func(ev []string) []string { return append(ev[:21], ev[22:]...) },
		"after_done":    func(ev []string) []string { return append(ev[:24], ev[5], "") },
		"bad_json":      func(ev []string) []string { ev[7] = ev[7][:50]; return ev },
		"error_event":   func(ev []string) []string { ev[7] = `data: {"error":{"message":"x"}}`; return ev },
		"lost":          func(ev []string) []string { return append(ev[:5], ev[6:]...) },
		"twice":         func(ev []string) []string { ev[6] = ev[5]; return ev },
		"order":         func(ev []string) []string { return swap(ev, 5, 6) },
		"altered":       func(ev []string) []string { ev[5] = strings.Replace(ev[5], "#", "# ", 1); return ev },
		"foreign":       func(ev []string) []string { ev[5] = strings.Replace(ev[5], "#", "#1", 1); return ev },
		"rechunked": func(ev []string) []string {
			a, b := field(ev[5]), field(ev[6])
			ev[5] = strings.Replace(ev[5], a, a+b, 1)
			return append(ev[:6], ev[7:]...)
		},
	}
	for name, fault := range faults {
		gw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			resp, err := http.Post(up.URL+r.URL.Path, "application/json", r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			b, _ := io.ReadAll(resp.Body)
			ev := fault(strings.Split(string(b), "\n\n"))
			io.Copy(w, bytes.NewBufferString(strings.Join(ev, "\n\n")))
		}))
		res, err := runLoad(loadSpec{URL: gw.URL + "/v1/chat/completions", Model: "burst-20", C: 2, Total: 4, Stream: true, Timeout: 5 * time.Second})
		gw.Close()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{name: 4}
		switch name {
		case "":
			want = map[string]int{}
		case "lost", "twice", "order", "altered", "foreign":
			want = map[string]int{"text_mismatch": 4}
		}
		if fmt.Sprint(res.Failures) != fmt.Sprint(want) {
			t.Errorf("fault %q: failures %v, want %v (%v)", name, res.Failures, want, res.Examples)
		}
	}
}

// field is the JSON-escaped content of an event.
func field(ev string) string {
	_, s, _ := strings.Cut(ev, `"content":"`)
	s, _, _ = strings.Cut(s, `"},"log`)
	return s
}
