package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == bareCommand {
		err = runBare(ctx, os.Args[2:], os.Stdin)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	load     load
	duration time.Duration
	delays   []time.Duration
	tools    []string
	rounds   int
	markdown string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.DurationVar(&o.duration, "duration", 15*time.Second, "length of the streams in each run")
	f.IntVar(&o.load.streams, "streams", 4, "streams at the same time")
	f.IntVar(&o.load.size, "size", 1<<20, "bytes of a segment")
	f.DurationVar(&o.load.period, "period", 500*time.Millisecond, "time between two segments of a stream")
	f.IntVar(&o.load.window, "window", 5, "segments that a playlist names")
	f.IntVar(&o.rounds, "rounds", 2, "runs of each tool, by turns, that make one row")
	f.StringVar(&o.markdown, "markdown", "", "also write the table as a page to this `file`")
	delays := f.String("delays", "0s,20ms", "latencies added to every PUT")
	tools := f.String("tools", "bare,hlsship,mc", "what to measure")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for _, text := range strings.Split(*delays, ",") {
		d, err := time.ParseDuration(text)
		if err != nil {
			return o, fmt.Errorf("delays: %w", err)
		}
		o.delays = append(o.delays, d)
	}
	o.tools = strings.Split(*tools, ",")
	for _, name := range o.tools {
		if !slices.Contains([]string{"bare", "hlsship", "mc"}, name) {
			return o, fmt.Errorf("tools: no tool %q", name)
		}
	}
	if f.NArg() > 0 || o.load.streams < 1 || o.load.size < len(stamp(0, 0)) || o.load.window < 1 || o.rounds < 1 ||
		o.load.period <= 0 || o.duration < o.load.period {
		return o, errors.New("the flags make no load: see -help")
	}
	return o, nil
}

// run measures what the arguments ask for and prints the table.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	room, err := os.MkdirTemp("", "hlsship-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(room) }()
	b := &bench{options: o, room: room, progress: stderr}
	if err := b.equip(ctx); err != nil {
		return err
	}
	store := filepath.Join(room, "store")
	if err := os.Mkdir(store, 0o755); err != nil {
		return err
	}
	g, stop, err := storetest.StartGateway(ctx, store)
	if err != nil {
		return err
	}
	defer stop()
	b.gateway = g
	rows, err := b.rows(ctx)
	if err != nil {
		return err
	}
	text := report(o, args, rows)
	if o.markdown != "" {
		if err := os.WriteFile(o.markdown, []byte(page+text), 0o644); err != nil {
			return err
		}
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// mcModule is the MinIO client, built by the toolchain at one version.
const mcModule = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"

// bench has all that the runs share.
type bench struct {
	options
	room     string // a temporary folder
	progress io.Writer
	// Paths of the binaries.
	hlsship, mc string
	gateway     *storetest.GatewayServer // without a bucket
	runs        int
}

// equip builds and finds the binaries that the tools are.
func (b *bench) equip(ctx context.Context) error {
	root, err := storetest.ModuleRoot()
	if err != nil {
		return err
	}
	if slices.Contains(b.tools, "mc") {
		if b.mc, err = storetest.Tool(ctx, "mc", mcModule); err != nil {
			return err
		}
	}
	if !slices.Contains(b.tools, "hlsship") {
		return nil
	}
	b.hlsship = filepath.Join(b.room, "hlsship")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.hlsship, "./cmd/hlsship")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build hlsship: %w: %s", err, out)
	}
	return nil
}

// rows measures each tool under each latency.
func (b *bench) rows(ctx context.Context) ([]*row, error) {
	var all []*row
	for _, delay := range b.delays {
		first := len(all)
		for _, name := range b.tools {
			all = append(all, &row{delay: delay, tool: name})
		}
		turns := slices.Clone(all[first:])
		for range b.rounds {
			for _, r := range turns {
				_, _ = fmt.Fprintf(b.progress, "%s, %s added: %s\n", r.tool, r.delay, b.duration)
				if err := b.measure(ctx, r); err != nil {
					return nil, fmt.Errorf("%s with %s added: %w", r.tool, r.delay, err)
				}
			}
			slices.Reverse(turns) // nobody is always the first
		}
	}
	return all, nil
}
