package s3

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSocketIsTuned(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := serverConfig("http://" + l.Addr().String())
	c.Stall = 3 * time.Second
	conn, err := mustOpen(t, c).transport.base.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*socket).Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[int]int{unix.TCP_USER_TIMEOUT: 12000, unix.TCP_NOTSENT_LOWAT: notSent} {
		var got int
		if bad := raw.Control(func(fd uintptr) { got, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, name) }); bad != nil || err != nil {
			t.Fatal(bad, err)
		}
		if got != want {
			t.Errorf("option %d: got %d, want %d", name, got, want)
		}
	}
}
