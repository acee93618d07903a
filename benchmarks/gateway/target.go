package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// target is one gateway in the targets file: started by us (Cmd), or running already
// (Processes). It must send /v1/chat/completions on to the upstream, keep the model
// name and pass the last user message.
type target struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Note      string            `json:"note"` // settings worth knowing when reading its numbers
	Cmd       []string          `json:"cmd"`
	Env       []string          `json:"env"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Processes map[string]int    `json:"processes"` // pids by name: these are measured
	Rest      map[string]int    `json:"rest"`      // more of the same system, counted apart
	Scale     float64           `json:"scale"`     // multiplies the requests of S1, S4 and S5 for a slow target

	exited chan struct{} // closed when Cmd has ended
}

const (
	readyTimeout = 90 * time.Second
	stopTimeout  = 5 * time.Second
)

func readTargets(file string) (targets []*target, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &targets); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return targets, nil
}

func pidsOf(processes map[string]int) (pids []int) {
	for _, pid := range processes {
		pids = append(pids, pid)
	}
	return pids
}

// start launches the target in a process group of its own, with its output in logDir.
func (t *target) start(logDir string) error {
	if len(t.Cmd) == 0 {
		return nil
	}
	log, err := os.Create(filepath.Join(logDir, t.Name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(t.Cmd[0], t.Cmd[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), t.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.Processes = map[string]int{t.Name: cmd.Process.Pid}
	t.exited = make(chan struct{})
	go func() { cmd.Wait(); close(t.exited) }()
	return nil
}

// stop ends a target that we started, with all of its process group.
func (t *target) stop() {
	if t.exited == nil {
		return
	}
	group := -t.Processes[t.Name]
	syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-t.exited:
	case <-time.After(stopTimeout):
	}
	syscall.Kill(group, syscall.SIGKILL)
	<-t.exited
}

// gone names a measured process that does not live any more, or "".
func (t *target) gone() string {
	for name, pid := range t.Processes {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			return fmt.Sprintf("%s (pid %d)", name, pid)
		}
	}
	return ""
}

// warmUp waits until one request passes through the target, then sends some of each
// sort: just-in-time compilers, pools and caches want them.
func (t *target) warmUp(streams int) error {
	probe := loadSpec{URL: t.URL, Headers: t.Headers, Model: probeModel, C: 1, Total: 1, Stream: true, Timeout: 5 * time.Second}
	for t0 := time.Now(); ; time.Sleep(250 * time.Millisecond) {
		res, err := runLoad(probe)
		if err == nil && res.OK == 1 {
			break
		}
		if name := t.gone(); name != "" {
			return fmt.Errorf("%s exited while starting", name)
		}
		if time.Since(t0) > readyTimeout {
			return fmt.Errorf("not ready in %s: %v %+v", readyTimeout, err, res)
		}
	}
	for _, w := range []loadSpec{
		{Model: burstWarmupModel, C: 20, Total: streams, Stream: true},
		{Model: pacedWarmupModel, C: 50, Total: streams / 5, Stream: true},
		{Model: burstWarmupModel, C: 20, Total: streams},
	} {
		w.URL, w.Headers, w.Timeout = t.URL, t.Headers, time.Minute
		if _, err := runLoad(w); err != nil {
			return err
		}
	}
	return nil
}
