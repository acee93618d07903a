package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// checked is what verification found in one sample.
type checked struct {
	class, detail string // "" when perfect
	ttft          time.Duration
	gaps          []time.Duration
	usage         bool
}

func (sm *sample) check(p plan, stream bool) (c checked) {
	if sm.err != nil {
		c.class, c.detail = sm.class, sm.err.Error()
		return c
	}
	if !stream {
		var m struct {
			Choices []struct {
				Message struct {
					Content string `json:"content"`
				} `json:"message"`
			} `json:"choices"`
			Usage *usage `json:"usage"`
		}
		if err := json.Unmarshal(sm.raw, &m); err != nil || len(m.Choices) != 1 {
			c.class, c.detail = "bad_json", string(sm.raw[:min(len(sm.raw), 200)])
		} else if m.Choices[0].Message.Content != fullText(sm.seed, p.n) {
			c.class, c.detail = "text_mismatch", m.Choices[0].Message.Content[:min(80, len(m.Choices[0].Message.Content))]
		}
		c.usage = m.Usage != nil && m.Usage.CompletionTokens == p.n
		c.ttft = sm.at[0].Sub(sm.start)
		return c
	}
	var text strings.Builder
	var last time.Time
	events, inOrder, finish, begin := 0, true, "", 0
	for i, end := range sm.ends {
		payload := sm.raw[begin:end]
		begin = end
		var m struct {
			Choices []struct {
				Delta struct {
					Content *string `json:"content"`
				} `json:"delta"`
				FinishReason *string `json:"finish_reason"`
			} `json:"choices"`
			Usage *usage           `json:"usage"`
			Error *json.RawMessage `json:"error"`
		}
		if err := json.Unmarshal(payload, &m); err != nil {
			c.class, c.detail = "bad_json", string(payload[:min(len(payload), 200)])
			return c
		}
		if m.Error != nil {
			c.class, c.detail = "error_event", string(payload[:min(len(payload), 200)])
			return c
		}
		c.usage = c.usage || m.Usage != nil && m.Usage.CompletionTokens == p.n
		for _, ch := range m.Choices {
			if ch.FinishReason != nil {
				finish = *ch.FinishReason
			}
			if ch.Delta.Content == nil || *ch.Delta.Content == "" {
				continue
			}
			inOrder = inOrder && *ch.Delta.Content == token(sm.seed, events)
			text.WriteString(*ch.Delta.Content)
			if events == 0 {
				c.ttft = sm.at[i].Sub(sm.start)
			} else {
				c.gaps = append(c.gaps, sm.at[i].Sub(last))
			}
			last = sm.at[i]
			events++
		}
	}
	switch want := fullText(sm.seed, p.n); {
	case text.String() != want:
		c.class, c.detail = "text_mismatch", fmt.Sprintf("%d of %d bytes, %d of %d events", text.Len(), len(want), events, p.n)
	case events != p.n || !inOrder:
		c.class, c.detail = "rechunked", fmt.Sprintf("text exact, but %d events for %d", events, p.n)
	case finish != "stop":
		c.class, c.detail = "finish_reason", finish
	case !sm.done:
		c.class = "no_done"
	case sm.extra > 0:
		c.class = "after_done"
	}
	return c
}
