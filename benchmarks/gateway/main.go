// Command gwbench measures what an OpenAI-compatible gateway costs: the CPU time and
// the latency that it adds between a client and a vLLM-like engine. See README.md.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{
		"upstream":   upstreamMain,
		"load":       loadMain,
		"disconnect": disconnectMain,
		"run":        runMain,
		"report":     reportMain,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		help()
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "gwbench:", err)
		os.Exit(1)
	}
}

func help() {
	fmt.Fprintln(os.Stderr, `usage: gwbench <command> [flags]      (-h after a command lists its flags)
  upstream    imitation of a vLLM server (bursts, step-synchronised streams)
  load        load client: verifies every stream, prints JSON
  disconnect  closes live streams, reports how fast the upstream saw it
  run         targets x scenarios, one JSON line a round
  report      Markdown table from rounds.jsonl`)
	os.Exit(2)
}
