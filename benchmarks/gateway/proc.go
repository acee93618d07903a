package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process accounting from Linux' /proc.

const msPerJiffy = 10 // USER_HZ is 100 on every Linux ABI Go supports

// procStat returns the parent and the CPU time of a process in milliseconds: its
// own user+system time plus that of children it has already waited for. Those
// counters are rounded down to 10 ms, so the own part is taken from the
// scheduler's nanosecond counters of the threads where that says more (it says
// less if threads have ended).
func procStat(pid int) (ppid int, cpu float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	ppid, _ = strconv.Atoi(f[1])
	var t [4]float64 // utime stime cutime cstime
	for i := range t {
		t[i], _ = strconv.ParseFloat(f[11+i], 64)
	}
	var ns float64
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, th := range threads {
		b, _ := os.ReadFile(th)
		if f := strings.Fields(string(b)); len(f) > 0 {
			v, _ := strconv.ParseFloat(f[0], 64)
			ns += v
		}
	}
	return ppid, max((t[0]+t[1])*msPerJiffy, ns/1e6) + (t[2]+t[3])*msPerJiffy, nil
}

// tree lists the live processes at or below the roots.
func tree(roots []int) []int {
	kids := map[int][]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if ppid, _, err := procStat(pid); err == nil {
			kids[ppid] = append(kids[ppid], pid)
		}
	}
	var out []int
	for todo := roots; len(todo) > 0; todo = todo[1:] {
		out = append(out, todo[0])
		todo = append(todo, kids[todo[0]]...)
	}
	return out
}

// cpuMS is the CPU time used so far by the process trees, in milliseconds.
func cpuMS(roots []int) (total float64) {
	for _, pid := range tree(roots) {
		if _, c, err := procStat(pid); err == nil {
			total += c
		}
	}
	return total
}

// cpuByName is the CPU time used so far by each process with its children, in milliseconds.
func cpuByName(processes map[string]int) map[string]float64 {
	by := map[string]float64{}
	for name, pid := range processes {
		by[name] = cpuMS([]int{pid})
	}
	return by
}

// resetPeak starts a new peak measurement (needs root).
func resetPeak(roots []int) {
	for _, pid := range tree(roots) {
		os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}

// peakMiB sums the peak resident memory over the trees since resetPeak; pages shared by forks
// count twice.
func peakMiB(roots []int) float64 { return statusMiB(roots, "VmHWM:") }

// residentMiB sums the resident memory over the trees.
func residentMiB(roots []int) float64 { return statusMiB(roots, "VmRSS:") }

func statusMiB(roots []int, field string) (mib float64) {
	for _, pid := range tree(roots) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, s, ok := strings.Cut(string(b), field); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(s)[0], 64)
			mib += kb / 1024
		}
	}
	return mib
}

// hostCPU is the busy and the whole CPU time of the machine, in milliseconds.
func hostCPU() (busy, total float64) {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	for i, s := range strings.Fields(line)[1:] {
		if i >= 8 { // guest times are part of user time
			break
		}
		v, _ := strconv.ParseFloat(s, 64)
		total += v * msPerJiffy
		if i != 3 && i != 4 { // idle, iowait
			busy += v * msPerJiffy
		}
	}
	return busy, total
}
