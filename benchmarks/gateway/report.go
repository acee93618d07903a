package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// reportMain prints one Markdown table from rounds.jsonl files.
func reportMain(args []string) error {
	fs := flag.NewFlagSet("report", flag.ExitOnError)
	var quiet calm
	fs.Float64Var(&quiet.otherCPUPct, "noisy", 25, "leave out rounds with more than this % of the CPU used by others, if calmer ones remain")
	fs.Float64Var(&quiet.stallMS, "stall", 50, "the same for rounds in which the client was kept from running for so many ms")
	fs.Parse(args)
	var rounds []*round
	for _, name := range fs.Args() {
		more, err := readRounds(name)
		if err != nil {
			return err
		}
		rounds = append(rounds, more...)
	}
	if len(rounds) == 0 {
		return fmt.Errorf("no rounds")
	}
	report(os.Stdout, rounds, quiet)
	return nil
}

func readRounds(name string) (rounds []*round, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		rd := &round{}
		if err := json.Unmarshal(lines.Bytes(), rd); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rounds = append(rounds, rd)
	}
	return rounds, lines.Err()
}

func report(w io.Writer, rounds []*round, quiet calm) {
	names := targetNames(rounds)
	fmt.Fprintf(w, "| | measured | bar | | %s |\n|---|---|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, m := range measures {
		cells := map[string]cell{}
		var shown []string
		for _, name := range names {
			c, ok := m.take(rounds, name, quiet)
			if ok {
				cells[name] = c
			}
			shown = append(shown, m.show(c, ok))
		}
		if len(cells) > 0 {
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", m.scenario, m.label, m.bar, m.verdict(cells), strings.Join(shown, " | "))
		}
	}
	for _, c := range counts {
		c.print(w, rounds, names)
	}
	fmt.Fprintln(w)
	for _, name := range names {
		rd := rounds[slices.IndexFunc(rounds, func(r *round) bool { return r.Target == name })]
		fmt.Fprintf(w, "- %s: %s; %s\n", name, strings.ReplaceAll(rd.Version, "\n", " "), rd.Note)
	}
	for _, rd := range rounds {
		if rd.Error != "" {
			fmt.Fprintf(w, "- failed round: %s\n", rd.line())
		} else if rd.Load != nil && len(rd.Load.Failures) > 0 {
			fmt.Fprintf(w, "- failures in %s #%d of %s: %v %q\n", rd.Scenario, rd.Round, rd.Target, rd.Load.Failures, rd.Load.Examples)
		}
	}
}

// targetNames has the subject first, the baseline second, then the others in the order of their first round.
func targetNames(rounds []*round) (names []string) {
	for _, rd := range rounds {
		if !slices.Contains(names, rd.Target) {
			names = append(names, rd.Target)
		}
	}
	rank := func(name string) int {
		if i := slices.Index([]string{subject, baseline}, name); i >= 0 {
			return i
		}
		return 2
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

// show is the median and, for several rounds, the range.
func (m measure) show(c cell, ok bool) string {
	if !ok {
		return "–"
	}
	s := fmt.Sprintf(m.format, c.median)
	if c.rounds > 1 {
		s += fmt.Sprintf(" ("+m.format+"–"+m.format+")", c.low, c.high)
	}
	if c.noisy {
		s += " ⚠"
	}
	return s
}

// verdict compares the subject's median with the bar.
func (m measure) verdict(cells map[string]cell) string {
	own, measured := cells[subject]
	if m.bar.max == 0 || !measured {
		return ""
	}
	if !m.bar.ratio {
		return passOrMiss(own.median <= m.bar.max)
	}
	base, ok := cells[baseline]
	if !ok {
		return "no " + baseline
	}
	ratio := own.median / base.median
	return fmt.Sprintf("%.2f × %s", ratio, passOrMiss(ratio <= m.bar.max))
}

func (c counted) print(w io.Writer, rounds []*round, names []string) {
	var shown, seen []string
	verdict := ""
	for _, name := range names {
		good, all := 0, 0
		for _, rd := range rounds {
			if rd.Target == name && slices.Contains(c.scenarios, rd.Scenario) {
				g, a := c.count(rd)
				good, all = good+g, all+a
				if !slices.Contains(seen, rd.Scenario) {
					seen = append(seen, rd.Scenario)
				}
			}
		}
		if name == subject && all > 0 {
			verdict = passOrMiss(good == all)
		}
		if all == 0 {
			shown = append(shown, "–")
		} else {
			shown = append(shown, fmt.Sprintf("%d of %d", good, all))
		}
	}
	if len(seen) > 0 {
		slices.Sort(seen)
		fmt.Fprintf(w, "| %s | %s | all | %s | %s |\n", strings.Join(seen, ", "), c.label, verdict, strings.Join(shown, " | "))
	}
}

func passOrMiss(pass bool) string {
	if pass {
		return "pass"
	}
	return "**miss**"
}
