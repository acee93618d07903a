package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

type runOptions struct {
	rounds, warmup int
	quietPct       float64
	quietWait      time.Duration
	out            string
}

// runMain measures targets x scenarios. All targets run all the time and take turns
// round by round, so that a change of the machine's mood meets them alike.
func runMain(args []string) error {
	fs := flag.NewFlagSet("run", flag.ExitOnError)
	cfg := fs.String("config", "targets.json", "targets file")
	which := fs.String("scenarios", "S1,S2,S3,S4,S5,S6", "comma-separated")
	var o runOptions
	fs.IntVar(&o.rounds, "rounds", 0, "override the rounds of every scenario but S7")
	fs.IntVar(&o.warmup, "warmup", 5000, "streams through every target before measuring, as many whole answers, a fifth of them paced")
	fs.StringVar(&o.out, "out", "raw", "folder for rounds.jsonl and the targets' output")
	fs.Float64Var(&o.quietPct, "quiet", 25, "before each round wait until others use less than this % of the CPU")
	fs.DurationVar(&o.quietWait, "quiet-wait", 30*time.Second, "but no longer than this")
	var b bench
	fs.StringVar(&b.upstream, "upstream", "127.0.0.1:18200", "address of a running gwbench upstream")
	fs.IntVar(&b.upstreamPID, "upstream-pid", 0, "its pid")
	fs.Parse(args)
	if b.upstreamPID == 0 {
		return fmt.Errorf("-upstream-pid is missing")
	}
	targets, err := readTargets(*cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	stopOnSignal(targets)
	defer stopAll(targets)
	running := slices.DeleteFunc(slices.Clone(targets), func(t *target) bool {
		log.Printf("%s: starting", t.Name)
		err := t.start(o.out)
		if err == nil {
			err = t.warmUp(o.warmup)
		}
		if err != nil {
			t.stop()
			log.Printf("%s: FAILED: %v", t.Name, err)
		}
		return err != nil
	})
	return b.rounds(running, strings.Split(*which, ","), o)
}

func (b *bench) rounds(targets []*target, names []string, o runOptions) error {
	for _, sc := range scenarios {
		if !slices.Contains(names, sc.Name) {
			continue
		}
		if o.rounds > 0 && sc.Kind != memoryKind {
			sc.Rounds = o.rounds
		}
		for n := 1; n <= sc.Rounds; n++ {
			for _, t := range targets {
				b.quiet(t, o.quietPct, o.quietWait)
				rd := b.run(t, sc, n)
				log.Print(rd.line())
				if err := save(rd, o.out); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func stopAll(targets []*target) {
	for _, t := range targets {
		t.stop()
	}
}

func stopOnSignal(targets []*target) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		stopAll(targets)
		os.Exit(130)
	}()
}

// save appends the round to <out>/rounds.jsonl.
func save(rd *round, out string) error {
	f, err := os.OpenFile(filepath.Join(out, "rounds.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	return e.Encode(rd)
}
