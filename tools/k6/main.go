// k6 with one module more, k6/x/sse: it reads an answer that is streamed and says when each event came. k6's own http
// waits for the whole answer, and its "waiting" is the time to the headers. xk6 would make the same program of it.
package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"go.k6.io/k6/cmd"
	"go.k6.io/k6/js/modules"
)

func init() { modules.Register("k6/x/sse", &root{}) }

func main() { cmd.Execute() }

type root struct{}

type instance struct{ vu modules.VU }

func (*root) NewModuleInstance(vu modules.VU) modules.Instance { return &instance{vu: vu} }

func (one *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"post": one.post}}
}

var client = &http.Client{Transport: &http.Transport{
	Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4096, DisableCompression: true}}

// post sends a request and reads its event stream to the end:
// {status, error, headersMs, totalMs, done, data: [payload of each data line], atMs: [when it came]}, all times from the
// moment at which the request was sent. An answer that is no stream has its body in `body`.
func (one *instance) post(url, body string, headers map[string]string, timeoutMs int64) map[string]any {
	result := map[string]any{"status": 0, "error": "", "done": false, "headersMs": -1.0, "body": ""}
	ctx, cancel := context.WithTimeout(one.vu.Context(), time.Duration(timeoutMs)*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		result["error"] = err.Error()
		return result
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	sent := time.Now()
	since := func() float64 { return float64(time.Since(sent).Microseconds()) / 1000 }
	answer, err := client.Do(request)
	if err != nil {
		result["error"] = err.Error()
		return result
	}
	defer answer.Body.Close()
	result["status"], result["headersMs"] = answer.StatusCode, since()
	if !strings.HasPrefix(answer.Header.Get("content-type"), "text/event-stream") {
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			result["error"] = err.Error()
		}
		result["body"], result["totalMs"] = string(text), since()
		return result
	}
	data, at := []string{}, []float64{}
	lines := bufio.NewReaderSize(answer.Body, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if payload, found := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "data:"); found {
			payload = strings.TrimPrefix(payload, " ")
			if payload == "[DONE]" {
				result["done"] = true
			} else {
				data, at = append(data, payload), append(at, since())
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				result["error"] = err.Error()
			}
			break
		}
	}
	result["totalMs"], result["data"], result["atMs"] = since(), data, at
	return result
}
