//go:build linux

package main

import (
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// storeName is the store's name where the program has to look it up.
const storeName = "store.chaos.test"

// lookup is a way in which a name server fails; empty is none.
type lookup string

const (
	noAnswer      lookup = "no answer"
	noSuchName    lookup = "no such name"
	serverFailure lookup = "server failure"
)

// names is a name server on the loopback interface that knows one address under every name.
type names struct {
	conn     net.PacketConn
	address  net.IP
	resolver string // a resolv.conf that names it

	mu    sync.Mutex
	fault lookup
	done  chan struct{}
}

// openNames starts a name server on a port that only a privileged user may have, since resolv.conf names no port.
func openNames(t *testing.T, address string) (*names, error) {
	t.Helper()
	host := loopback()
	conn, err := net.ListenPacket("udp", host+":53")
	if err != nil {
		return nil, err
	}
	n := &names{conn: conn, address: net.ParseIP(address).To4(), resolver: filepath.Join(t.TempDir(), "resolv.conf"), done: make(chan struct{})}
	if err := os.WriteFile(n.resolver, []byte("nameserver "+host+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	go n.serve()
	t.Cleanup(func() {
		_ = conn.Close()
		<-n.done
	})
	return n, nil
}

// command returns the words before a command that has it ask this name server: in a mount namespace of its own
// another file lies over /etc/resolv.conf.
func (n *names) command() []string {
	return []string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, n.resolver}
}

// nameable says why the program cannot be made to ask a name server of the test; nil if it can.
func nameable(t *testing.T) error {
	t.Helper()
	n, err := openNames(t, "127.0.0.1")
	if err != nil {
		return err
	}
	command := append(n.command(), "true")
	return exec.CommandContext(t.Context(), command[0], command[1:]...).Run()
}

func (n *names) set(f lookup) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = f
}

func (n *names) serve() {
	defer close(n.done)
	question := make([]byte, 512)
	for {
		size, from, err := n.conn.ReadFrom(question)
		if err != nil {
			return
		}
		n.mu.Lock()
		fault := n.fault
		n.mu.Unlock()
		if answer := n.answer(question[:size], fault); answer != nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

// answer returns the answer to a question (RFC 1035 §4.1); nil for none.
func (n *names) answer(question []byte, fault lookup) []byte {
	const header = 12
	end := header
	for end < len(question) && question[end] != 0 {
		end += 1 + int(question[end]) // a label
	}
	end += 1 + 4 // the root, QTYPE and QCLASS
	if fault == noAnswer || end > len(question) {
		return nil
	}
	answer := append([]byte(nil), question[:end]...)
	kind := binary.BigEndian.Uint16(question[end-4:])
	code := map[lookup]byte{noSuchName: 3, serverFailure: 2}[fault]
	copy(answer[2:], []byte{0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0}) // a response to one question
	if code == 0 && kind == 1 {
		answer[7] = 1 // one answer: the name asked for, type A, class IN, to be kept for 0 s
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, n.address...)
	}
	return answer
}
