module tandem/benchmarks/gateway

go 1.24
