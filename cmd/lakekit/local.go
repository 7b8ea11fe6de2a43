package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
)

func defineLocal(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	listen := flags.String("listen", "127.0.0.1:4566", "the `address` to serve on; port 0 picks one")
	tls := flags.Bool("tls", false, "serve https too, on a second port that is picked; the certificate's authority is written to DIR/ca.pem")
	dir := flags.String("dir", defaultDir, "the lake's folder")
	mem := flags.Bool("mem", false, "use a private temporary folder and leave nothing behind")
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) > 0 {
			return usagef("%q is one argument too many", args[0])
		}
		if *mem && isSet(flags, "dir") {
			return usagef("-mem and -dir contradict each other")
		}
		if *mem {
			*dir = ""
		}
		return serve(ctx, e, *dir, *listen, *tls)
	}
}

// serve serves a lake until ctx ends, then finishes what is in flight.
func serve(ctx context.Context, e *env, dir, addr string, tls bool) (err error) {
	lake, err := openLake(dir, false, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lake.Close()) }()
	plain, err := lake.Listen(addr)
	if err != nil {
		return err
	}
	ready := []string{plain.URL()}
	if tls {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		secure, err := lake.ListenTLS(net.JoinHostPort(host, "0"))
		if err != nil {
			return err
		}
		ready = append(ready, secure.URL())
	}
	for _, url := range ready {
		if _, err := fmt.Fprintln(e.stdout, "ready", url); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}
