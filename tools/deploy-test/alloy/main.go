// Alloy's own runtime and code with the components of config.alloy alone, since all of it takes longer to build than a check
// is worth. get-tools.sh builds it inside Alloy's sources: they are internal packages.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/grafana/alloy/internal/component/local/file_match"
	_ "github.com/grafana/alloy/internal/component/loki/process"
	_ "github.com/grafana/alloy/internal/component/loki/source/file"
	_ "github.com/grafana/alloy/internal/component/loki/write"
	"github.com/grafana/alloy/internal/featuregate"
	"github.com/grafana/alloy/internal/runtime"
	"github.com/grafana/alloy/internal/runtime/logging"
	"github.com/grafana/alloy/internal/service"
	"github.com/grafana/alloy/internal/service/livedebugging"
	"github.com/prometheus/client_golang/prometheus"
)

// alloy-logs CONFIG DATA_FOLDER
func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	source, err := runtime.ParseSource(os.Args[1], text)
	must(err)
	logger, err := logging.New(os.Stderr, logging.DefaultOptions)
	must(err)
	alloy, err := runtime.New(runtime.Options{
		Logger:       logger,
		DataPath:     os.Args[2],
		Reg:          prometheus.NewRegistry(),
		MinStability: featuregate.StabilityGenerallyAvailable,
		Services:     []service.Service{livedebugging.New()},
	})
	must(err)
	must(alloy.LoadSource(source, nil, os.Args[1]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	alloy.Run(ctx)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
