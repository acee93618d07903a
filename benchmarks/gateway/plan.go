package main

import (
	"strconv"
	"strings"
	"time"
)

// words holds the tricky cases of JSON/UTF-8 handling: escapes, multi-byte
// runes, an astral rune, HTML characters, line separators, SSE look-alikes.
var words = [...]string{
	" the", " quick", " token", " of", " vector", " stream", " model", " answer",
	" \"quoted\"", "\n", " back\\slash", "\n\ndata: x", " naïve", " 中文", " 🚀", " <b>&amp;", "\t", " \u2028sep",
}

// token is the i-th token of the stream with the given seed. It carries both,
// so a lost, repeated, reordered or cross-wired event cannot go unnoticed.
func token(seed uint64, i int) string {
	h := (seed+1)*0x9E3779B97F4A7C15 + uint64(i)*0xBF58476D1CE4E5B9
	h ^= h >> 29
	return words[h%uint64(len(words))] + "#" + strconv.FormatUint(seed, 36) + "." + strconv.Itoa(i)
}

func fullText(seed uint64, n int) string {
	var b strings.Builder
	for i := 0; i < n; i++ {
		b.WriteString(token(seed, i))
	}
	return b.String()
}

// plan is what a model name asks for: "burst-62" is everything in one write, "paced-25ms-100"
// one token each engine step of 25 ms. n counts content tokens; a prefix up to the last "/"
// is ignored.
type plan struct {
	burst bool
	tick  time.Duration
	n     int
}

// events is the number of "data:" lines of a stream: role, tokens, finish_reason, usage, [DONE].
func (p plan) events() int { return p.n + 4 }

func parsePlan(model string) (p plan, ok bool) {
	model = model[strings.LastIndexByte(model, '/')+1:]
	f := strings.Split(model, "-")
	var err error
	switch {
	case f[0] == "burst" && len(f) == 2:
		p.burst = true
		p.n, err = strconv.Atoi(f[1])
	case f[0] == "paced" && len(f) == 3:
		if p.tick, err = time.ParseDuration(f[1]); err == nil {
			p.n, err = strconv.Atoi(f[2])
		}
	default:
		return p, false
	}
	return p, err == nil && p.n >= 0 && p.tick >= 0
}
