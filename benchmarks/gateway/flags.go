package main

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"time"
)

type headerFlag map[string]string

func (h headerFlag) String() string { return "" }
func (h headerFlag) Set(s string) error {
	k, v, ok := strings.Cut(s, ":")
	if !ok {
		return errors.New("want 'Name: value'")
	}
	h[strings.TrimSpace(k)] = strings.TrimSpace(v)
	return nil
}

func loadFlags(name string, args []string, more func(*flag.FlagSet)) loadSpec {
	fs := flag.NewFlagSet(name, flag.ExitOnError)
	s := loadSpec{Headers: headerFlag{}}
	fs.StringVar(&s.URL, "url", "http://127.0.0.1:18200/v1/chat/completions", "full URL of the endpoint")
	fs.StringVar(&s.Model, "model", "burst-62", "burst-<tokens> or paced-<tick>-<tokens>, after an optional prefix/")
	fs.Var(headerFlag(s.Headers), "H", "header 'Name: value' (repeatable)")
	fs.IntVar(&s.C, "c", 20, "concurrency")
	fs.IntVar(&s.Total, "n", 200, "total requests")
	fs.BoolVar(&s.Stream, "stream", true, "stream")
	fs.DurationVar(&s.Ramp, "ramp", 0, "spread the first c starts over this")
	fs.DurationVar(&s.Timeout, "timeout", 120*time.Second, "per request")
	if more != nil {
		more(fs)
	}
	fs.Parse(args)
	return s
}

func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func loadMain(args []string) error {
	r, err := runLoad(loadFlags("load", args, nil))
	if err != nil {
		return err
	}
	return printJSON(r)
}

func disconnectMain(args []string) error {
	stats := ""
	s := loadFlags("disconnect", args, func(fs *flag.FlagSet) {
		fs.StringVar(&stats, "stats", "http://127.0.0.1:18200/stats", "upstream stats URL")
		fs.Lookup("model").DefValue = "paced-25ms-800"
		fs.Set("model", "paced-25ms-800")
		fs.Set("n", "20")
	})
	r, err := runDisconnect(s, s.Total, stats)
	if err != nil {
		return err
	}
	return printJSON(r)
}
